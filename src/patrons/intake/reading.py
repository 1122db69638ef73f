"""Any file as a table: Parquet, delimited text (gzip too) or XLSX. The check before a run and the notebooks read here.

What a file is is told by its content, and must agree with its name. Text and workbooks come as text columns, so that no
type is guessed from the first rows; what a date or number means is decided from whole columns (`dates`, `numbers`).
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import pyarrow.parquet
from ibis import Table

from patrons.engine import connect
from patrons.errors import SourceError
from patrons.intake import textfile, workbook

MOST_COLUMNS = 10_000
LONGEST_CELL = 1_000_000  # characters
MOST_TORN = 0.01  # share of lines: beyond it the file is taken wrongly rather than damaged
ASIDE = {"ignore_errors": True, "store_rejects": True, "rejects_table": "torn", "rejects_scan": "torn_scan"}
KINDS = {
    "Parquet": (".parquet",),
    "XLSX": (".xlsx", ".xlsm"),
    "text": (".csv", ".tsv", ".txt", ".dat", ".csv.gz", ".tsv.gz", ".txt.gz", ".dat.gz"),
}
MAGIC = {
    b"PAR1": "Parquet",
    b"PK\x03\x04": "XLSX",
    b"\xd0\xcf\x11\xe0": "an old Excel workbook (.xls)",
    b"%PDF": "a PDF",
    b"SQLite format 3": "an SQLite database",
    b"BZh": "a bzip2 archive",
    b"\xfd7zXZ": "an xz archive",
    b"7z\xbc\xaf": "a 7z archive",
    b"\x28\xb5\x2f\xfd": "a zstd archive",
    b"\x89PNG": "a picture",
    b"\xff\xd8\xff": "a picture",
}

TORN = """
    select line, any_value(csv_line) as text, bool_and(error_type in ('MISSING COLUMNS', 'TOO MANY COLUMNS'))
    as of_width from torn group by line, line_byte_position order by line
"""


class TornError(SourceError):
    """A text file with lines of another number of cells than its first."""


@dataclass(frozen=True)
class Format:
    """How a file is written, as far as it was said; what is empty is found out.

    Parameters
    ----------
    delimiter : str
        What stands between the cells of a text file; ``whitespace`` for any run of blanks.
    encoding : str
        Of a text file, as Python calls it.
    sheet : str
        Of a workbook.
    decimal : {"auto", "point", "comma"}
        Mark before the decimals of numbers.
    date_format : str
        As for strptime, such as ``%d/%m/%Y``.
    """

    delimiter: str = ""
    encoding: str = ""
    sheet: str = ""
    decimal: str = "auto"
    date_format: str = ""

    @classmethod
    def of(cls, parameters: Mapping[str, Any]) -> "Format":
        """The format that a notebook's parameters state."""
        return cls(**{one.name: parameters[one.name] for one in fields(cls) if one.name in parameters})


def _no_lines() -> pd.DataFrame:
    return pd.DataFrame({"line": pd.Series(dtype=int), "text": pd.Series(dtype=str)})


@dataclass(frozen=True)
class Source:
    """An opened file: its table, which nothing was read of yet unless it had to be, and how it was taken."""

    table: Table
    told: str  # such as "text, semicolon, cp1252"
    torn: pd.DataFrame = field(
        default_factory=_no_lines
    )  # `line` in the file and `text` of those left out: see `open_checked`


def open_source(path: Path, how: Format | None = None) -> Source:
    """Open a file.

    Raises
    ------
    SourceError
        When it is empty, cut off, of another kind than its name says, or has columns without a name or with the same.
    """
    how = how or Format()
    kind = kind_of(path)
    con = connect()
    try:
        if kind == "Parquet":
            check_names(path, pyarrow.parquet.read_schema(path).names)
            return Source(con.read_parquet(path), "Parquet")
        if kind == "XLSX":
            sheet, frame = workbook.read(path, how.sheet)
            check_names(path, list(frame.columns))
            return Source(con.create_table("source", frame, temp=True), f"XLSX, sheet {sheet}")
        layout = textfile.layout(path, how.delimiter, how.encoding)
        check_names(path, layout.names)
        return Source(_text_table(con, path, layout), layout.told)
    except SourceError:
        raise
    except Exception as error:  # each library has its own
        raise unreadable(path, error) from None


def open_checked(path: Path, how: Format | None = None) -> Source:
    """Open a file and read every cell of it once; single lines of another width are left out and told of.

    Raises
    ------
    SourceError
        As `open_source` and `check_cells` do; also when more than `MOST_TORN` of the lines have another width, when a
        quote is never closed, or when the last line is cut off.
    """
    try:
        source = open_source(path, how)
        check_cells(path, source.table)
        return source
    except TornError as error:
        return _without_torn(path, how or Format(), error)


def _without_torn(path: Path, how: Format, error: TornError) -> Source:
    layout, con = textfile.layout(path, how.delimiter, how.encoding), connect()
    rows = check_cells(path, _text_table(con, path, layout, ASIDE))
    torn = con.con.execute(TORN).df()  # DuckDB has a row for each cell that lacks
    if not torn.of_width.all() or textfile.cut_off(path, layout, torn.text.iat[-1]):
        raise error
    if len(torn) > MOST_TORN * (rows + len(torn)):
        raise SourceError(f"{error} There are {len(torn):,} such lines, and {rows:,} others: is the delimiter right?")
    told = f"{layout.told}; {len(torn):,} lines of another number of cells are set aside"
    return Source(_text_table(connect(), path, layout, {"ignore_errors": True}), told, torn[["line", "text"]])


