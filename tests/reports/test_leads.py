"""What the pages of 06, 07 and 08 open with."""

import pandas as pd
import pytest

from patrons.files import write_json
from patrons.reports import contacts, leads
from patrons.spreadsheet import safe_csv

LISTED = pd.DataFrame(
    {
        "customer_id": ["@kim", "NA", "c", "d"],
        "segment": "Loyal",
        "churn_probability": [0.29, 0.5, 0.1, 0.4],
        "late": [True, False, False, False],
        "value": [4543.0, 200.0, 900.0, 700.0],
        "value_if_kept": [6028.0, 300.0, 950.0, 1000.0],
        "value_if_lost": [958.0, 50.0, 100.0, 100.0],
        "expected_gain": [58.9, 3.0, 2.0, 1.0],
        "reason_2": "",
        "reason_3": "",
        "suggested_action": "call",
        "reason_1": ["lowers the risk: 8 orders", "raises the risk: no order for 80 days", "", ""],
        "arm": ["contact", "contact", "contact", "hold out"],
    }
)


@pytest.fixture
def processed(tmp_path):
    for name in (leads.CHURN, leads.VALUE):
        (tmp_path / name).mkdir()
    (tmp_path / leads.VALUE / "actions.csv").write_bytes(safe_csv(LISTED))
    write_json(tmp_path / leads.VALUE / "value.json", {"from": "2025-12-24", "horizon_days": 180})
    flagged = pd.DataFrame({"customer_id": LISTED.customer_id, "flagged": [True, True, False, True]})
    flagged.to_parquet(tmp_path / leads.CHURN / "churn_scores.parquet")
    churn = {"horizon_days": 90, "today": {"customers": 10, "flagged": 7}}
    write_json(tmp_path / leads.CHURN / "churn.json", churn)
    write_json(tmp_path / leads.CHURN / "metrics.json", {"recall_active": 0.83, "precision_active": 0.44})
    return tmp_path


def test_page_6_asks_by_its_days_and_that_of_a_table_as_its_notebook_does(processed):
    assert leads.title(leads.CHURN, processed) == "Who is likely not to order in the next 90 days?"
    write_json(processed / leads.CHURN / "churn.json", {"horizon_days": None})
    assert leads.title(leads.CHURN, processed) == leads.title(leads.VALUE, processed) == ""


def test_the_first_customers_are_named_with_what_they_are_worth_and_why_to_worry(processed):
    told = contacts.listed(processed), "EUR", 180, "23 March 2026"
    warned = leads.customers(leads.CHURN, *told)
    assert warned.head == ["Customer", "Segment", "Risk", "Expected spend in 180 days", "Why"]
    silent = "300 EUR in 180 days if they order by 23 March 2026, 50 if not; no order for 80 days"
    late = "6,030 EUR in 180 days if they order by 23 March 2026, 958 if not; silent for longer than usual"
    assert warned.rows == [["NA", "Loyal", "50%", "200 EUR", silent], ["@kim", "Loyal", "29%", "4,540 EUR", late]]
    listed = leads.customers(leads.VALUE, *told)
    assert [row[0] for row in listed.rows] == ["@kim", "NA", "c"]
    assert listed.rows[0][4] == "58.9 EUR"
    assert leads.customers("08_monitoring", *told) is leads.customers(leads.VALUE, None, *told[1:]) is None


@pytest.mark.parametrize(
    ("verdict", "reason", "begin"),
    [
        ("none", "No need to train anew: all is well.", "Yes, it may stay. No need"),
        ("none", "There is nothing to judge yet.", "It may stay for now. There"),
        ("retrain", "Errors have added up.", "No, it should be trained again. Errors"),
    ],
)
def test_page_8_answers_whether_the_model_may_stay(verdict, reason, begin):
    assert leads.watched({"verdict": verdict, "reason": reason}).startswith(begin)
