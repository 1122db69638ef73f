"""Whether the day, the month or the year comes first in numeric dates, decided from all of them."""

import re
from collections import Counter
from collections.abc import Mapping

from patrons.errors import SourceError
from patrons.intake.months import CENTURY

ODD = 0.01  # share of settling rows that may speak for another order; they are set aside
MONTHS = 12
LONGEST = 25  # years that a log with two-digit years spans at most
NUMERIC = re.compile(r"(\d{1,2})([/.\- ])(\d{1,2})\2(\d{4}|\d{2})")
ORDERS = {"day first": "%d{0}%m{0}{1}", "month first": "%m{0}%d{0}{1}", "year first": "{1}{0}%m{0}%d"}


class DatesError(SourceError):
    """Dates whose meaning cannot be decided; the message asks for `date_format` and shows examples.

    Parameters
    ----------
    message : str
    choices : dict, optional
        Formats among which the user has to decide, each with its meaning.
    """

    def __init__(self, message: str, choices: Mapping[str, str] | None = None) -> None:
        super().__init__(message)
        self.choices = dict(choices or {})


def formats(days: Mapping[str, int], name: str) -> tuple[list[str], str]:
    """The formats of numeric days of one mark, and what decided them.

    Parameters
    ----------
    days : dict
        Day as written to how many rows have it.
    name : str
        Of the column, for the error.
    """
    mark = _split(next(iter(days)))[1]
    split = {day: _split(day) for day in days}
    parts = {day: (int(first), int(second), int(third)) for day, (first, _, second, third) in split.items()}
    short = {day: len(third) == 2 for day, (_, _, _, third) in split.items()}
    order, why = settle(parts, days, all(short.values()), name)
    years = ["%y"] * any(short.values()) + ["%Y"] * (not all(short.values()))  # %Y would take 24 for the year 24
    return [ORDERS[order].format(mark, year) for year in years], f"{order}, {why}"


def _split(day: str) -> tuple[str, str, str, str]:
    """The first part of a numeric date, the mark, the second and the third part."""
    [(first, mark, second, third)] = NUMERIC.findall(day)
    return first, mark, second, third


def settle(
    parts: Mapping[str, tuple[int, int, int]], rows: Mapping[str, int], short: bool, name: str = "the date"
) -> tuple[str, str]:
    """Which order the parts of numeric dates have, and the row that settles it.

    Parameters
    ----------
    parts : dict
        Day as written to its three numbers.
    rows : dict
        Day as written to how many rows have it.
    short : bool
        Whether every year has two digits: then the year may come first too, unless the first number has so many
        values that it must be the day. Days that span more years than any log does settle it as well.
    name : str
        Of the column, for the error.
    """
    orders = _orders(parts, rows, short)
    valid = {order: {day for day, numbers in parts.items() if _possible(numbers, order)} for order in orders}
    dates = [day for day in parts if any(day in days for days in valid.values())]
    settling = {order: sum(rows[day] for day in _only(valid, order)) for order in orders}
    best = max(orders, key=lambda order: settling[order])
    against = sum(settling.values()) - settling[best]
    if len(orders) > 1 and dates and all(parts[day][0] == parts[day][1] for day in dates) and not short:
        return "day first", "which says the same as month first"
    if len(orders) > 1 and not settling[best]:
        raise _ask(name, list(dates or parts), orders, "no row settles which")
    if against > ODD * sum(settling.values()):
        both = [min(_only(valid, order)) for order in orders if settling[order]]
        raise _ask(name, both, orders, "rows contradict each other")
    aside = f"; {against:,} rows say otherwise and are set aside" if against else ""
    return best, f"settled by {min(_only(valid, best) or valid[best], default='')}{aside}"


def _orders(parts: Mapping[str, tuple[int, int, int]], rows: Mapping[str, int], short: bool) -> list[str]:
    """The orders that the parts of numeric dates may have, whatever day it is today."""
    if not short:
        return ["day first", "month first"]
    firsts, lasts = len({first for first, _, _ in parts.values()}), len({last for _, _, last in parts.values()})
    padded = all(len(part) == 2 for day in parts for part in re.findall(r"\d+", day))
    orders = ["day first", "month first"] * (not firsts < lasts > MONTHS)
    orders += ["year first"] * (not lasts < firsts > MONTHS and (padded or firsts < lasts))
    within = [order for order in orders if _span(parts, rows, order) <= LONGEST]
    return within or orders


def _span(parts: Mapping[str, tuple[int, int, int]], rows: Mapping[str, int], order: str) -> int:
    """Years from the first to the last that more than a few rows have."""
    years: Counter[int] = Counter()
    for day, numbers in parts.items():
        if _possible(numbers, order):
            year = numbers[0 if order == "year first" else 2]
            years[year + (1900 if year >= CENTURY else 2000)] += rows[day]
    held = [year for year, count in years.items() if count > ODD * years.total()]
    return max(held, default=0) - min(held, default=0)


def _possible(numbers: tuple[int, int, int], order: str) -> bool:
    first, second, third = numbers
    day, month = {"day first": (first, second), "month first": (second, first), "year first": (third, second)}[order]
    return 1 <= day <= 31 and 1 <= month <= MONTHS


def _only(valid: Mapping[str, set[str]], order: str) -> set[str]:
    """The days that are dates in this order alone."""
    return valid[order].difference(*(days for other, days in valid.items() if other != order))


def _ask(name: str, examples: list[str], orders: list[str], why: str) -> DatesError:
    _, mark, _, third = _split(examples[0])
    year = "%y" if len(third) == 2 else "%Y"
    shown = sorted(examples, key=lambda day: _split(day)[0] == _split(day)[2])[:3]  # 05/05/2024 shows nothing
    choices = {ORDERS[order].format(mark, year): order for order in orders}
    ways = " or ".join(f'"{written}" ({order})' for written, order in choices.items())
    return DatesError(
        f"The dates in {name} can be read in {len(orders)} ways and {why}, such as {', '.join(shown)}. "
        f"Say which it is in `date_format` of 01_eda: {ways}.",
        choices,
    )
