"""What the dates of a column mean, decided from all its rows: never guessed, never shifted.

A column is first reduced to its distinct days, which are few however long the log is. Whether the day or the month
comes first is decided by rows that settle it (there is no month 25); where none does, the user is asked. A date that
fits none of the formats in use becomes missing. Where times have a zone, what is written is the shop's own time;
only zones of several places are brought to UTC.
"""

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

import ibis
from ibis import _
from ibis.expr.types import ArrayValue, StringValue, TimestampValue

from patrons.intake import clock, dayfirst, moments, months
from patrons.intake.dayfirst import DatesError as DatesError

EARLIEST, LATEST = 1900, 2100  # years of an order log; others are typos
ODD = 0.01  # share of values that look like dates and may remain unread
ISO = "ISO"  # read by DuckDB's own cast
WORDS = "words:"  # before the formats of days with the name of a month, once that is a number
MOST_DAYS = 200_000  # distinct days that are examined
COMPACT = "%Y%m%d"
UTC = "; times with a zone are read as UTC"
CAST = re.compile(r"(?:[T ]+9:9(?::9(?:\.9)?)?)?")  # times of day that DuckDB's cast knows


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
    tidy : bool
        Whether times are to be brought to the usual spelling first.
    zones : dict
        Zones behind the times, and how many rows have each.
    """

    formats: tuple[str, ...] = ()
    description: str = ""
    mixed: tuple[str, ...] = ()
    tidy: bool = False
    zones: Mapping[str, int] = field(default_factory=dict)

    def read(self, column: ibis.Value) -> TimestampValue:
        """The column as timestamps; what fits no format, or lies outside 1900 to 2100, is missing."""
        times = column.cast("timestamp(6)") if column.type().is_temporal() else self._read(column)
        return ibis.ifelse(times.year().between(EARLIEST, LATEST), times, ibis.null("timestamp(6)"))

    def _read(self, column: ibis.Value) -> TimestampValue:
        text = column.cast("string").strip()
        text = clock.tidied(text) if self.tidy else text
        times = _read(clock.without_zone(text) if self.zones else text, self.formats)
        if clock.of_one_shop(self.zones):
            return times
        return times - clock.minutes(text, self.zones).as_interval("m")


@dataclass(frozen=True)
class Days:
    """What a column of dates holds.

    Parameters
    ----------
    rows : dict
        Day as written and the shape of its time of day (``9:9``), to how many rows have them.
    tidy, zones
        As in `Dates`.
    """

    rows: Mapping[tuple[str, str], int]
    tidy: bool = False
    zones: Mapping[str, int] = field(default_factory=dict)


@ibis.udf.scalar.builtin(name="try_strptime", signature=(("string", "array<string>"), "timestamp(6)"))
def try_strptime(text: StringValue, formats: ArrayValue) -> TimestampValue:
    """The text read by the first format that fits all of it, else missing: a function of DuckDB."""


def _read(column: StringValue, formats: tuple[str, ...]) -> TimestampValue:
    parts = []
    if ISO in formats:  # DuckDB's own cast is fast and knows most times of day, but takes 24-01-02 for the year 24
        iso = column.re_search(r"^\d{4}[-/]\d{1,2}[-/]\d{1,2}")
        parts.append(ibis.ifelse(iso, column.try_cast("timestamp(6)"), ibis.null("timestamp(6)")))
    parts += [moments.read(column, name) for name in formats if name in moments.MOMENTS]
    worded = [name.removeprefix(WORDS) for name in formats if name.startswith(WORDS)]
    others = [name for name in formats if name != ISO and name not in moments.MOMENTS and not name.startswith(WORDS)]
    for text, wanted in ((column, others), (months.as_iso(column), worded)):
        if wanted:
            parts.append(try_strptime(text, ibis.literal(wanted, type="array<string>")))
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
        When rows can be read in more than one order and no row settles it, or rows contradict each other; when what
        looks like dates cannot be read.
    """
    if column.type().is_temporal():
        zoned = getattr(column.type(), "timezone", None) is not None
        return Dates(description=UTC.lstrip(", ") if zoned else "")
    days = days_of(column)
    if date_format:
        return _given(date_format, days)
    return decide_days(days, column.get_name())


