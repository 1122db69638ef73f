"""Columns that change what a line means, on logs small enough to read."""

import pandas as pd
import pytest

from patrons.errors import OrdersError
from patrons.intake import order_log, orders, unused
from patrons.intake.rules import Rules

HEAD = "customer_id,order_id,ordered_at,amount"


def judged(folder, text, rules=None):
    (folder / "log.csv").write_text(text)
    log = order_log.read_log(folder / "log.csv", {}, None, rules)
    return log, orders.judge(log.lines, "", [], "keep").order_by("line").to_pandas()


def test_lines_without_a_wanted_value_are_set_aside_with_it(tmp_path):
    text = f"{HEAD},status\na,1,2024-01-31,10,Paid\na,2,2024-01-31,20,failed\nb,3,2024-01-31,30,\n"
    _, table = judged(tmp_path, text, Rules({"status": ["paid"]}))
    assert table.reason.fillna("").tolist() == ["", "status is failed", "status is empty"]


def test_a_line_of_an_order_has_the_status_of_its_first_line(tmp_path):
    text = f"{HEAD},status\na,1,2024-01-31,10,voided\na,1,2024-01-31,20,\nb,3,2024-01-31,30,paid\nb,3,2024-01-31,5,\n"
    _, table = judged(tmp_path, text, Rules({"status": ["paid"]}))
    assert table.reason.isna().tolist() == [False, False, True, True]


def test_a_blank_can_be_what_counts(tmp_path):
    text = f"{HEAD},Cancelled at\na,1,2024-01-31,10,\na,2,2024-01-31,20,2024-02-01\n"
    log, table = judged(tmp_path, text, Rules({"Cancelled at": [""]}))
    assert table.reason.fillna("").tolist() == ["", "Cancelled at is filled"]
    assert unused.questions(log.unused) == []


def test_a_refund_is_taken_from_all_lines_of_its_order(tmp_path):
    text = f"{HEAD},refund\na,1,2024-01-31,30,10\na,1,2024-01-31,10,\nb,2,2024-01-31,30,30\nc,3,2024-01-31,7,0\n"
    _, table = judged(tmp_path, text, Rules(refunds="refund"))
    assert table.amount.tolist() == [22.5, 7.5, 30, 7]  # a quarter of 40 came back
    assert table.reason.fillna("").tolist() == ["", "", "refunded in full", ""]


def test_a_refund_that_each_line_of_an_order_repeats_counts_once(tmp_path):
    text = f"{HEAD},refund\na,1,2024-01-31,10,12\na,1,2024-01-31,10,12\n"
    assert judged(tmp_path, text, Rules(refunds="refund"))[1].amount.tolist() == [4, 4]


def test_lines_of_another_currency_are_set_aside(tmp_path):
    text = f"{HEAD},cur\na,1,2024-01-31,10,eur\na,2,2024-01-31,20,USD\n"
    _, table = judged(tmp_path, text, Rules(currency_column="cur", currency="USD"))
    assert table.reason.fillna("").tolist() == ["amount in EUR", ""]


def test_several_currencies_without_a_rule_are_refused_unless_said_to_be_one(tmp_path):
    text = f"{HEAD},cur\na,1,2024-01-31,10,eur\na,2,2024-01-31,20,USD\n"
    with pytest.raises(OrdersError, match="cur holds several currencies"):
        judged(tmp_path, text)
    _, table = judged(tmp_path, text, Rules({"cur": ["eur", "usd"]}))
    assert table.reason.isna().all()


CONTINUED = f"{HEAD}\na,1,2024-01-31,10\n,1,,20\nb,2,2024-02-01,30\n,2,,5\n,9,,7\n"


def test_lines_that_continue_an_order_are_asked_about(tmp_path):
    with pytest.raises(OrdersError, match="2 of 5 lines have neither customer nor date, such as line 3"):
        judged(tmp_path, CONTINUED)


