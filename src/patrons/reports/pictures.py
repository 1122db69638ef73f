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
    return Picture(heading, _drawn((label, part, f"{part / whole:.0%}") for label, part in _ordered(parts)))


def amounts(heading: str, parts: Mapping[str, float], money: str = "") -> Picture | None:
    """Each part as an amount of `money`, such as `` EUR``; None unless there are several."""
    if len(parts) < 2:
        return None
    return Picture(heading, _drawn((label, part, about(part) + money) for label, part in _ordered(parts)))


def flags(heading: str, segments: Iterable[Mapping[str, Any]]) -> Picture | None:
    """How many of each segment's customers are flagged, such as "203 of 830", the most first."""
    rows = sorted((row for row in segments if row["customers"]), key=lambda row: -row["flagged"])
    if len(rows) < 2:
        return None
    if len(rest := rows[MOST:]) > 1:
        others = {key: sum(row[key] for row in rest) for key in ("flagged", "customers")}
        rows = [*rows[:MOST], {"segment": f"{len(rest)} others", **others}]
    return Picture(
        heading,
        _drawn((row["segment"], row["flagged"], f"{row['flagged']:,} of {row['customers']:,}") for row in rows),
    )


def _ordered(parts: Mapping[str, float]) -> list[tuple[str, float]]:
    """The largest first; those beyond `MOST` as one."""
    ordered = sorted(parts.items(), key=lambda part: -part[1])
    rest = ordered[MOST:]
    if len(rest) < 2:
        return ordered
    return [*ordered[:MOST], (f"{len(rest)} others", sum(part for _, part in rest))]


def _drawn(parts: Iterable[tuple[str, float, str]]) -> list[Bar]:
    """Bars whose longest takes the whole width."""
    rows = list(parts)
    longest = max((amount for _, amount, _ in rows), default=0.0)
    return [
        Bar(label, value, round(100 * max(amount, 0.0) / longest, 1) if longest > 0 else 0.0)
        for label, amount, value in rows
    ]