def unreadable(path: Path, error: Exception) -> SourceError:
    """What a library said of a file that it could not read, in this project's words where they are known."""
    said = str(error).strip()
    if "Maximum line size" in said or "field larger than" in said:
        return SourceError(
            f"{path.name} has a cell or line of more than {textfile.LONGEST_LINE:,} characters: a quote that is never "
            f"closed, or content that is no table. {textfile.place(said)}Mend or remove it."
        )
    if "Expected Number of Columns" in said or "Value with unterminated quote" in said:
        return TornError(f"{path.name} is cut off or has lines of another width. {textfile.place(said)}Mend them.")
    return SourceError(f"{path.name} is damaged or cut off: it cannot be read ({said.splitlines()[0]}). Get it anew.")


def kind_of(path: Path) -> str:
    """``Parquet``, ``XLSX`` or ``text``, by content; SourceError when it is none of these or not what its name says."""
    named = next((kind for kind, endings in KINDS.items() if path.name.lower().endswith(endings)), None)
    if named is None:
        endings = ", ".join(ending for some in KINDS.values() for ending in some if not ending.endswith("m"))
        raise SourceError(f"{path.name} is of no kind that is read: {endings}. Save it as one of these.")
    try:
        with path.open("rb") as file:
            head = file.read(2048)
    except OSError as error:
        raise SourceError(f"{path.name} cannot be opened: {error.strerror}.") from None
    if not head:
        raise SourceError(f"{path.name} is empty: it has 0 bytes. Export or download it again.")
    found = next((kind for magic, kind in MAGIC.items() if head.startswith(magic)), "text")
    if found == "text" and head.lstrip()[:64].lower().startswith((b"<!doctype", b"<html", b"<table", b"<?xml")):
        found = "a web page (HTML or XML)"
    if found != named:
        advice = f"Rename it to {path.name.split('.')[0]}{KINDS[found][0]}." if found in KINDS else "Export it as CSV."
        advice = "Save it as .xlsx or CSV." if "xls" in found else advice
        shown = found if found != "text" else "no such file"
        raise SourceError(f"{path.name} is named as {named}, but by its content it is {shown}. {advice}")
    return named


def check_names(path: Path, names: Sequence[str]) -> None:
    """SourceError for columns without a name, with the same name, or too many of them; every problem at once."""
    if len(names) > MOST_COLUMNS:
        raise SourceError(
            f"{path.name} has more than {MOST_COLUMNS:,} columns: it may be lying on its side. "
            "One row an order line or customer, one column a property."
        )
    unnamed = [str(place) for place, name in enumerate(names, 1) if not str(name).strip()]
    twice = [repr(name) for name, count in Counter(map(str, names)).items() if count > 1 and name.strip()]
    problems = [f"column {', '.join(unnamed[:5])} has no name"] * bool(unnamed)
    problems += [f"{', '.join(twice[:5])} stands more than once"] * bool(twice)
    if names and all(textfile.is_value(str(name)) for name in names):
        problems.append(f"its first line holds values ({', '.join(map(str, names[:4]))}), not names of columns")
    if problems:
        raise SourceError(f"{path.name}: {'; '.join(problems)}. Give each column a name of its own in the first line.")


def column_names(path: Path, how: Format | None = None) -> list[str]:
    """The columns of a file; a Parquet file's rows are not read for it."""
    return list(open_source(path, how).table.columns)


def _text_table(con: Any, path: Path, layout: textfile.Layout, torn: Mapping[str, Any] | None = None) -> Table:
    torn = torn or {}
    if layout.plain:
        return con.read_csv(path, **_options(layout), **torn)
    with textfile.rewritten(path, layout) as copy:  # read whole, as the copy goes away
        options = _options(layout, textfile.TAB if layout.delimiter == textfile.BLANKS else layout.delimiter)
        return con.create_table("source", con.read_csv(copy, **options, **torn), temp=True)


def _options(layout: textfile.Layout, delimiter: str = "") -> dict[str, Any]:
    """Everything is said, so that DuckDB takes no guess of its own."""
    return {
        "delim": delimiter or layout.delimiter,
        "quote": '"',
        "escape": '"',
        "header": True,
        "columns": dict.fromkeys(layout.names, "VARCHAR"),
        "auto_detect": False,
        "null_padding": False,
        "max_line_size": textfile.LONGEST_LINE,
    }


def check_cells(path: Path, table: Table) -> int:
    """Read every text cell once and count the rows.

    Raises
    ------
    SourceError
        For a cell that is too long, or where the file turns out to be damaged.
    """
    texts = [name for name, kind in table.schema().items() if kind.is_string()]
    longest = {f"c{n}": table[name].length().max() for n, name in enumerate(texts)}
    try:
        found = table.agg(rows=table.count(), **longest).to_pandas().iloc[0]
    except duckdb.Error as error:
        raise unreadable(path, error) from None
    if not found.rows:
        raise SourceError(f"{path.name} has names of columns but no rows. Export or download it again.")
    long = [name for n, name in enumerate(texts) if pd.notna(found[f"c{n}"]) and found[f"c{n}"] > LONGEST_CELL]
    if long:
        raise SourceError(
            f"{path.name} has a cell of more than {LONGEST_CELL:,} characters in {', '.join(long[:3])}. "
            "Mend or remove it: this is no order line or property of a customer."
        )
    return int(found.rows)
