"""Pictures of the first page: a bar for each segment, drawn as text and boxes, legible at any width and in print."""

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from patrons.digits import about

MOST = 6  # bars of a picture; the rest are one more


class Bar(NamedTuple):
    """A bar.

    Attributes
    ----------
    label : str
    value : str
        What stands at its end.
    length : float
        Its share of the picture's width, in per cent.
    """

    label: str
    value: str
    length: float


class Picture(NamedTuple):
    """Bars under a heading that says what they measure."""

    heading: str
    bars: list[Bar]


def shares(heading: str, parts: Mapping[str, float]) -> Picture | None:
    """Each part's share of their sum, as per cent; None unless there are several and the sum is above zero."""
    whole = sum(parts.values())
    if len(parts) < 2 or whole <= 0:
        return None
    return Picture(heading, _drawn((label, part, f"{part / whole:.0%}") for label, part in _ordered(parts.items())))


def amounts(heading: str, parts: Mapping[str, float], money: str = "") -> Picture | None:
    """Each part as an amount of `money`, such as `` EUR``; None unless there are several."""
    if len(parts) < 2:
        return None
    return Picture(heading, _drawn((label, part, about(part) + money) for label, part in _ordered(parts.items())))


def flags(heading: str, segments: Iterable[Mapping[str, Any]]) -> Picture | None:
    """How many of each segment's customers are flagged, such as "203 of 830", the most first."""
    rows = [(row["segment"], row["flagged"], row["customers"]) for row in segments if row["customers"]]
    if len(rows) < 2:
        return None
    return Picture(heading, _drawn((label, part, f"{part:,} of {whole:,}") for label, part, whole in _ordered(rows)))


def _ordered(rows: Iterable[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    """Rows of a label and numbers, the largest first number first; those beyond `MOST` as one, their sums."""
    ordered = sorted(rows, key=lambda row: -row[1])
    rest = ordered[MOST:]
    if len(rest) < 2:
        return ordered
    return [*ordered[:MOST], (f"{len(rest)} others", *map(sum, list(zip(*rest, strict=True))[1:]))]


def _drawn(parts: Iterable[tuple[str, float, str]]) -> list[Bar]:
    """Bars whose longest takes the whole width."""
    rows = list(parts)
    longest = max((amount for _, amount, _ in rows), default=0.0)
    return [
        Bar(label, value, round(100 * max(amount, 0.0) / longest, 1) if longest > 0 else 0.0)
        for label, amount, value in rows
    ]
