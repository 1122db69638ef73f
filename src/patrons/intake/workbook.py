"""The sheets of an XLSX workbook that hold one table, as text: those that belong together are joined by name."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
from openpyxl import load_workbook

from patrons.errors import SourceError
from patrons.intake import header
from patrons.intake.guess import essential

LOOK = 200  # rows of a sheet that tell whether it holds data
Rows = list[tuple[Any, ...]]


@dataclass(frozen=True)
class Book:
    """What a workbook holds.

    Parameters
    ----------
    sheets : tuple of str
        Those that were read.
    table : DataFrame
        Their rows one after the other, as text; a column that a sheet does not have is missing there.
    totals : DataFrame
        `line` in the table and `text` of lines below the data that sum it up; they are not in it.
    left_out : tuple of str
        The other sheets that hold something, each with the reason.
    """

    sheets: tuple[str, ...]
    table: pd.DataFrame
    totals: pd.DataFrame
    left_out: tuple[str, ...]

    @property
    def description(self) -> str:
        """What was read and what was not, in words."""
        several = len(self.sheets) > 3
        names = f"{len(self.sheets)} sheets, {self.sheets[0]} to {self.sheets[-1]}" if several else ""
        read = names or f"sheet {' and '.join(self.sheets)}"
        return f"XLSX, {read}" + (f"; sheets not read: {', '.join(self.left_out)}" if self.left_out else "")


def read(path: Path, sheet: str = "") -> Book:
    """Read the sheets that hold most data and have the same columns, whatever their case, blanks and order.

    A further column may be missing on some of them; the customer, the date and the amount may not.

    Parameters
    ----------
    path : Path
    sheet : str
        The only one to read; empty: found out.

    Raises
    ------
    SourceError
        Where no sheet holds a table, or one has all but a column that is needed, and another in its place.
    """
    book = load_workbook(path, read_only=True, data_only=True)
    try:
        heads = {each.title: list(each.iter_rows(max_row=LOOK, values_only=True)) for each in book.worksheets}
        if sheet and sheet not in heads:
            raise SourceError(f"{path.name} has no sheet {sheet!r}; it has: {', '.join(heads)}.")
        heads = {name: rows[header.names_at(rows) :] for name, rows in heads.items() if any(map(header.filled, rows))}
        tables = {name: rows for name, rows in heads.items() if len(rows) > 1}
        tables = tables or {name: rows for name, rows in heads.items() if header.filled(rows[0]) > 1}
        if not tables or (sheet and sheet not in tables):
            raise SourceError(f"{path.name}: no sheet holds a table (a line of column names with rows below).")
        base, alike = sheet, [sheet]
        if not sheet:
            needed = {name: essential(_head(rows)) for name, rows in tables.items()}
            base, alike = _largest({name: _cells(book[name], rows) for name, rows in tables.items()}, tables, needed)
            _refuse_renamed(path, base, tables, alike, needed[base])
        frames = [_frame(book[name], tables[name], _names(tables[base])) for name in alike]
    finally:
        book.close()
    left_out = tuple(_reason(name, heads[name]) for name in heads if name not in alike)
    return _joined(alike, frames, left_out)


def key(name: str) -> str:
    """A name of a column without case, blanks and marks."""
    return re.sub(r"[\W_]+", "", name).casefold() or name


def _largest(
    cells: Mapping[str, int], tables: Mapping[str, Rows], needed: Mapping[str, list[str]]
) -> tuple[str, list[str]]:
    """The sheets that belong together and hold most cells, and the largest of them."""
    together = {
        base: [name for name, rows in tables.items() if _belongs(rows, tables[base], needed[base])] for base in tables
    }
    base = max(tables, key=lambda one: (sum(cells[name] for name in together[one]), cells[one]))
    return max(together[base], key=lambda name: cells[name]), together[base]


def _belongs(rows: Rows, base: Rows, needed: list[str]) -> bool:
    """Whether a sheet has what a line of the other needs, and half of its columns at least."""
    own, theirs = set(map(key, _names(rows))), set(map(key, _names(base)))
    return not _lacking(rows, needed) and 2 * len(own & theirs) >= len(theirs)


def _lacking(rows: Rows, needed: list[str]) -> list[str]:
    """The columns that a line cannot do without and a sheet does not have."""
    own = set(map(key, _names(rows)))
    return [name for name in needed if key(name) not in own]


def _refuse_renamed(path: Path, base: str, tables: Mapping[str, Rows], alike: list[str], needed: list[str]) -> None:
    """SourceError for sheets that would belong to the table but for the name of a column."""
    names = set(map(key, _names(tables[base])))
    problems = []
    for name, rows in tables.items():
        own = _names(rows)
        further, lacking = [one for one in own if key(one) not in names], _lacking(rows, needed)
        if name not in alike and further and 2 * len(names & set(map(key, own))) >= len(names):
            problems.append(f"sheet {name} has no {', '.join(lacking)}, but {', '.join(further)}")
    if problems:
        raise SourceError(
            f"{path.name}: most sheets have the columns of {base}; {'; '.join(problems)}. Give the same columns the "
            "same names, or name the one sheet to read in `sheet` of the params file: leaving some out would end the "
            "log too early."
        )


def _reason(name: str, rows: Rows) -> str:
    names = [one for one in _names(rows) if one]
    return f"{name} (other columns: {', '.join(names[:4])})" if len(rows) > 1 else f"{name} (no table)"


def _joined(sheets: list[str], frames: list[tuple[pd.DataFrame, list[str]]], left_out: tuple[str, ...]) -> Book:
    totals, before = [], 0
    for frame, texts in frames:
        totals += [(before + len(frame) + n + 2, text) for n, text in enumerate(texts)]  # names: line 1
        before += len(frame) + len(texts)
    table = pd.concat([frame for frame, _texts in frames], ignore_index=True) if len(frames) > 1 else frames[0][0]
    return Book(tuple(sheets), table, pd.DataFrame(totals, columns=["line", "text"]), left_out)


def _cells(sheet: Any, rows: Rows) -> int:
    """How many cells a sheet holds, by its size and how full its first rows are."""
    full = sum(map(header.filled, rows)) / len(rows)
    return int(full * max(len(rows), (sheet.max_row or 0) if len(rows) >= LOOK / 2 else 0))


def _names(rows: Rows) -> list[str]:
    names = ["" if cell is None else str(cell).strip() for cell in rows[0]]
    width = max((n for row in rows for n, cell in enumerate(row, 1) if cell is not None), default=0)
    return names[:width]


def _head(rows: Rows) -> pd.DataFrame:
    names = _names(rows)
    texts = [[None if cell is None else str(cell) for cell in row[: len(names)]] for row in rows[1:]]
    return pd.DataFrame(texts, columns=names, dtype="str").loc[:, lambda table: ~table.columns.duplicated()]


def _frame(sheet: Any, rows: Rows, base: list[str]) -> tuple[pd.DataFrame, list[str]]:
    """The rows of a sheet under the names of the base, and the totals below them."""
    names = _names(rows)
    rest = iter(sheet.iter_rows(values_only=True, max_col=len(names)))
    next(row for row in rest if row[: len(names)] == rows[0][: len(names)])
    texts = [[None if cell is None else str(cell) for cell in row] for row in rest if header.filled(row)]
    totals: list[str] = []
    while texts and header.is_total(texts[-1]) and header.filled(texts[-1]) < len(names):
        totals.insert(0, " ".join(cell for cell in texts.pop() if cell))
    known = {key(name): name for name in base}
    keys = list(map(key, names))
    under = [known.get(one, name) if keys.count(one) == 1 else name for one, name in zip(keys, names, strict=True)]
    return pd.DataFrame(texts, columns=under, dtype="str"), totals
