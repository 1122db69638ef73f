"""Features of customers as of some days, and what happened next.

Order lines are reduced to orders once (`patrons.features.stages`), and orders to customers on each of the days by the
expressions of `patrons.features.catalogue`. `as_of` is exclusive: nothing at or after it is seen.
"""

import difflib
import re
from collections.abc import Iterator, Sequence
from datetime import date, timedelta

import ibis
import ibis.selectors as s
import pandas as pd
from ibis import Deferred, Table, _

from patrons.engine import as_table
from patrons.errors import FeaturesError
from patrons.features.cancelled import VERSION, unmatched, versions
from patrons.features.catalogue import CUSTOMER, ORDERS, RETURNS, WINDOWS, Feature, declare
from patrons.features.outcomes import outcomes
from patrons.features.stages import Keep, keep_of, orders_of, returns_of
from patrons.features.terms import Term

KEYS = ("customer_id", "as_of")
OUTCOME, KNOWN = "churned", "known_on"
CAME = "ordered_within"
RFM = ("recency_days", "frequency", "monetary")
LIFETIME = "lifetime"  # a group that is fitted, not expressed: see `patrons.btyd.lifetime`
TERM = re.compile(r"\s*(\w+)\s*([*/])\s*(\w+)\s*")


def declared(
    windows: Sequence[int] = WINDOWS,
    leave_out: Sequence[str] = (),
    interactions: Sequence[str] = (),
    peak_months: Sequence[int] = (),
) -> list[Feature]:
    """Every feature: those of `catalogue.declare` without the groups left out, and the interactions."""
    everything = declare(windows)
    if "rfm" in leave_out:
        raise FeaturesError("The group 'rfm' cannot be left out: segments and baselines need it.")
    if any(days < 1 for days in windows):
        raise FeaturesError(f"A window is at least 1 day long, not {min(windows)}.")
    _refuse_unknown(leave_out, {LIFETIME, *(feature.group for feature in everything)}, "group of features")
    chosen = declare(windows, leave_out, peak_months)
    return chosen + [_interaction(term, [feature.name for feature in chosen]) for term in interactions]


def _interaction(term: str, names: Sequence[str]) -> Feature:
    parts = TERM.fullmatch(term)
    if not parts:
        raise FeaturesError(f"The interaction {term!r} is neither 'a * b' nor 'a / b' of two features.")
    left, sign, right = parts.groups()
    _refuse_unknown([left, right], names, "feature")
    made = Term(left, sign, right)  # named and described as those of a customer table
    if sign == "*":
        unit, expression = "product", _[left].cast("float64") * _[right]
    else:
        unit, expression = "ratio", _[left] / _[right].nullif(0)
    return Feature(made.name, "interactions", unit, made.meaning, expression, CUSTOMER)


def _refuse_unknown(names: Sequence[str], known: Sequence[str] | set[str], what: str) -> None:
    for name in names:
        if name not in known:
            near = difflib.get_close_matches(name, known, 1)
            hint = f" did you mean {near[0]!r}?" if near else f" there are {', '.join(sorted(known))}."
            raise FeaturesError(f"There is no {what} {name!r};{hint}")


def build(
    lines: Table,
    as_of: Sequence[date],
    horizon_days: int | None = None,
    windows: Sequence[int] = WINDOWS,
    returns: Table | pd.DataFrame | None = None,
    leave_out: Sequence[str] = (),
    interactions: Sequence[str] = (),
    peak_months: Sequence[int] = (),
    keep: Keep | None = None,
    cancelled: Table | pd.DataFrame | None = None,
) -> Table:
    """Features of every customer who ordered before each day of `as_of`; the lines are read once for all days.

    Parameters
    ----------
    lines : Table
        Clean order lines (see `patrons.intake.orders`).
    as_of : sequence of date
        Days on which customers are described; what happens on or after such a day is not seen.
    horizon_days : int, optional
        With it, each row also says what happened in so many days from `as_of` on.
    windows : sequence of int
        Lengths of the windows, days.
    returns : Table or DataFrame, optional
        Lines of cancellations, with the columns of `lines`; without them nobody has returned anything.
    leave_out : sequence of str
        Groups of features that are not computed.
    interactions : sequence of str
        Products and quotients of two features, such as ``"recency_days * order_value"``.
    peak_months : sequence of int
        Months of the peak season, 1 to 12, for `peak_share`; without any there is no such column.
    keep : Keep, optional
        How stages are held (see `patrons.features.stages`); by default as the engine of the lines does it.
    cancelled : Table or DataFrame, optional
        What cancellations take back of which line (see `patrons.intake.cancellations`): on each day the lines are less
        what was cancelled before it, and who has no order left is not described. Without it nothing is taken off.

    Returns
    -------
    Table
        `customer_id`, `as_of` and one column a feature of `declared`. With a horizon also `churned`: 1 where no order
        followed within the horizon (see `patrons.features.outcomes`), else 0; and `known_on`: the first day on which
        that was known.
    """
    chosen, keep = declared(windows, leave_out, interactions, peak_months), keep or keep_of(lines)
    by = {kind: {f.name: f.expression for f in chosen if f.over == kind} for kind in (ORDERS, RETURNS, CUSTOMER)}
    dates = {"as_of": pd.to_datetime(list(as_of)), "number": range(1, len(as_of) + 1)}
    days, off = ibis.memtable(pd.DataFrame(dates)), as_table(cancelled)
    totals = by[ORDERS] if horizon_days is None or off is not None else by[ORDERS] | {CAME: _came_within(horizon_days)}
    parts = (seen.group_by(*KEYS).agg(**totals) for seen in _seen_orders(lines, days, off, keep))
    table = _together(parts, keep)
    if by[RETURNS]:
        returned = _seen(_returned(as_table(returns), lines, off), days).group_by(*KEYS).agg(**by[RETURNS])
        none = {f.name: _[f.name].fill_null(f.without) for f in chosen if f.over == RETURNS and f.without is not None}
        table = table.left_join(returned, list(KEYS)).drop(s.endswith("_right")).mutate(**none)
    table = table.mutate(**by[CUSTOMER]).mutate(s.across(s.of_type("float64"), _.round(6)))
    described = table.select(*KEYS, *(feature.name for feature in chosen), *{CAME} & set(totals))
    return described if horizon_days is None else _followed(described, lines, days, horizon_days, off)


