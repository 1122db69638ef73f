"""The days that a forecast is about, and whether they are over."""

from collections.abc import Iterable, Mapping
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple

from patrons.digits import spoken

OLD = 0.25  # of the shortest horizon: where more of it has passed before a page is made, the page says so first


class Span(NamedTuple):
    """So many days after the end of a log: the first and the last of them."""

    first: date
    last: date

    def __str__(self) -> str:
        return f"between {spoken(self.first)} and {spoken(self.last)}"


def newest(data: Mapping[str, Any]) -> date | None:
    """The day of the newest order, by ``dataset.json``; None of a customer table."""
    period = data.get("period") or ()
    try:
        return datetime.fromisoformat(str(period[-1])).date() if period else None
    except ValueError:
        return None


def ahead(data: Mapping[str, Any], days: int | None) -> Span | None:
    """The days that a forecast of so many days is about: they begin on the day after the newest order."""
    end = newest(data)
    return Span(end + timedelta(days=1), end + timedelta(days=days)) if end and days else None


def by(span: Span | None) -> str:
    """The last of its days, as in "order by 23 March 2026"; empty of none."""
    return spoken(span.last) if span else ""


def before(span: Span) -> Span:
    """As many days before."""
    length = span.last - span.first
    last = span.first - timedelta(days=1)
    return Span(last - length, last)


def age(data: Mapping[str, Any], made: str, horizons: Iterable[int | None]) -> str:
    """That the newest order is old, beside the shortest horizon; empty where it is not, or nothing is forecast.

    Parameters
    ----------
    data : mapping
        ``dataset.json`` of 01.
    made : str
        When the series ran, as its record has it.
    horizons : iterable of int or None
        How far ahead forecasts look, days.

    Returns
    -------
    str
        Sentences for the top of a page. Simulated data do not age: what is said of them is that time stands still.
    """
    span = ahead(data, min(filter(None, horizons), default=None))
    if span is None or not made:
        return ""
    passed, length = (datetime.fromisoformat(made).date() - span.first).days + 1, (span.last - span.first).days + 1
    if passed <= OLD * length:
        return ""
    end = spoken(newest(data) or span.first)
    if data.get("simulated"):
        return f"Time stands still in this shop: its newest order is from {end}, and forecasts begin then."
    over = (
        f"The forecast of who will order ended on {spoken(span.last)}."
        if passed >= length
        else f"Of the {length} days that are forecast, {passed} are over."
    )
    return (
        f"The newest order is from {end}, {passed:,} days before this page was made. {over} Run it with newer orders."
    )
