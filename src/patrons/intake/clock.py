"""Times of day as people and programs write them, and the zones behind them."""

import re
from collections.abc import Collection, Mapping

import ibis
from ibis.expr.types import IntegerValue, StringValue

BLANK = "[\u00a0\u2000-\u200a\u202f\u205f\u3000]"
TIDY = (  # what is written in other ways, and the usual one; read by Python and by DuckDB alike
    (BLANK, " "),
    (r"(\d)\s?[hH]\s?(\d{2})(\s?m(in)?)?\b", r"\1:\2"),
    (r"(?i)(\d{2,4}|,)\s+(?:à|às|as|um|at|kl\.?|om|alle ore|alle|ore|a las|-|–|@)\s+(\d{1,2}[:.]\d{2})", r"\1 \2"),
    (r"(?i)(\s\d{1,2})\.(\d{2})(\.(\d{2}))? ?(uhr|hrs)\.?$", r"\1:\2"),
    (r"(?i)(:\d{2}) ?(uhr|hrs)\.?$", r"\1"),
    (r"(:\d{2}:\d{2}),(\d+)", r"\1.\2"),
    (r"(:\d{2}\.\d{6})\d+", r"\1"),
    (r"(:\d{2}(?:\.\d+)?)\s?[Aa]\.?\s?[Mm]\b\.?", r"\1 AM"),
    (r"(:\d{2}(?:\.\d+)?)\s?[Pp]\.?\s?[Mm]\b\.?", r"\1 PM"),
    (r"^(\d{8})T(\d{2}):?(\d{2}):?(\d{2})", r"\1 \2:\3:\4"),
)
TIME = r"(?:T|,?\s+)\d{1,2}:\d{2}.*$"  # of a tidy text
HOURS = {
    "UTC": 0, "GMT": 0, "Z": 0, "WET": 0, "WEST": 1, "BST": 1, "CET": 1, "MEZ": 1, "CEST": 2, "MESZ": 2, "EET": 2,
    "EEST": 3, "MSK": 3, "IST": 5.5, "SGT": 8, "HKT": 8, "AWST": 8, "JST": 9, "KST": 9, "AEST": 10, "AEDT": 11,
    "NZST": 12, "NZDT": 13, "BRT": -3, "ART": -3, "ADT": -3, "AST": -4, "EDT": -4, "EST": -5, "CDT": -5, "CST": -6,
    "MDT": -6, "MST": -7, "PDT": -7, "PST": -8, "AKDT": -8, "AKST": -9, "HST": -10,
}  # fmt: skip
OFFSET = r"(?:UTC|GMT)?[+-]\d{2}(?::?\d{2})?"
ZONE = rf"(?i)(:\d{{2}}(?:\.\d+)?(?: [AP]M)?) ?({OFFSET}|{'|'.join(HOURS)})(?: ?\([\w ]+\))?$"
SUMMER = 60  # minutes by which one zone differs from itself
TIMES = {  # the shape of a time of day to its format
    "": "",
    "9:9": "%H:%M",
    "9:9:9": "%H:%M:%S",
    "9:9:9.9": "%H:%M:%S.%f",
    "9:9 a": "%I:%M %p",
    "9:9:9 a": "%I:%M:%S %p",
    "9:9:9.9 a": "%I:%M:%S.%f %p",
}


def tidy(text: str) -> str:
    """A date and time in the usual spelling."""
    for pattern, usual in TIDY:
        text = re.sub(pattern, usual, text)
    return text


def tidied(column: StringValue) -> StringValue:
    """`tidy`, of a column."""
    for pattern, usual in TIDY:
        column = column.re_replace(pattern, usual)
    return column


def without_zone(column: StringValue) -> StringValue:
    """A tidy date and time without the zone behind it."""
    return column.re_replace(ZONE, r"\1")


def zone_of(column: StringValue) -> StringValue:
    """The zone behind a tidy date and time, in upper case; empty where there is none."""
    return column.re_extract(ZONE, 2).upper()


def ahead(zone: str) -> int:
    """Minutes that a zone is ahead of UTC."""
    if zone in HOURS:
        return int(HOURS[zone] * 60)
    sign, digits = zone.removeprefix("UTC").removeprefix("GMT")[0], re.sub(r"\D", "", zone).ljust(4, "0")
    return (-1 if sign == "-" else 1) * (int(digits[:2]) * 60 + int(digits[2:]))


def minutes(column: StringValue, zones: Collection[str]) -> IntegerValue:
    """Minutes ahead of UTC of the zone behind a tidy date and time; 0 where there is none."""
    cases = [(zone_of(column) == zone, ahead(zone)) for zone in zones]
    return ibis.cases(*cases, else_=0) if cases else ibis.literal(0)


def of_one_shop(zones: Mapping[str, int]) -> bool:
    """Whether zones are those of one place, in winter and in summer: then what is written is the shop's own time."""
    offsets = {ahead(zone) for zone in zones}
    return not offsets or max(offsets) - min(offsets) <= SUMMER


def described(zones: Mapping[str, int]) -> str:
    """What is done to the zones of a column, as the end of a sentence; empty where there are none."""
    if not zones:
        return ""
    listed = ", ".join(sorted(zones)[:4])
    if not of_one_shop(zones):
        return f"; times with a zone are read as UTC: the zones differ ({listed})"
    if not any(map(ahead, zones)):
        return f"; times are UTC, as written ({listed})"
    return f"; times are the shop's own, as written: the zone ({listed}) is left out"


def time_format(shape: str) -> str | None:
    """The format of a time of day from its shape, such as ``T9:9``; None where it is not known."""
    time = re.sub(r"^(T|,?\s+)", "", shape)
    lead = shape.removesuffix(time)
    return lead + TIMES[time.strip()] if time.strip() in TIMES else None
