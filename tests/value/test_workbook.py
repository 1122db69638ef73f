"""`actions.xlsx`: the rows of `actions.csv` as a spreadsheet has them, and what they rest on."""

import io
from pathlib import Path

import openpyxl
import pandas as pd
import pytest

from patrons.spreadsheet import safe_csv
from patrons.stage import Stage
from patrons.value import workbook

ASSUMED = pd.DataFrame({"assumption": ["margin rate"], "low": [0.25], "likely": [0.35], "high": [0.45]})


@pytest.fixture
def listed():
    return pd.DataFrame(
        {
            "rank": [1, 2, 3, 4],
            "customer_id": ["0017", "=1+1", "Zoë\x07", "d"],
            "churn_probability": [0.2, 0.4, 0.6, 0.5],
            "expected_gain": [5.0, 3.5, 1.5, None],
            "certain": [True, False, False, False],
            "arm": ["contact", "hold out", "contact", ""],
            "suggested_action": ["contact: call", "leave", "contact", "a;=2"],
        }
    )


def read(content: bytes) -> openpyxl.Workbook:
    return openpyxl.load_workbook(io.BytesIO(content))


def rows(sheet) -> list[tuple]:
    return list(sheet.iter_rows(values_only=True))


def test_the_first_sheet_has_the_rows_of_the_csv_file_in_their_order(listed):
    sheet = read(workbook.workbook(listed, ASSUMED))["customers"]
    csv = pd.read_csv(io.BytesIO(safe_csv(listed)), dtype={"customer_id": str})
    assert rows(sheet)[0] == tuple(csv)
    assert [row[0] for row in rows(sheet)[1:]] == csv["rank"].tolist()
    assert [row[1] for row in rows(sheet)[1:]] == ["0017", "'=1+1", "Zoë", "d"]


def test_numbers_truth_values_and_texts_are_cells_of_their_kind(listed):
    sheet = read(workbook.workbook(listed, ASSUMED))["customers"]
    assert [sheet.cell(2, column).data_type for column in range(1, 8)] == ["n", "s", "n", "n", "b", "s", "s"]
    assert sheet["C2"].value == 0.2
    assert sheet["C2"].number_format == "0.0%"
    assert sheet["D3"].value == 3.5
    assert sheet["D3"].number_format == "#,##0.00"
    assert sheet["D5"].value is None  # not known


def test_no_text_is_a_formula(listed):
    sheets = read(workbook.workbook(listed, ASSUMED))
    assert not [cell for sheet in sheets for row in sheet.iter_rows() for cell in row if cell.data_type == "f"]
    assert sheets["customers"]["G5"].value == "a;'=2"


def test_the_header_stays_in_sight_and_columns_are_as_wide_as_what_they_hold(listed):
    sheet = read(workbook.workbook(listed, ASSUMED))["customers"]
    assert sheet.freeze_panes == "A2"
    assert sheet.auto_filter.ref == "A1:G5"
    assert sheet["A1"].font.bold
    assert sheet.column_dimensions["A"].width == 8 + 2  # the narrowest
    assert sheet.column_dimensions["G"].width == len("suggested_action") + 2


def test_the_second_sheet_has_assumptions_and_arms(listed):
    sheet = read(workbook.workbook(listed, ASSUMED))["assumptions and arms"]
    table = rows(sheet)
    assert table[1:3] == [("assumption", "low", "likely", "high", None), ("margin rate", 0.25, 0.35, 0.45, None)]
    assert table[4] == ("arm", "customers", "churn_probability", "expected_gain", "what to do")
    assert table[5] == ("contact", 2, pytest.approx(0.4), 6.5, "contact them")  # (0.2 + 0.6) / 2; 5 + 1.5
    assert table[6][:4] == ("hold out", 1, 0.4, 3.5)
    assert table[7][1:4] == (1, 0.5, None)  # whose gain is not known


def test_a_list_that_is_too_long_for_a_workbook_says_what_is_left_out(listed, monkeypatch):
    monkeypatch.setattr(workbook, "MOST_ROWS", 3)
    sheets = read(workbook.workbook(listed, ASSUMED))
    assert [row[0] for row in rows(sheets["customers"])[1:]] == [1, 2, 3]
    assert rows(sheets["assumptions and arms"])[-1][0] == (
        "The list has 4 customers; this file holds the first 3, actions.csv all."
    )


def test_an_empty_list_is_a_header(listed):
    assert len(rows(read(workbook.workbook(listed.head(0), ASSUMED))["customers"])) == 1


def test_the_same_list_is_the_same_file(listed):
    assert workbook.workbook(listed, ASSUMED) == workbook.workbook(listed.copy(), ASSUMED)


def test_a_notebook_writes_it_as_it_is(listed, tmp_path):
    content = workbook.workbook(listed, ASSUMED)
    Stage("07_customer_value", tmp_path).write("actions.xlsx", content)
    assert Path(tmp_path, "07_customer_value", "actions.xlsx").read_bytes() == content