def test_lines_that_continue_an_order_get_its_customer_and_date(tmp_path):
    log, table = judged(tmp_path, CONTINUED, Rules(continued="join"))
    assert table.customer_id.fillna("").tolist() == ["a", "a", "b", "b", ""]  # order 9 has no first line
    assert table.ordered_at.iloc[3] == pd.Timestamp("2024-02-01")
    assert log.notes == ("2 lines continue an order: they have the customer and the date of the line above.",)


def test_lines_that_continue_an_order_can_be_left_aside(tmp_path):
    _, table = judged(tmp_path, CONTINUED, Rules(continued="leave"))
    assert table.reason.notna().sum() == 3


def test_a_rule_on_a_column_that_is_not_there_is_refused_with_the_nearest_name(tmp_path):
    text = f"{HEAD},Status\na,1,2024-01-31,10,paid\n"
    with pytest.raises(OrdersError, match=r"keep names 'state', which is not there; did you mean 'Status'"):
        judged(tmp_path, text, Rules({"state": ["paid"]}))


def test_rules_that_nobody_states_change_nothing(tmp_path):
    log, _ = judged(tmp_path, f"{HEAD}\na,1,2024-01-31,10\n")
    assert "ruled" not in log.lines.columns


@pytest.mark.parametrize(
    ("name", "values", "meaning"),
    [
        ("order_status", ["completed", "cancelled", "failed"], "status"),
        ("Zustand", ["bezahlt", "storniert"], "status"),
        ("is_cancel", ["0", "1"], "cancelled"),
        ("Type", ["charge", "payout", "charge"], "type"),
        ("Refunded Amount", ["0.00", "5.00"], "refunds"),
        ("refund", ["0.00", "0"], ""),
        ("Währung", ["EUR", "CHF"], "currency"),
        ("Currency", ["EUR", "EUR"], "currency"),
        ("member_type", ["gold", "silver"], ""),
        ("discount_total", ["1", "2"], ""),
        ("colour", ["red", "blue"], ""),
    ],
)
def test_what_a_column_says_of_its_line(tmp_path, name, values, meaning):
    pd.DataFrame({"a": "x", name: values}).to_parquet(tmp_path / "log.parquet")
    from patrons.intake.reading import open_source

    table = unused.describe(open_source(tmp_path / "log.parquet").table, ["a"])
    assert table.meaning.tolist() == [meaning]


def test_every_unused_column_is_listed_with_its_few_values(tmp_path):
    text = f"{HEAD},shop,note\na,1,2024-01-31,10,web,\na,2,2024-01-31,20,web,x\nb,3,2024-01-31,20,shop,\n"
    log, _ = judged(tmp_path, text)
    assert log.unused.column.tolist() == ["shop", "note"]
    assert {value: round(share, 2) for value, share in log.unused["values"][0].items()} == {"web": 0.67, "shop": 0.33}
    assert log.unused.filled.round(2).tolist() == [1.0, 0.33]


@pytest.mark.parametrize("nobody", ["guest", "Gast", "anonymous", "N/A", " "])
def test_a_guest_is_no_customer(tmp_path, nobody):
    _, table = judged(tmp_path, f"{HEAD}\n{nobody},1,2024-01-31,10\nb,2,2024-01-31,20\n")
    assert table.reason.fillna("").tolist() == ["no customer", ""]


def test_customer_0_is_one_where_it_has_no_more_lines_than_others(tmp_path):
    rows = "".join(f"{n % 4},{n},2024-01-31,10\n" for n in range(20))
    _, table = judged(tmp_path, f"{HEAD}\n{rows}")
    assert table.reason.isna().all()


@pytest.mark.parametrize("number", ["0", "-1", "000", "99999"])
def test_a_number_for_want_of_a_customer_is_nobody(tmp_path, number):
    rows = "".join(f"{number if n > 3 else n},{n},2024-01-31,10\n" for n in range(1, 20))
    _, table = judged(tmp_path, f"{HEAD}\n{rows}")
    assert (table.reason == "no customer").sum() == 16
