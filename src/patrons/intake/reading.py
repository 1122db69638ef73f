"""Any file as a table: Parquet, delimited text (gzip too) or XLSX. The check before a run and the notebooks read here.

A file's content says what it is, and must agree with its name. Text files and workbooks come as columns of text, so
that no type is guessed from the first rows; what a date or a number means is decided from whole columns.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb
import ibis
import pandas as pd
import pyarrow.parquet
from ibis import Table

from patrons.engine import connect, literal
from patrons.errors import SourceError
from patrons.intake import header, textfile, workbook
from patrons.intake.kind import kind_of
from patrons.intake.settings import Settings

MOST_COLUMNS = 10_000
LONGEST_CELL = 1_000_000  # characters
MOST_MALFORMED = 0.01  # share of lines: beyond it the file is read the wrong way rather than damaged
ASIDE = {"ignore_errors": True, "store_rejects": True, "rejects_table": "malformed", "rejects_scan": "rejected_scan"}
MALFORMED = """
    select line, any_value(csv_line) as text, bool_and(error_type in ('MISSING COLUMNS', 'TOO MANY COLUMNS'))
    as of_width from malformed group by line, line_byte_position order by line
"""


class NoRowsError(SourceError):
    """A file with names of columns and nothing below."""


class MalformedError(SourceError):
    """A text file with lines that have more or fewer cells than its first."""


@dataclass(frozen=True)
class Format(Settings):
    """How a file is written, as far as the user says; what is empty is found out.

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
        As in strptime, such as ``%d/%m/%Y``.
    """

    delimiter: str = ""
    encoding: str = ""
    sheet: str = ""
    decimal: str = "auto"
    date_format: str = ""


def _no_lines() -> pd.DataFrame:
    return pd.DataFrame({"line": pd.Series(dtype=int), "text": pd.Series(dtype=str)})


@dataclass(frozen=True)
class Source:
    """An opened file, of which no more than necessary has been read.

    Parameters
    ----------
    table : Table
    description : str
        How it was read, such as ``text, semicolon between cells, cp1252``.
    malformed : DataFrame
        `line` in the file and `text` of the lines that `open_checked` left out, and of totals below a sheet.
    left_out : tuple of str
        Sheets of a workbook that were not read, each with the reason.
    lines : Table, optional
        The table with `line`, where the engine cannot tell it from the order of rows.
    """

    table: Table
    description: str
    malformed: pd.DataFrame = field(default_factory=_no_lines)
    left_out: tuple[str, ...] = ()
    lines: Table | None = None

    @property
    def numbered(self) -> Table:
        """The table with `line`, the row's number from 0."""
        return self.table.mutate(line=ibis.row_number()) if self.lines is None else self.lines

    @property
    def notes(self) -> tuple[str, ...]:
        """A sentence on sheets that were not read, where there are any."""
        if not self.left_out:
            return ()
        return (
            f"Sheets of the workbook that were not read: {', '.join(self.left_out)}. They are not in what follows.",
        )


def open_source(path: Path, how: Format | None = None) -> Source:
    """Open a file.

    Raises
    ------
    SourceError
        When it is empty, cut off, of another kind than its name says, or when its columns have no name or the same one.
    """
    return _open(path, how or Format())


def _open(path: Path, how: Format, mixed_ends: bool = False) -> Source:
    kind = kind_of(path)
    con = connect()
    try:
        if kind == "Parquet":
            check_names(path, pyarrow.parquet.read_schema(path).names)
            return Source(con.read_parquet(literal(path), hive_partitioning=False), "Parquet")
        if kind == "XLSX":
            book = workbook.read(path, how.sheet)
            check_names(path, list(book.table.columns))
            return Source(
                con.create_table("source", book.table, temp=True), book.description, book.totals, book.left_out
            )
        layout = textfile.layout(path, how.delimiter, how.encoding, mixed_ends)
        check_names(path, layout.names)
        return Source(_text_table(con, path, layout), layout.description)
    except SourceError:
        raise
    except Exception as error:  # each library has its own
        raise unreadable(path, error) from None


def open_checked(path: Path, how: Format | None = None) -> Source:
    """Open a file and read every cell of it once; single lines of another width are left out, and listed.

    Raises
    ------
    SourceError
        As `open_source` and `check_cells` do; also when more than `MOST_MALFORMED` of the lines have another width,
        when a quote is never closed, or when the last line is cut off.
    """
    how = how or Format()
    try:
        return _checked(path, how)
    except SourceError:
        if not _mixed_ends(path, how):
            raise
        return _checked(path, how, mixed_ends=True)


def _mixed_ends(path: Path, how: Format) -> bool:
    """Whether lines end in different ways, as where a file was added to another; DuckDB takes them for damaged."""
    try:
        return kind_of(path) == "text" and textfile.ends_differ(path, how.encoding or textfile.encoding_of(path))
    except SourceError:
        return False


