"""What the dates of a column mean, decided from all its rows: never guessed, never shifted.

A column is first reduced to its distinct days, which are few however long the log is. Whether the day or the month
comes first is decided by rows that settle it (there is no month 25); where none does, the user is asked. A date that
fits none of the formats in use becomes missing.
"""

import calendar
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import ibis
from ibis import _
from ibis.expr.types import ArrayValue, StringValue, TimestampValue

from patrons.errors import SourceError
from patrons.intake import moments

EARLIEST, LATEST = 1900, 2100  # years of an order log; others are typos
ODD = 0.01  # share of settling rows that may speak for another order; they are set aside
ISO = "ISO"  # read by DuckDB's own cast
MONTHS, CENTURY = 12, 69  # two-digit years from 69 on are of the 1900s
MOST_DAYS = 200_000  # distinct days that are examined
COMPACT = "%Y%m%d"
ENGLISH = {name.lower() for names in (calendar.month_name, calendar.month_abbr) for name in names if name}
ZONE = re.compile(r"9 ?(Z|z|UTC|[+-]9(:?9)?)$")  # at the end of a time's shape
UTC = "; times with a zone are read as UTC"
TIME = r"(?:T|,?\s+)\d{1,2}:\d{2}.*$"
NUMERIC = re.compile(r"(\d{1,2})([/.\- ])(\d{1,2})\2(\d{4}|\d{2})")
WORDS = {
    re.compile(r"\d{1,2}([/.\- ])[A-Za-z]{3}\1\d{4}"): "%d{0}%b{0}%Y",
    re.compile(r"\d{1,2}([/.\- ])[A-Za-z]{3}\1\d{2}"): "%d{0}%b{0}%y",
    re.compile(r"\d{1,2}([/.\- ])[A-Za-z]{4,9}\1\d{4}"): "%d{0}%B{0}%Y",
    re.compile(r"[A-Za-z]{3}( )\d{1,2}, \d{4}"): "%b %d, %Y",
    re.compile(r"[A-Za-z]{4,9}( )\d{1,2}, \d{4}"): "%B %d, %Y",
}
ORDERS = {"day first": "%d{0}%m{0}{1}", "month first": "%m{0}%d{0}{1}", "year first": "{1}{0}%m{0}%d"}
TIMES = {
    "9:9": "%H:%M",
    "9:9:9": "%H:%M:%S",
    "9:9:9.9": "%H:%M:%S.%f",
    "9:9 a": "%I:%M %p",
    "9:9a": "%I:%M%p",
    "9:9:9 a": "%I:%M:%S %p",
    "9:9:9a": "%I:%M:%S%p",
}


class DatesError(SourceError):
    """Dates whose meaning cannot be decided; the message asks for `date_format` and shows examples."""


@dataclass(frozen=True)
class Dates:
    """The formats of a column, and what decided them.

    Parameters
    ----------
    formats : tuple of str
        As in strptime, each used by some row; empty where the column holds dates already.
    description : str
        Such as ``day first, settled by 31/12/2024``.
    mixed : tuple of str
        One example of each day format, where there is more than one.
    """

    formats: tuple[str, ...] = ()
    description: str = "typed as such"
    mixed: tuple[str, ...] = ()

    def read(self, column: ibis.Value) -> TimestampValue:
        """The column as timestamps; what fits no format, or lies outside 1900 to 2100, is missing."""
        temporal = column.type().is_temporal()
        times = column.cast("timestamp(6)") if temporal else _read(column.cast("string").strip(), self.formats)
        return ibis.ifelse(times.year().between(EARLIEST, LATEST), times, ibis.null("timestamp(6)"))


@ibis.udf.scalar.builtin(name="try_strptime", signature=(("string", "array<string>"), "timestamp(6)"))
def try_strptime(text: StringValue, formats: ArrayValue) -> TimestampValue:
    """The text read by the first format that fits all of it, else missing: a function of DuckDB."""


def _read(column: StringValue, formats: tuple[str, ...]) -> TimestampValue:
    parts = []
    if ISO in formats:  # DuckDB's own cast is fast and knows every time of day, but takes 24-01-02 for the year 24
        iso = column.re_search(r"^\d{4}[-/]\d{1,2}[-/]\d{1,2}")
        parts.append(ibis.ifelse(iso, moments.utc(column), ibis.null("timestamp(6)")))
    parts += [moments.read(column, name) for name in formats if name in moments.MOMENTS]
    others = [name for name in formats if name != ISO and name not in moments.MOMENTS]
    if others:
        parts.append(try_strptime(column, ibis.literal(others, type="array<string>")))
    return ibis.coalesce(*parts) if parts else ibis.null("timestamp(6)")