def days_of(column: ibis.Value) -> Days:
    """Distinct days, as written, each with the shape of its time of day, and how many rows have them."""
    # equal texts are counted first: there are few of them, and regular expressions are slow
    texts = column.as_table().select(text=column.cast("string").strip()).group_by("text").agg(rows=_.count())
    texts = texts.mutate(tidy=clock.tidied(texts.text))
    plain = clock.without_zone(texts.tidy).re_replace(r"^(\d{8})(\d{4}|\d{6})$", r"\1 \2")
    day = plain.re_replace(clock.TIME, "").re_replace(r"^(\d{8}) \d+$", r"\1")
    time = plain.substr(day.length()).re_replace(r"\d+", "9").re_replace("[AP]M", "a")
    other = (texts.tidy != texts.text).cast("int64")
    table = texts.select("rows", day=day, time=time, other=other, zone=clock.zone_of(texts.tidy))
    table = table.filter(_.day.notnull() & (_.day != ""))
    counts = table.group_by("day", "time", "zone").agg(rows=_.rows.sum(), other=_.other.max())
    frame = counts.order_by(ibis.desc("rows"), "day", "time", "zone").limit(MOST_DAYS).to_pandas()
    rows = frame.groupby(["day", "time"], sort=False).rows.sum().astype(int)
    zones = frame[frame.zone != ""].groupby("zone").rows.sum().astype(int)
    return Days(rows.to_dict(), bool(frame.other.any()), zones.to_dict())


def decide_days(days: Days, name: str = "the date") -> Dates:
    """`decide`, from what `days_of` returns."""
    readable, unread = split(days.rows)
    if not readable:
        raise DatesError(_unknown(name, unread))
    doubtful = {day: rows for day, rows in unread.items() if _like_a_date(day)}
    if sum(doubtful.values()) > ODD * (sum(readable.values()) + sum(doubtful.values())):
        raise DatesError(_unknown(name, doubtful, sum(doubtful.values()) / sum(days.rows.values())))
    families: dict[tuple[str, str], dict[str, int]] = {}
    for (day, _time), rows in readable.items():
        alike = families.setdefault(family(day), {})
        alike[day] = alike.get(day, 0) + rows
    decided = [_order(key, family, name) for key, family in families.items()]
    mixed = tuple(next(iter(days)) for days in families.values()) if len(families) > 1 else ()
    description = "; ".join(dict.fromkeys(why for _formats, why in decided)) + clock.described(days.zones)
    formats = [each for formats, _why in decided for each in formats]
    shapes = {time for _day, time in readable}
    return Dates(_with_times(formats, shapes), description, mixed, days.tidy, days.zones)


def split(rows: Mapping[tuple[str, str], int]) -> tuple[dict[tuple[str, str], int], dict[str, int]]:
    """The days that are a date in a known form with a time in a known form, and the other texts."""
    readable: dict[tuple[str, str], int] = {}
    unread: dict[str, int] = {}
    for (day, time), count in rows.items():
        form = family(day)[0]
        if form and (clock.time_format(time) is not None or (form == COMPACT and time == " 9")):
            readable[day, time] = count
        else:
            unread[day + time] = unread.get(day + time, 0) + count
    return readable, unread


def _unknown(name: str, unread: Collection[str], share: float = 1.0) -> str:
    shown = ", ".join(repr(day) for day in list(unread)[:3]) or "nothing"
    some = f"{share:.1%} of the values in {name} look like dates and cannot be read, such as {shown}."
    none = f"{name} holds no dates in a known form, but {shown}."
    return (
        f'{none if share == 1 else some} Say in `date_format` how to read it, such as "%d/%m/%Y" or '
        '"%Y-%m-%d %H:%M:%S", or write the dates as year-month-day.'
    )


def _like_a_date(text: str) -> bool:
    """Whether a text that cannot be read looks like a date all the same: by its day, or by a word for its month."""
    day = re.sub(clock.TIME, "", text)
    return bool(family(day)[0]) or months.worded(day)


