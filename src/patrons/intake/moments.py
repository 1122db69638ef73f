"""Dates that name the same moment everywhere: with a time zone, or as days or seconds since a fixed date."""

import re

import ibis
from ibis.expr.types import StringValue, TimestampValue

EXCEL, SECONDS, MILLISECONDS = "excel", "epoch", "epoch_ms"  # as `date_format` names them
MOMENTS = {  # how the number looks: Excel's days from 1990 to 2099, seconds and milliseconds from 2001 on
    EXCEL: re.compile(r"(3[3-9]|[4-6]\d|7[0-2])\d{3}(\.\d+)?"),
    SECONDS: re.compile(r"[1-3]\d{9}(\.\d+)?"),
    MILLISECONDS: re.compile(r"[1-3]\d{12}(\.\d+)?"),
}
DESCRIPTIONS = {
    EXCEL: "serial numbers of Excel, in days since 1899-12-30",
    SECONDS: "seconds since 1970, read as UTC",
    MILLISECONDS: "milliseconds since 1970, read as UTC",
}
DAY_UNITS = {EXCEL: (86_400, -25_569 * 86_400), SECONDS: (1, 0), MILLISECONDS: (0.001, 0)}  # seconds a unit, of its 0
PACKED = re.compile(r"\d{2}(0[1-9]|1[0-2])(0[1-9]|[12]\d|3[01])([01]\d|2[0-3])[0-5]\d")  # yymmddHHMM


def utc(column: StringValue) -> TimestampValue:
    """ISO times in UTC where they say their zone; DuckDB's own cast drops it, so that hours would be shifted."""
    zone = column.re_extract(r":\d{2}(?:\.\d+)? ?([+-]\d{2}(?::?\d{2})?)$", 1)
    digits = zone.re_replace(r"\D", "").rpad(4, "0")
    minutes = digits.substr(0, 2).try_cast("int64") * 60 + digits.substr(2, 2).try_cast("int64")
    ahead = ibis.ifelse(zone.startswith("-"), -minutes, minutes)
    local = column.try_cast("timestamp(6)")
    return ibis.ifelse(zone == "", local, local - ahead.fill_null(0).as_interval("m"))


def read(column: StringValue, kind: str) -> TimestampValue:
    """Numbers that stand for a moment, to the second, as spreadsheets round them; other numbers become missing."""
    unit, zero = DAY_UNITS[kind]
    fits = column.re_search(f"^(?:{MOMENTS[kind].pattern})$")
    seconds = (column.try_cast("float64") * unit + zero).round().cast("int64")
    return ibis.ifelse(fits, seconds.as_timestamp("s").cast("timestamp(6)"), ibis.null("timestamp(6)"))