def decide(column: ibis.Value, date_format: str = "") -> Dates:
    """Which formats the dates of a column have.

    Parameters
    ----------
    column : Value
        Of a table; text, or dates already.
    date_format : str
        As in strptime; where it has no time of day, times in the usual forms may follow. Empty: found out.

    Raises
    ------
    DatesError
        When rows can be read in more than one order and no row settles it, or rows contradict each other.
    """
    if column.type().is_temporal():
        zoned = getattr(column.type(), "timezone", None) is not None
        return Dates(description="typed as such" + UTC * zoned)
    days = days_of(column)
    if date_format:
        return _given(date_format, days)
    return decide_days(days, column.get_name())


def days_of(column: ibis.Value) -> Mapping[tuple[str, str], int]:
    """Distinct days, as written, each with the shape of its time of day (``9:9``), and how many rows have them."""
    # equal texts are counted first: there are few of them, and regular expressions are slow
    texts = column.as_table().select(text=column.cast("string").strip()).group_by("text").agg(rows=_.count())
    text = texts.text
    compact = text.re_replace(r"^(\d{8})(\d{4}|\d{6})$", r"\1 \2")
    day = compact.re_replace(TIME, "").re_replace(r"^(\d{8}) \d+$", r"\1")
    time = compact.substr(day.length()).re_replace(r"\d+", "9").re_replace("[AaPp][.]?[Mm][.]?", "a")
    table = texts.select("rows", day=day, time=time).filter(_.day.notnull() & (_.day != ""))
    counts = table.group_by("day", "time").agg(rows=_.rows.sum()).order_by(ibis.desc("rows"), "day", "time")
    frame = counts.limit(MOST_DAYS).to_pandas()
    return dict(zip(zip(frame.day, frame.time, strict=True), frame.rows.astype(int), strict=True))


def decide_days(days: Mapping[tuple[str, str], int], name: str = "the date") -> Dates:
    """`decide`, from what `days_of` returns."""
    families: dict[tuple[str, str], dict[str, int]] = {}
    for (day, _time), rows in days.items():
        alike = families.setdefault(family(day), {})
        alike[day] = alike.get(day, 0) + rows
    unread = families.pop(("", ""), {})
    if not families:
        raise DatesError(_unknown(name, unread))
    decided = [_order(key, family, name) for key, family in families.items()]
    mixed = tuple(next(iter(days)) for days in families.values()) if len(families) > 1 else ()
    description = "; ".join(dict.fromkeys(why for _formats, why in decided))
    description += UTC * any(ZONE.search(time) for _day, time in days)
    formats = [each for formats, _why in decided for each in formats]
    return Dates(_with_times(formats, (time for _day, time in days)), description, mixed)


def _unknown(name: str, unread: Iterable[str]) -> str:
    shown = ", ".join(repr(day) for day in list(unread)[:3]) or "nothing"
    advice = "; names of months are read in English only: write others as numbers." if _worded(unread) else "."
    return f"{name} holds no dates in a known form, but {shown}. Say in `date_format` how to read it{advice}"


def _worded(days: Iterable[str]) -> bool:
    return any(re.search(r"\d.*[^\W\d]{3}.*\d|[^\W\d]{3}.*\d.*\d", day) for day in days)


def family(day: str) -> tuple[str, str]:
    """What a day looks like, and the mark between its parts; both empty for what is no date."""
    if re.fullmatch(r"\d{4}[-/]\d{1,2}[-/]\d{1,2}", day):
        return "iso", ""
    if re.fullmatch(r"\d{4}\.\d{1,2}\.\d{1,2}", day):
        return "%Y.%m.%d", ""
    if re.fullmatch(r"(19|20)\d{2}(0[1-9]|1[0-2])([0-2]\d|3[01])", day):
        return COMPACT, ""
    if match := NUMERIC.fullmatch(day):
        return "numeric", match[2]
    if moment := next((kind for kind, pattern in moments.MOMENTS.items() if pattern.fullmatch(day)), ""):
        return moment, ""
    if (month := re.search("[A-Za-z]+", day)) and month[0].lower() not in ENGLISH:
        return "", ""
    return next(((form, match[1]) for pattern, form in WORDS.items() if (match := pattern.fullmatch(day))), ("", ""))