def family(day: str) -> tuple[str, str]:
    """What a day looks like, and the mark between its parts; both empty for what is no date."""
    if match := re.fullmatch(r"\d{4}([-/])\d{1,2}[-/]\d{1,2}", day):
        return "iso", match[1]
    if re.fullmatch(r"\d{4}\.\d{1,2}\.\d{1,2}", day):
        return "%Y.%m.%d", ""
    if re.fullmatch(r"(19|20)\d{2}(0[1-9]|1[0-2])([0-2]\d|3[01])", day):
        return COMPACT, ""
    if match := dayfirst.NUMERIC.fullmatch(day):
        return "numeric", match[2]
    if moment := next((kind for kind, pattern in moments.MOMENTS.items() if pattern.fullmatch(day)), ""):
        return moment, ""
    return (WORDS if months.known(day) else ""), ""


def _order(family: tuple[str, str], days: Mapping[str, int], name: str) -> tuple[list[str], str]:
    """The formats of one family and what decided them."""
    form, mark = family
    example = next(iter(days))
    if form == "iso":
        return [ISO, f"%Y{mark}%m{mark}%d"], f"year first, as in {example}"
    if form == WORDS:
        return [f"{WORDS}%Y-%m-%d"], f"months by name, as in {example}"
    if form == "numeric":
        return dayfirst.formats(days, name)
    if form == moments.SECONDS and all(moments.PACKED.fullmatch(day) for day in days):
        raise DatesError(
            f"{name} holds numbers that are either seconds since 1970 or year, month, day, hour and minute, "
            f'such as {", ".join(list(days)[:3])}. Say which in `date_format`: "{moments.SECONDS}" or "%y%m%d%H%M".',
            {moments.SECONDS: "seconds since 1970", "%y%m%d%H%M": "year, month, day, hour and minute"},
        )
    return [form], f"{moments.DESCRIPTIONS.get(form, form)}, as in {example}"


def _with_times(formats: Sequence[str], shapes: Iterable[str]) -> tuple[str, ...]:
    """Each day format with each form of a time of day that some row has."""
    times = {shape: clock.time_format(shape) for shape in sorted(set(shapes))}
    whole = [day for day in formats if day == ISO or day in moments.MOMENTS]
    # what the cast reads need not be tried by format
    needed = (
        times if ISO not in formats else {shape: time for shape, time in times.items() if not CAST.fullmatch(shape)}
    )
    by_cast = [day for day in formats if ISO in formats and re.fullmatch("%Y[-/]%m[-/]%d", day)]
    timed = [
        day + time
        for day in formats
        if day not in whole
        for time in (needed if day in by_cast else times).values()
        if time is not None
    ]
    packed = [COMPACT + time for time in ("%H%M%S", "%H%M") if COMPACT in formats and " 9" in times]
    return tuple(dict.fromkeys(whole + timed + packed))


def _given(date_format: str, days: Days) -> Dates:
    if date_format in moments.MOMENTS:
        return Dates((date_format,), f"{moments.DESCRIPTIONS[date_format]}, as the parameters say")
    try:
        date(2024, 1, 31).strftime(date_format)
    except ValueError as error:
        raise DatesError(f"date_format: {date_format!r} cannot be understood: {error}.") from None
    if "%" not in date_format:
        raise DatesError(
            f"date_format: {date_format!r} names no part of a date. Write it like %d/%m/%Y or %Y-%m-%d %H:%M, "
            f"or say {', '.join(moments.MOMENTS)} for numbers."
        )
    timed = any(part in date_format for part in ("%H", "%I", "%T", "%X", "%c"))
    zones = {} if timed and "%z" not in date_format else days.zones
    date_format = date_format.replace("%z", "").rstrip()
    shapes = ["", *(time for _day, time in days.rows)]
    formats = _with_times([date_format], [""] if timed else shapes)
    if "%b" in date_format.lower():  # strptime knows English months only
        formats += _with_times([f"{WORDS}%Y-%m-%d"], shapes)
    description = f"{date_format}, as the parameters say{clock.described(zones)}"
    return Dates(formats, description, tidy=days.tidy and not timed, zones=zones)
