"""Logs that Spark reads: a Parquet or text file, or a folder of them, of any size.

Files of a folder are alike: the same columns, written in the same way. Their lines count on from one file to the next,
in the order of their names.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow.parquet

from patrons.errors import SourceError
from patrons.intake import reading, textfile
from patrons.intake.kind import kind_of
from patrons.intake.reading import Format, Source

FILE, PLACE, BAD = "__file", "__place", "\ufffd"


def files_of(path: Path) -> list[Path]:
    """The file, or the files of a folder in the order of their names; SourceError where they are of several kinds."""
    files = [path] if path.is_file() else sorted(file for file in path.rglob("*") if _is_data(file.relative_to(path)))
    files = [file for file in files if file.is_file()]
    if not files:
        raise SourceError(f"{path.name} holds no files. Put the log's Parquet or CSV files into it.")
    kinds = {kind_of(file): file.name for file in reversed(files)}
    if len(kinds) > 1:
        raise SourceError(f"{path.name} holds files of several kinds: {', '.join(kinds.values())}. Leave one kind.")
    if "XLSX" in kinds:
        raise SourceError(f"{files[0].name}: Spark reads Parquet and text. Save it as CSV, or use `engine: duckdb`.")
    return files


def _is_data(path: Path) -> bool:
    return not any(part.startswith((".", "_")) for part in path.parts)


def column_names(path: Path, how: Format) -> list[str]:
    """The columns of the log; SourceError where files of Parquet differ in them."""
    files = files_of(path)
    if kind_of(files[0]) == "text":
        return _layout(files[0], how).names
    first = pyarrow.parquet.read_schema(files[0])
    for file in files[1:]:
        other = pyarrow.parquet.read_schema(file)
        if (other.names, other.types) != (first.names, first.types):
            raise SourceError(
                f"{file.name} has other columns, or of other types, than {files[0].name}. Make them alike."
            )
    return list(first.names)


def open_checked(con: Any, path: Path, how: Format) -> Source:
    """Open a log on Spark and read every cell of it once.

    Parameters
    ----------
    con : Cluster
        What `engine.Engine.connect` gives for Spark.
    path : Path
        A file or a folder, that every machine of the cluster sees under this name.
    how : Format

    Raises
    ------
    SourceError
        As `reading.open_checked` does; also for a line of another width: Spark sets none aside.
    """
    names, files = column_names(path, how), files_of(path)
    reading.check_names(files[0], names)
    is_text = kind_of(files[0]) == "text"
    try:
        table = _numbered(con, *(_text(con, files, how) if is_text else _parquet(con, files)), names)
        source = table.drop("line")
        reading.check_cells(path, source)
        if is_text:
            _check_encoding(path, source)
    except SourceError:
        raise
    except Exception as error:  # of Spark, Java or the bridge between them
        raise unreadable(path, error) from None
    layout = f"{_layout(files[0], how).description}" if is_text else "Parquet"
    count = f"{len(files):,} files of " if len(files) > 1 else ""
    return Source(source, f"{count}{layout}, read by Spark", lines=table)


def unreadable(path: Path, error: Exception) -> SourceError:
    """What Spark could not read, in plain words where its message is known."""
    message = str(error)
    if "MALFORMED" in message.upper():
        return SourceError(
            f"{path.name} has lines with another number of cells than the first. Spark sets none of them aside: fix or "
            "remove them, or use `engine: duckdb`."
        )
    if "CSV header" in message or "HEADER" in message:
        return SourceError(f"{path.name}: a file has other names of columns in its first line. Make them alike.")
    return SourceError(f"{path.name} cannot be read by Spark ({message.strip().splitlines()[0][:300]}).")


def _layout(file: Path, how: Format) -> textfile.Layout:
    layout = textfile.layout(file, how.delimiter, how.encoding)
    if layout.delimiter == textfile.BLANKS or layout.skip:
        raise SourceError(
            f"{file.name}: Spark reads text with names of columns in the first line and a mark between cells. "
            "Export it like that, or use `engine: duckdb`."
        )
    return layout


def _parquet(con: Any, files: Sequence[Path]) -> tuple[Any, str]:
    """The rows with file and place in it, by Spark's own number of the row."""
    frame = con.session.read.parquet(*[file.as_uri() for file in files])
    return frame, "_metadata.row_index"


def _text(con: Any, files: Sequence[Path], how: Format) -> tuple[Any, str]:
    """The rows as text; one task reads a file, in which Spark's ids rise by one."""
    layout = _layout(files[0], how)
    frame = con.session.read.csv(
        [file.as_uri() for file in files],
        schema=", ".join(f"`{name.replace('`', '``')}` string" for name in layout.names),
        sep=layout.delimiter,
        quote='"',
        escape='"',
        header=True,
        enforceSchema=False,
        encoding=layout.encoding.removesuffix("-sig"),
        mode="FAILFAST",
        multiLine=True,  # a cell may hold ends of lines
    )
    return frame, "monotonically_increasing_id()"


def _numbered(con: Any, frame: Any, place: str, names: Sequence[str]) -> Any:
    """The rows with `line`, from 0, through all files: nothing but each file's count passes through this machine."""
    columns = [f"`{name.replace('`', '``')}`" for name in names if name != "line"]
    placed = frame.selectExpr(*columns, f"_metadata.file_path as {FILE}", f"{place} as {PLACE}")
    counted = f"select {FILE}, min({PLACE}) as first, count(*) as count from {{rows}} group by {FILE}"
    ends = con.session.sql(counted, rows=placed).toPandas().sort_values(FILE)
    starts = pd.DataFrame({FILE: ends[FILE], "start": ends["count"].cumsum() - ends["count"] - ends["first"]})
    known = con.session.createDataFrame(starts)
    lined = placed.join(known.hint("broadcast"), FILE).selectExpr(*columns, f"{PLACE} + start as line")
    return con.of_frame(lined)


def _check_encoding(path: Path, table: Any) -> None:
    texts = [name for name, kind in table.schema().items() if kind.is_string()]
    marked = table.agg(**{f"c{n}": table[name].contains(BAD).any() for n, name in enumerate(texts)}).to_pandas().iloc[0]
    if marked.fillna(False).any():
        raise SourceError(f"{path.name} has text in another encoding than its first file. Say it in `encoding`.")