def _together(parts: Iterator[Table], keep: Keep) -> Table:
    """One table of parts; where there are several, each is worked out when the next one is begun."""
    first, second = next(parts), next(parts, None)
    return first if second is None else ibis.union(keep(first), keep(second), *map(keep, parts))


def _came_within(horizon_days: int) -> Deferred:
    """Whether the order after the last before a day is within the horizon; nothing is cancelled, so every order counts.

    What `outcomes` says of this, without a second look at the lines.
    """
    end = _.as_of + ibis.interval(days=horizon_days)
    return (_.latest & (_.next_date < end.date())).fill_null(False).any()


def _followed(described: Table, lines: Table, days: Table, horizon_days: int, cancelled: Table | None) -> Table:
    """The features with `churned` and `known_on`."""
    if CAME not in described.columns:
        came = outcomes(lines, days, horizon_days, cancelled).select(*KEYS, **{CAME: _.ordered > 0})
        described = described.left_join(came, list(KEYS)).drop(s.endswith("_right"))
    known = _.as_of + ibis.interval(days=horizon_days)
    followed = described.mutate(**{OUTCOME: ibis.ifelse(_[CAME].fill_null(False), 0, 1), KNOWN: known})
    return followed.drop(CAME)


def _seen_orders(lines: Table, days: Table, cancelled: Table | None, keep: Keep) -> Iterator[Table]:
    """Each order of some customers on each day after it, net of what was cancelled before the day.

    `latest`: the last before it.
    """
    version = None if cancelled is None else versions(lines, cancelled, days)
    for orders in orders_of(lines if version is None else version.lines, keep):
        seen = _seen(orders, days)
        if version is not None:
            seen = seen.filter((_[VERSION] == 0) | (_[VERSION] == _.number))
            other = version.own.mutate(**{VERSION: ibis.literal(0, "int64")})
            seen = seen.anti_join(other, ["customer_id", "number", VERSION])
        yield seen.mutate(latest=_.next_date.isnull() | (_.next_date >= _.as_of.date()))


def _seen(events: Table, days: Table) -> Table:
    """Each event on each day that lies after it."""
    seen = events.join(days, events.ordered_at < days.as_of)
    return seen.mutate(days_ago=seen.as_of.date().delta(seen.date, unit="day"))


def _returned(returns: Table | None, lines: Table, cancelled: Table | None) -> Table:
    if returns is None:
        return returns_of(unmatched(lines.filter(ibis.literal(False)), None))
    return returns_of(unmatched(returns, cancelled))


def day_after(lines: Table) -> date:
    """The day after the last order: the `as_of` from which the whole log is seen."""
    return lines.ordered_at.max().execute().date() + timedelta(days=1)


def snapshot_days(first: date, end: date, horizon_days: int, snapshot_days: int, min_history_days: int) -> list[date]:
    """Earlier days to describe customers on, oldest first, whose following `horizon_days` are all known.

    The last is `end` minus the horizon (the test of a forecast), the others every `snapshot_days` before it, as long as
    `min_history_days` of log lie before.

    Examples
    --------
    >>> [str(day) for day in snapshot_days(date(2024, 1, 1), date(2024, 7, 1), 90, 30, 40)]
    ['2024-03-03', '2024-04-02']
    """
    last, step = end - timedelta(days=horizon_days), timedelta(days=snapshot_days)
    earliest = first + timedelta(days=min_history_days)
    if last < earliest:
        raise FeaturesError(
            f"The log covers {(end - first).days} days, but a forecast of {horizon_days} days after {min_history_days} "
            f"days of history needs {horizon_days + min_history_days}. Lower horizon_days or min_history_days."
        )
    return [last - n * step for n in range((last - earliest) // step, -1, -1)]


def feature_names(table: pd.DataFrame, leave_out: Sequence[str] = ()) -> list[str]:
    """Columns of a feature table that a model may use: neither keys nor outcome nor what is left out."""
    return [name for name in map(str, table) if name not in {*KEYS, OUTCOME, KNOWN, *leave_out}]