def _checked(path: Path, how: Format, mixed_ends: bool = False) -> Source:
    try:
        source = _open(path, how, mixed_ends)
        check_cells(path, source.table)
        return source
    except MalformedError as error:
        layout = textfile.layout(path, how.delimiter, how.encoding, mixed_ends)
        try:
            return _without_malformed(path, layout, error)
        except duckdb.Error as another:
            raise unreadable(path, another) from None


def _without_malformed(path: Path, layout: textfile.Layout, error: MalformedError) -> Source:
    con = connect()
    rows = check_cells(path, _text_table(con, path, layout, ASIDE))
    malformed = con.con.execute(MALFORMED).df()  # DuckDB has a row for each missing cell
    totals = [textfile.is_total(text, layout) for text in malformed.text]
    count, torn = len(malformed), len(malformed) - sum(totals)
    if not malformed.of_width.all() or (not totals[-1] and textfile.cut_off(path, layout, malformed.text.iat[-1])):
        raise error
    if torn > MOST_MALFORMED * (rows + torn):
        raise SourceError(f"{error} There are {count:,} such lines, and {rows:,} others: is the delimiter right?")
    description = f"{layout.description}; {count:,} lines with another number of cells are set aside"
    table = _text_table(connect(), path, layout, {"ignore_errors": True})
    return Source(table, description, malformed[["line", "text"]])


def unreadable(path: Path, error: Exception) -> SourceError:
    """The error for a file that a library could not read, in plain words where the library's message is known."""
    message = str(error).strip()
    if "No space left" in message:
        return SourceError(textfile.no_room(path))
    if "Maximum line size" in message or "field larger than" in message:
        return SourceError(
            f"{path.name} has a cell or line of more than {textfile.LONGEST_LINE:,} characters: a quote that is never "
            f"closed, or content that is no table. {textfile.place(message)}Fix or remove it."
        )
    if "Expected Number of Columns" in message or "Value with unterminated quote" in message:
        place = textfile.place(message)
        return MalformedError(f"{path.name} is cut off or has lines of another width. {place}Fix them.")
    first = message.splitlines()[0].replace(str(path), path.name)
    return SourceError(f"{path.name} is damaged or cut off: it cannot be read ({first}). Download or export it again.")


def check_names(path: Path, names: Sequence[str]) -> None:
    """SourceError for columns without a name, with the same name, or too many of them; every problem at once."""
    if len(names) > MOST_COLUMNS:
        raise SourceError(
            f"{path.name} has more than {MOST_COLUMNS:,} columns: it may be lying on its side. "
            "It needs one row per order line or customer, and one column per property."
        )
    unnamed = [str(place) for place, name in enumerate(names, 1) if not str(name).strip()]
    twice = [repr(name) for name, count in Counter(map(str, names)).items() if count > 1 and name.strip()]
    problems = [f"column {', '.join(unnamed[:5])} has no name"] * bool(unnamed)
    problems += [f"{', '.join(twice[:5])} occurs more than once"] * bool(twice)
    if names and all(header.is_value(str(name)) for name in names):
        problems.append(f"its first line holds values ({', '.join(map(str, names[:4]))}), not names of columns")
    if problems:
        raise SourceError(f"{path.name}: {'; '.join(problems)}. Give each column a name of its own in the first line.")


def column_names(path: Path, how: Format | None = None) -> list[str]:
    """The columns of a file; a Parquet file's rows are not read for it."""
    return list(open_source(path, how).table.columns)


def _text_table(con: Any, path: Path, layout: textfile.Layout, extra: Mapping[str, Any] | None = None) -> Table:
    extra = extra or {}
    if layout.plain:
        return con.read_csv(literal(path), **_options(path, layout), **extra)
    with textfile.rewritten(path, layout) as copy:  # read whole, as the copy goes away
        options = _options(copy, layout, textfile.TAB if layout.delimiter == textfile.BLANKS else layout.delimiter)
        return con.create_table("source", con.read_csv(literal(copy), **options, **extra), temp=True)


def _options(path: Path, layout: textfile.Layout, delimiter: str = "") -> dict[str, Any]:
    """Every option, so that DuckDB guesses none."""
    return {
        "delim": delimiter or layout.delimiter,
        "quote": '"',
        "escape": '"',
        "header": True,
        "columns": dict.fromkeys(layout.names, "VARCHAR"),
        "auto_detect": False,
        "null_padding": False,
        "compression": "gzip" if textfile.is_zipped(path) else "none",  # by content: its name may not say it
        "hive_partitioning": False,  # a folder called year=2024 is no column
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
        counts = table.agg(rows=table.count(), **longest).to_pandas().iloc[0]
    except duckdb.Error as error:
        raise unreadable(path, error) from None
    if not counts.rows:
        raise NoRowsError(f"{path.name} has column names but no rows. Export or download it again.")
    long = [name for n, name in enumerate(texts) if pd.notna(counts[f"c{n}"]) and counts[f"c{n}"] > LONGEST_CELL]
    if long:
        raise SourceError(
            f"{path.name} has a cell of more than {LONGEST_CELL:,} characters in {', '.join(long[:3])}. "
            "Fix or remove it: this is no order line or property of a customer."
        )
    return int(counts.rows)
