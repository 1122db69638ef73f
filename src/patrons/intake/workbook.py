"""The sheet of an XLSX workbook that holds data, as a table of text."""

from pathlib import Path
from typing import Any

import pandas as pd
from openpyxl import load_workbook

from patrons.errors import SourceError

LOOK = 200  # rows of a sheet that tell whether it holds data
Rows = list[tuple[Any, ...]]


def read(path: Path, sheet: str = "") -> tuple[str, pd.DataFrame]:
    """The names of the sheets that hold data, and their rows; sheets with the same columns are one table.

    Parameters
    ----------
    path : Path
    sheet : str
        The one to read; empty for the one with most cells, and those that have its columns.
    """
    book = load_workbook(path, read_only=True, data_only=True)
    try:
        heads = {each.title: _cut(list(each.iter_rows(max_row=LOOK, values_only=True))) for each in book.worksheets}
        if sheet and sheet not in heads:
            raise SourceError(f"{path.name} has no sheet {sheet!r}; it has: {', '.join(heads)}.")
        wanted = [sheet] if sheet else heads
        sizes = {name: _cells(book[name], heads[name]) for name in wanted if heads[name]}
        if not sizes:
            raise SourceError(f"{path.name}: no sheet holds a table (a line of column names with rows below).")
        best = max(sizes, key=lambda name: sizes[name])
        alike = [name for name in sizes if _names(heads[name]) == _names(heads[best])]
        frames = [_frame(book[name], heads[name]) for name in alike]
    finally:
        book.close()
    return " and ".join(alike), pd.concat(frames, ignore_index=True)


def _filled(row: tuple[Any, ...]) -> int:
    return sum(cell is not None and str(cell).strip() != "" for cell in row)


def _cut(rows: Rows) -> Rows:
    """From the line of names on: the first that is at least half as full as the fullest."""
    fullest = max(map(_filled, rows), default=0)
    start = next((n for n, row in enumerate(rows) if _filled(row) >= max(1, fullest / 2)), len(rows))
    return rows[start:]


def _cells(sheet: Any, rows: Rows) -> int:
    """How many cells a sheet holds, by its size and how full its first rows are."""
    full = sum(map(_filled, rows)) / len(rows)
    return int(full * max(len(rows), (sheet.max_row or 0) if len(rows) >= LOOK / 2 else 0))


def _names(rows: Rows) -> list[str]:
    names = ["" if cell is None else str(cell).strip() for cell in rows[0]]
    width = max((n for row in rows for n, cell in enumerate(row, 1) if cell is not None), default=0)
    return names[:width]


def _frame(sheet: Any, rows: Rows) -> pd.DataFrame:
    names = _names(rows)
    rest = iter(sheet.iter_rows(values_only=True, max_col=len(names)))
    next(row for row in rest if row[: len(names)] == rows[0][: len(names)])
    texts = ([None if cell is None else str(cell) for cell in row] for row in rest if _filled(row))
    return pd.DataFrame(texts, columns=names, dtype="str")
