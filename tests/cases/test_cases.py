"""Awkward files with their right answers, from the folder `cases` beside the one that PATRONS_DATA names."""

import os
from pathlib import Path

import pytest
import yaml

from patrons.errors import SourceError
from patrons.intake.init import init
from patrons.intake.order_log import read_log
from patrons.intake.orders import judge, kept

CASES = Path(os.environ.get("PATRONS_DATA", "none")).parent / "cases"
pytestmark = pytest.mark.skipif(not (CASES / "README.md").is_file(), reason="no folder cases beside PATRONS_DATA")


def columns(path):
    return yaml.safe_load(path.read_text(encoding="utf-8"))["01_eda"]["columns"]


def facts(name, root):
    """Lines, customers, orders, amount, first and last day of a case, read as `init` says."""
    named = columns(init(CASES / name, root).path)
    table = kept(judge(read_log(CASES / name, named).lines, "", [], "keep").cache()).to_pandas()
    return {
        "lines": len(table),
        "customers": table.customer_id.nunique(),
        "amount": round(float(table.amount.sum()), 2),
        "first": f"{table.ordered_at.min():%Y-%m-%d %H:%M}",
        "last": f"{table.ordered_at.max():%Y-%m-%d %H:%M}",
    }


@pytest.mark.parametrize(
    ("name", "right"),
    [
        (
            "01-shopify-multiline/orders_export.csv",
            {"lines": 3264, "amount": 352161.50, "first": "2022-01-03 14:43", "last": "2023-07-02 17:26"},
        ),
        (
            "06-month-sheets/orders-by-month.xlsx",
            {"lines": 3290, "customers": 260, "amount": 360186.40, "first": "2022-01-01 12:29"}
            | {"last": "2023-06-29 22:04"},
        ),
        (
            "07-foreign-months/bestellungen.csv",
            {"lines": 3776, "customers": 300, "amount": 3520654.20, "first": "2022-01-03 00:00"}
            | {"last": "2023-07-03 00:00"},
        ),
        (
            "07-foreign-months/commandes.csv",
            {"lines": 3776, "customers": 300, "amount": 3520654.20, "first": "2022-01-03 20:21"}
            | {"last": "2023-07-03 21:17"},
        ),
        ("17-kkbox-subscriptions/transactions_v2.csv", {"first": "2015-10-01 00:00", "last": "2017-03-31 00:00"}),
        ("small/sheets.xlsx", {"lines": 360, "amount": 4671}),
        ("small/member.csv", {"customers": 50}),
        ("small/german.csv", {"lines": 400, "customers": 50}),
        ("small/email.csv", {"lines": 400, "customers": 60}),
        ("small/id.csv", {"lines": 400, "customers": 60}),
        ("small/iso_space_offset.csv", {"lines": 400, "first": "2022-01-03 09:00"}),
        ("small/iso_offset_colon_space.csv", {"lines": 400, "first": "2022-01-03 09:00"}),
        ("small/word_pst.csv", {"lines": 400, "first": "2022-01-03 09:00"}),
    ],
)
def test_a_case_is_read_with_its_right_values(tmp_path, name, right):
    measured = facts(name, tmp_path)
    assert {key: measured[key] for key in right} == right


def test_every_sheet_that_is_not_read_is_named(tmp_path):
    written = init(CASES / "06-month-sheets/orders-by-month.xlsx", tmp_path)
    assert "Sheets not read: Read me (no table), Year totals (other columns" in written.description


@pytest.mark.parametrize(
    ("name", "right"),
    [
        ("17-kkbox-subscriptions/transactions_v2.csv", ("msno", "transaction_date", "actual_amount_paid")),
        ("small/member.csv", ("msno", "transaction_date", "actual_amount_paid")),
        ("small/discount.csv", ("customer_id", "order_date", "order_total")),
    ],
)
def test_no_word_is_found_inside_another(tmp_path, name, right):
    named = columns(init(CASES / name, tmp_path).path)
    assert tuple(named[ours] for ours in ("customer_id", "ordered_at", "amount")) == right
    assert "quantity" not in named


def test_a_column_of_one_value_is_no_customer(tmp_path):
    with pytest.raises(SourceError, match=r"customer_id not found\. Looked at: account type: it has one value"):
        init(CASES / "small/account_type.csv", tmp_path)
    assert not (tmp_path / "params").exists()


def test_a_label_of_one_value_is_named(tmp_path):
    with pytest.raises(SourceError, match="Exited has one value, 0"):
        init(CASES / "small/const.csv", tmp_path)


@pytest.mark.parametrize("name", ["three.csv", "response.csv"])
def test_a_label_that_is_not_known_is_a_line_to_settle(tmp_path, name):
    written = init(CASES / "small" / name, tmp_path)
    assert 'label: ""  # TO SETTLE: Which column is the one that says who churned?' in written.path.read_text()
    assert "'Churned'" in written.questions[0] or "Response (0 " in written.questions[0]
