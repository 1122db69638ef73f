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
    whole : float
        The same of what it is a part of, which is drawn pale behind it; 0 where it is a part of nothing.
    """

    label: str
    value: str
    length: float
    whole: float = 0.0


class Picture(NamedTuple):
    """Bars under a heading that says what they measure."""

    heading: str
    bars: list[Bar]


def shares(heading: str, parts: Mapping[str, float]) -> Picture | None:
    """Each part's share of their sum, as per cent; None unless there are several and the sum is above zero."""
    whole = sum(parts.values())
    if len(parts) < 2 or whole <= 0:
        return None
    rows = [(label, f"{part / whole:.0%}", 100 * max(part, 0.0) / whole) for label, part in _ordered(parts.items())]
    return Picture(heading, [Bar(label, value, round(length, 1), 100.0) for label, value, length in rows])


def amounts(heading: str, parts: Mapping[str, float], money: str = "") -> Picture | None:
    """Each part as an amount of `money`, such as `` EUR``; None unless there are several."""
    if len(parts) < 2:
        return None
    return Picture(heading, _drawn((label, part, about(part) + money) for label, part in _ordered(parts.items())))


def flags(heading: str, segments: Iterable[Mapping[str, Any]]) -> Picture | None:
    """How many of each segment's customers are flagged, such as "203 of 830", the most first, a part of the whole."""
    rows = _ordered((row["segment"], row["flagged"], row["customers"]) for row in segments if row["customers"])
    if len(rows) < 2:
        return None
    most = max(whole for _, _, whole in rows)
    lengths = [(round(100 * part / most, 1), round(100 * whole / most, 1)) for _, part, whole in rows]
    texts = [(label, f"{part:,} of {whole:,}") for label, part, whole in rows]
    return Picture(heading, [Bar(*text, *length) for text, length in zip(texts, lengths, strict=True)])


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
