"""Dates as numbers, which name the same moment everywhere: days or seconds since a fixed date."""

import re

import ibis
from ibis.expr.types import StringValue, TimestampValue

EXCEL, SECONDS, MILLISECONDS, MICROSECONDS = "excel", "epoch", "epoch_ms", "epoch_us"  # as `date_format` names them
MOMENTS = {  # how the number looks: Excel's days from 1990 to 2099, seconds and their parts from 2001 on
    EXCEL: re.compile(r"(3[3-9]|[4-6]\d|7[0-2])\d{3}(\.\d+)?"),
    SECONDS: re.compile(r"[1-3]\d{9}(\.\d+)?"),
    MILLISECONDS: re.compile(r"[1-3]\d{12}(\.\d+)?"),
    MICROSECONDS: re.compile(r"[1-3]\d{15}"),
}
DESCRIPTIONS = {
    EXCEL: "serial numbers of Excel, in days since 1899-12-30",
    SECONDS: "seconds since 1970, read as UTC",
    MILLISECONDS: "milliseconds since 1970, read as UTC",
    MICROSECONDS: "microseconds since 1970, read as UTC",
}
UNITS = {  # seconds a unit, and those from 1970 to its 0
    EXCEL: (86_400, -25_569 * 86_400),
    SECONDS: (1, 0),
    MILLISECONDS: (1e-3, 0),
    MICROSECONDS: (1e-6, 0),
}
PACKED = re.compile(r"\d{2}(0[1-9]|1[0-2])(0[1-9]|[12]\d|3[01])([01]\d|2[0-3])[0-5]\d")  # yymmddHHMM


def read(column: StringValue, kind: str) -> TimestampValue:
    """Numbers that stand for a moment, to the second, as spreadsheets round them; other numbers become missing."""
    unit, zero = UNITS[kind]
    fits = column.re_search(f"^(?:{MOMENTS[kind].pattern})$")
    seconds = (column.try_cast("float64") * unit + zero).round().cast("int64")
    return ibis.ifelse(fits, seconds.as_timestamp("s").cast("timestamp(6)"), ibis.null("timestamp(6)"))
