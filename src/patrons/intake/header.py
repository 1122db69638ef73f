"""Where a table begins and ends on a sheet or in a text file: what stands above its names, and totals below it."""

import re
from collections.abc import Sequence
from datetime import date, datetime, time
from typing import Any

LOOK = 30  # lines from the first in which the names are looked for
TOTAL = re.compile(
    r"(grand |sub ?)?total(s|e|en|i|es)?( general)?|sum|summen?|(gesamt|end|zwischen)(summe|betrag)?|insgesamt|"
    r"totaal|somme|somma|suma|soma|(number of )?(rows|records)|anzahl|\d+ (rows|records|orders)( exported)?",
    re.IGNORECASE,
)
Row = Sequence[Any]


def filled(row: Row) -> int:
    """How many cells of a row hold something."""
    return sum(cell is not None and str(cell).strip() != "" for cell in row)


def is_value(name: str) -> bool:
    """Whether what should be a name is a number or a date."""
    return bool(re.fullmatch(r"[-+]?[\d.,:/ T-]*\d[\d.,:/ T-]*", name.strip()))


def has_values(row: Row) -> bool:
    """Whether a row has a number or a date in it, as a line of names has not."""
    return any(isinstance(cell, int | float | date | datetime | time) or is_value(str(cell or "")) for cell in row)


def names_at(rows: Sequence[Row]) -> int:
    """The place of the line of names.

    It is the first that is at least half as full as the fullest. Right below it a fuller one without values is taken
    instead where there are values further down: the first then holds merged cells, names of groups of columns. A line
    that is passed over has a single cell, or there are values below, so that no row of data is taken for names.
    """
    fullest = max(map(filled, rows), default=0)
    start = next((n for n, row in enumerate(rows[:LOOK]) if filled(row) >= max(1, fullest / 2)), len(rows))
    after = start + 1
    if after < len(rows) and filled(rows[after]) > filled(rows[start]) and _names_above_values(rows, after):
        start = after
    passed = rows[:start]
    values = start < len(rows) and all(is_value(str(cell)) for cell in rows[start] if filled([cell]))
    sure = (
        start < len(rows)
        and not values
        and (all(filled(row) <= 1 for row in passed) or _names_above_values(rows, start))
    )
    return start if sure else 0


def _names_above_values(rows: Sequence[Row], place: int) -> bool:
    return place < len(rows) and not has_values(rows[place]) and any(has_values(row) for row in rows[place + 1 :])


def is_total(row: Row) -> bool:
    """Whether a row sums others up: its first cell says so."""
    texts = [str(cell).strip() for cell in row if cell is not None and str(cell).strip()]
    return bool(texts) and bool(TOTAL.fullmatch(texts[0].rstrip(":. ")))
