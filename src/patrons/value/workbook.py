"""The list as a workbook: customers on the first sheet; assumptions and arms, which say how to read it, on the second.

The same list is the same file to the byte: it holds no time at which it was made.
"""

import io
from collections.abc import Iterable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

import pandas as pd
from openpyxl import Workbook
from openpyxl.cell import Cell, WriteOnlyCell
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE
from openpyxl.styles import Font
from openpyxl.utils import get_column_letter
from openpyxl.worksheet._write_only import WriteOnlyWorksheet
from openpyxl.writer.excel import ExcelWriter

from patrons.spreadsheet import guarded
from patrons.value.arms import CONTACT, HOLD_OUT

CUSTOMERS, BASIS = "customers", "assumptions and arms"  # the sheets
MOST_ROWS = 100_000  # customers: a million take minutes to write, and as long to open
MADE = datetime(1980, 1, 1)  # the first moment that an archive can name
SHARES, MONEY = "0.0%", "#,##0.00"
FORMATS = {"churn_probability": SHARES}  # of numbers that are no amounts of money; whole numbers need none
SAMPLE, NARROWEST, WIDEST = 200, 8, 60  # rows that a column is measured by; its width, characters
ARMS = {
    CONTACT: "contact them",
    HOLD_OUT: "leave them alone, so that what contacts do can be seen",
    "": "not in the plan: see suggested_action",
}


class _Archive(ZipFile):
    """An archive whose members bear no time."""

    def writestr(self, zinfo_or_arcname: Any, data: Any, *how: Any, **also: Any) -> None:
        super().writestr(ZipInfo(zinfo_or_arcname, MADE.timetuple()[:6]), data, ZIP_DEFLATED)

    def write(self, filename: Any, arcname: Any = None, *how: Any, **also: Any) -> None:
        self.writestr(arcname, Path(filename).read_bytes())


def workbook(listed: pd.DataFrame, assumptions: pd.DataFrame) -> bytes:
    """The content of ``actions.xlsx``: the rows of ``actions.csv`` in the same order, and what they rest on.

    Numbers, truth values and texts are cells of their kind, the header stays in sight, and text that a spreadsheet
    would compute has an apostrophe in front, as in the CSV file. Of a longer list the first `MOST_ROWS` customers
    are there, and the second sheet says so.

    Parameters
    ----------
    listed : DataFrame
        What ``actions.csv`` holds, or some rows of it.
    assumptions : DataFrame
        `assumption`, `low`, `likely`, `high`.
    """
    book = Workbook(write_only=True)
    book.properties.created = book.properties.modified = MADE
    _sheet(book, CUSTOMERS, guarded(listed.head(MOST_ROWS)))
    _basis(book, listed, assumptions)
    content = io.BytesIO()
    ExcelWriter(book, _Archive(content, "w", ZIP_DEFLATED)).save()
    return content.getvalue()


def arms(listed: pd.DataFrame) -> pd.DataFrame:
    """How many customers have each arm, and what is expected of them.

    Returns
    -------
    DataFrame
        `arm` (empty for those beyond the plan), `customers`, `churn_probability` (their mean), `expected_gain` (of
        contacting all of them, currency; missing where none is known), `what to do`.
    """
    groups = listed.assign(arm=listed.arm.fillna("")).groupby("arm")
    table = pd.DataFrame(
        {
            "customers": groups.size(),
            "churn_probability": groups.churn_probability.mean(),
            "expected_gain": groups.expected_gain.sum(min_count=1),
        }
    )
    table = table.reindex([arm for arm in ARMS if arm in table.index]).rename_axis("arm").reset_index()
    return table.assign(**{"what to do": table.arm.map(ARMS)})


def _sheet(book: Workbook, title: str, table: pd.DataFrame) -> None:
    """A table as a sheet: its header bold and in sight, each column as wide as its first rows."""
    sheet = book.create_sheet(title)
    sheet.freeze_panes = "A2"
    for number, name in enumerate(table, 1):
        sheet.column_dimensions[get_column_letter(number)].width = _width(name, table[name])
    if len(table):
        sheet.auto_filter.ref = f"A1:{get_column_letter(table.shape[1])}{len(table) + 1}"
    sheet.append(_bold(sheet, table))
    for row in _rows(sheet, table):
        sheet.append(row)


def _basis(book: Workbook, listed: pd.DataFrame, assumptions: pd.DataFrame) -> None:
    sheet = book.create_sheet(BASIS)
    for letter, width in zip("ABCDE", (WIDEST - 10, 14, 18, 15, WIDEST), strict=True):
        sheet.column_dimensions[letter].width = width
    sheet.append(_bold(sheet, ["Assumed, not measured: all gains hold only if these do"]))
    for table in (assumptions, arms(listed)):
        sheet.append(_bold(sheet, table))
        for row in _rows(sheet, guarded(table)):
            sheet.append(row)
        sheet.append([])
    if len(listed) > MOST_ROWS:
        held = f"this file holds the first {MOST_ROWS:,}, actions.csv all."
        sheet.append([f"The list has {len(listed):,} customers; {held}"])


def _rows(sheet: WriteOnlyWorksheet, table: pd.DataFrame) -> Iterator[tuple[Any, ...]]:
    """The rows of a table as cells, column by column of its kind."""
    return zip(*(_cells(sheet, str(name), table[name]) for name in table), strict=True)


def _cells(sheet: WriteOnlyWorksheet, name: str, column: pd.Series) -> Iterable[Any]:
    if pd.api.types.is_float_dtype(column):
        return _numbers(sheet, FORMATS.get(name, MONEY), column)
    values = column.astype(object).where(column.notna(), None)
    return (ILLEGAL_CHARACTERS_RE.sub("", one) if isinstance(one, str) else one for one in values)


def _numbers(sheet: WriteOnlyWorksheet, form: str, column: pd.Series) -> Iterator[Cell | None]:
    """The same cell over and over, which is written before the next value is put in."""
    cell = WriteOnlyCell(sheet)
    cell.number_format = form
    for one in column.tolist():
        cell.value = one
        yield cell if one == one else None  # NaN differs from itself


def _bold(sheet: WriteOnlyWorksheet, names: Iterable[Any]) -> list[Cell]:
    cells = [WriteOnlyCell(sheet, ILLEGAL_CHARACTERS_RE.sub("", str(name))) for name in names]
    for cell in cells:
        cell.font = Font(bold=True)
    return cells


def _width(name: object, column: pd.Series) -> int:
    longest = max((len(str(one)) for one in column.head(SAMPLE)), default=0)
    return min(max(len(str(name)), longest, NARROWEST) + 2, WIDEST)
