"""Tables that people open in a spreadsheet, in which no text is computed."""

import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:  # a command that makes no table starts without pandas
    import pandas as pd

SEPARATOR = " | "  # between the names of a list in a CSV file
FORMULA = re.compile(r"(^|[;\t\r\n])(?=\s*[=+\-@\uff1d\uff0b\uff0d\uff20])|^(?=[\t\r\n])")
PLAIN = re.compile(r"[+-]?\d+([.,]\d+)?")  # a number, which no spreadsheet computes
BOM = b"\xef\xbb\xbf"  # by which Excel knows UTF-8


def safe_csv(table: "pd.DataFrame", first: bool = True) -> bytes:
    """A table as a CSV file that people open: umlauts stay, and no text in it is computed.

    A spreadsheet runs text that starts with =, +, - or @, also behind a semicolon, at which some cut a line into cells.
    Such text gets an apostrophe in front, numbers do not. Parquet files have the text as it was.

    Parameters
    ----------
    table : DataFrame
    first : bool
        Whether it is the first part of its file, which begins with a mark of the encoding and the names of the columns.
    """
    text = guarded(table).to_csv(index=False, header=first, lineterminator="\n").encode()
    return BOM + text if first else text


def guarded(table: "pd.DataFrame") -> "pd.DataFrame":
    """A table whose texts no spreadsheet takes for formulas; lists are text."""
    safe = table.copy()
    for name in table.select_dtypes(["object", "str", "category"]):
        safe[name] = table[name].astype(object).map(_guarded)
    return safe.rename(columns=_guarded)


def _guarded(value: Any) -> Any:
    if hasattr(value, "tolist"):  # an array, as Parquet gives lists back
        value = value.tolist()
    text = SEPARATOR.join(map(str, value)) if isinstance(value, list | tuple) else value
    return FORMULA.sub(r"\1'", text) if isinstance(text, str) and not PLAIN.fullmatch(text) else text
