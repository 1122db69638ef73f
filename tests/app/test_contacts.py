"""The list of whom to contact: its marks, and who of it is shown."""

from io import BytesIO

import pandas as pd
import pytest
from openpyxl import load_workbook

pytest.importorskip("streamlit", reason="the serving extra is not installed: make test installs it")

from patrons.app import actions, contacts
from patrons.app.results import Series
from patrons.spreadsheet import safe_csv
from patrons.stage import Stage
from patrons.value.workbook import workbook


@pytest.fixture
def listed():
    """Three customers: of the first, nearly all was cancelled, of orders not known."""
    return pd.DataFrame(
        {
            "rank": [1, 2, 3],
            "customer_id": ["12346", "a", "b"],
            "segment": ["Loyal", "Loyal", "Lost"],
            "churn_probability": [0.2, 0.9, 0.5],
            "late": [True, False, False],
            "value": [9000.0, 50.0, 80.0],
            "expected_gain": [60.0, 5.0, 4.0],
            "gain_low": [10.0, 1.0, -1.0],
            "gain_high": [90.0, 9.0, 9.0],
            "certain": [True, True, False],
            "reason_1": ["raises the risk: x", "lowers the risk: y", None],
            "arm": ["contact", "hold out", None],
            "suggested_action": ["contact: thank them", "hold out", "contact: write"],
        }
    )


FEATURES = pd.DataFrame({"customer_id": ["12346", "a", "b"], "returned_unmatched": [99, 0, 40], "monetary": [100] * 3})
FLAGGED = pd.Series({"a": True, "b": False})


def test_rank_1_whose_spend_was_cancelled_of_orders_not_known_is_to_be_checked_and_does_not_shine(listed):
    table = contacts.marked(listed, FLAGGED, FEATURES)
    assert table.marks.tolist() == [["check first", "late"], ["held out", "warning", "likely pays off"], []]
    assert contacts._range(*table.loc[0, ["gain_low", "gain_high"]]) == "10 to 90"  # shown, and said what it rests on


def test_files_have_the_numbers_of_07(listed, tmp_path):
    Stage("07_customer_value", tmp_path / "data/processed/shop").write("actions.csv", listed)
    series = Series(tmp_path, "shop")
    table = contacts.chosen(contacts.marked(series.listed(), FLAGGED, FEATURES), [], [], "", "rank").drop(
        columns="marks"
    )
    assert safe_csv(table) == series.file("actions.csv").read_bytes()
    assumed = pd.DataFrame(columns=["assumption", "low", "likely", "high"])
    own, theirs = (load_workbook(BytesIO(workbook(rows, assumed))) for rows in (table, listed))
    assert [list(sheet.values) for sheet in own] == [list(sheet.values) for sheet in theirs]
    assert list(own["assumptions and arms"].values)[4][:4] == ("contact", 1, 0.2, 60.0)  # of the first customer


def test_how_much_of_the_gain_counts_cancelled_spend_is_said(listed):
    table = contacts.marked(listed, FLAGGED, FEATURES)
    assert actions.to_check(table, "EUR") == (
        "60 EUR of the expected gain is of a customer to check first: more than half of their spend was cancelled, but "
        "which orders is not known, so it is not taken off. Do not count on this gain."
    )
    twice = pd.concat(
        [table, table.assign(arm="contact"), table.assign(arm="hold out")]
    )  # 60 + 60, a third is held out
    assert actions.to_check(twice, "EUR").startswith("120 EUR of the expected gain is of 2 customers to check first")
    assert actions.to_check(table[1:], "EUR") == ""


def test_what_07_says_to_check_is_marked_where_cancellations_are_not_at_hand(listed):
    listed.loc[1, "suggested_action"] = "check first: cancellations of 99% of the spend are not taken off it"
    table = contacts.marked(listed, None, None)
    assert table.marks.tolist() == [["late", "likely pays off"], ["check first", "held out"], []]


def test_the_list_is_cut_by_segment_mark_and_text_and_sorted(listed):
    table = contacts.marked(listed, FLAGGED, FEATURES)

    def who(segments=(), marks=(), search="", sort="rank"):
        return contacts.chosen(table, segments, marks, search, sort).customer_id.tolist()

    assert who() == ["12346", "a", "b"]
    assert who(segments=["Lost"]) == ["b"]
    assert who(marks=["warning"]) == ["a"]
    assert who(marks=["warning", "check first"]) == []  # all of the marks, not one of them
    assert who(marks=["to contact"]) == ["12346"]
    assert who(search=" 234") == ["12346"]
    assert who(search="WRITE") == ["b"]
    assert who(search="lowers the risk: y") == ["a"]
    assert who(sort="risk") == ["a", "b", "12346"]
    assert who(sort="gain") == ["12346", "a", "b"]


def test_marks_and_segment_stand_beside_customers_whose_id_a_spreadsheet_would_change(tmp_path):
    ids = ["@kim", "NA", "007"]
    folder = tmp_path / "data" / "processed" / "shop"
    listed = pd.DataFrame({"rank": [1, 2, 3], "customer_id": ids, "segment": "Loyal", "churn_probability": 0.5})
    listed = listed.assign(value=9.0, expected_gain=1.0, gain_low=0.5, gain_high=3.0, certain=False, arm="contact")
    Stage("07_customer_value", folder).write("actions.csv", listed.assign(suggested_action="contact"))
    scores = pd.DataFrame({"customer_id": ids, "flagged": [True, True, False]})
    Stage("06_churn", folder).write("churn_scores.parquet", scores)
    series = Series(tmp_path, "shop")
    table = contacts.marked(series.listed(), contacts.flagged(series), None)
    assert table.customer_id.tolist() == ids  # which is what a click opens
    assert table.marks.tolist() == [["warning"], ["warning"], []]