def _order(family: tuple[str, str], days: Mapping[str, int], name: str) -> tuple[list[str], str]:
    """The formats of one family and what decided them."""
    form, mark = family
    example = next(iter(days))
    if form == "iso":
        return [ISO], f"year first, as in {example}"
    if form in moments.MOMENTS:
        if form == moments.SECONDS and all(moments.PACKED.fullmatch(day) for day in days):
            raise DatesError(
                f"{name} holds numbers that are either seconds since 1970 or year, month, day, hour and minute, "
                f'such as {", ".join(list(days)[:3])}. Say which in `date_format`: "{moments.SECONDS}" or "%y%m%d%H%M".'
            )
        return [form], f"{moments.DESCRIPTIONS[form]}, as in {example}"
    if form != "numeric":
        return [form.format(mark)], f"{form.format(mark)}, as in {example}"
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
        values that it must be the day. A year in the future settles it as well: an order log has none.
    name : str
        Of the column, for the error.
    """
    orders = ["day first", "month first"]
    if short:
        firsts, lasts = len({first for first, _, _ in parts.values()}), len({last for _, _, last in parts.values()})
        orders = [*orders * (not firsts < lasts > MONTHS), *["year first"] * (not lasts < firsts > MONTHS)]
    valid = {order: {day for day, numbers in parts.items() if _possible(numbers, order, short)} for order in orders}
    dates = [day for day in parts if any(day in days for days in valid.values())]
    settling = {order: sum(rows[day] for day in _only(valid, order)) for order in orders}
    best = max(orders, key=lambda order: settling[order])
    against = sum(settling.values()) - settling[best]
    if len(orders) > 1 and dates and all(parts[day][0] == parts[day][1] for day in dates) and not short:
        return "day first", "which says the same as month first"
    if len(orders) > 1 and not settling[best]:
        raise DatesError(_ask(name, list(dates or parts), orders, "no row settles which"))
    if against > ODD * sum(settling.values()):
        both = [min(_only(valid, order)) for order in orders if settling[order]]
        raise DatesError(_ask(name, both, orders, "rows contradict each other"))
    aside = f"; {against:,} rows say otherwise and are set aside" if against else ""
    return best, f"settled by {min(_only(valid, best) or valid[best], default='')}{aside}"


def _possible(numbers: tuple[int, int, int], order: str, short: bool) -> bool:
    first, second, third = numbers
    day, month, year = {
        "day first": (first, second, third),
        "month first": (second, first, third),
        "year first": (third, second, first),
    }[order]
    in_future = short and date.today().year % 100 < year < CENTURY
    return 1 <= day <= 31 and 1 <= month <= MONTHS and not in_future


def _only(valid: Mapping[str, set[str]], order: str) -> set[str]:
    """The days that are dates in this order alone."""
    return valid[order].difference(*(days for other, days in valid.items() if other != order))


def _ask(name: str, examples: list[str], orders: list[str], why: str) -> str:
    _, mark, _, third = _split(examples[0])
    year = "%y" if len(third) == 2 else "%Y"
    shown = sorted(examples, key=lambda day: _split(day)[0] == _split(day)[2])[:3]  # 05/05/2024 shows nothing
    ways = " or ".join(f'"{ORDERS[order].format(mark, year)}" ({order})' for order in orders)
    return (
        f"The dates in {name} can be read in {len(orders)} ways and {why}, such as {', '.join(shown)}. "
        f"Say which it is in `date_format` of 01_eda: {ways}."
    )


def _with_times(formats: Sequence[str], shapes: Iterable[str]) -> tuple[str, ...]:
    """Each day format with each form of a time of day that some row has."""
    times = {shape: _time_format(shape) for shape in sorted(set(shapes))}
    whole = [day for day in formats if day == ISO or day in moments.MOMENTS]
    timed = [day + time for day in formats if day not in whole for time in times.values() if time is not None]
    packed = [COMPACT + time for time in ("%H%M%S", "%H%M") if COMPACT in formats and " 9" in times]
    return tuple(dict.fromkeys(whole + timed + packed))


def _time_format(shape: str) -> str | None:
    if not shape.strip(" T,"):
        return ""
    time = re.sub(r"^[T,\s]+", "", shape)
    lead = shape.removesuffix(time)
    return lead + TIMES[time.strip()] if time.strip() in TIMES else None


def _given(date_format: str, days: Mapping[tuple[str, str], int]) -> Dates:
    if date_format in moments.MOMENTS:
        return Dates((date_format,), f"{moments.DESCRIPTIONS[date_format]}, as the parameters say")
    try:
        date(2024, 1, 31).strftime(date_format)
    except ValueError as error:
        raise DatesError(f"date_format: {date_format!r} cannot be understood: {error}.") from None
    if "%" not in date_format:
        raise DatesError(
            f"date_format: {date_format!r} names no part of a date. Write it like %d/%m/%Y or %Y-%m-%d %H:%M, "
            f"or say {moments.EXCEL}, {moments.SECONDS} or {moments.MILLISECONDS} for numbers."
        )
    timed = any(part in date_format for part in ("%H", "%I", "%T", "%X", "%c"))
    shapes = [""] if timed else ["", *(time for _day, time in days)]
    return Dates(_with_times([date_format], shapes), f"{date_format}, as the parameters say")
