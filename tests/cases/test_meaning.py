"""What the lines of awkward files mean: customers, currencies, status, refunds, dates that cannot be, labels.

The right values are those of the cases' EXPECT.md, computed before the files were disfigured.
"""

import os
from pathlib import Path

import ibis
import pytest

from patrons.errors import OrdersError
from patrons.exploration import doubts
from patrons.intake import customers, order_log, orders, reading, rules, unused
from patrons.intake.roles import CustomersError, Roles
from patrons.intake.rules import Rules

CASES = Path(os.environ.get("PATRONS_DATA", "")).parent / "cases"
pytestmark = pytest.mark.skipif(
    not (os.environ.get("PATRONS_DATA") and CASES.is_dir()), reason="no folder `cases` beside that of PATRONS_DATA"
)
PAYMENTS = {"customer_id": "Customer ID", "order_id": "id", "ordered_at": "Created date (UTC)", "amount": "Amount"}
SHOP = {"customer_id": "billing_email", "order_id": "order_id", "ordered_at": "order_date", "amount": "order_total"}
MEMBERS = {"customer_id": "msno", "ordered_at": "transaction_date", "amount": "actual_amount_paid"}
SMALL = {"ordered_at": "order_date"}
MOVED = {"order_id": "order_number", "ordered_at": "created_at", "product_id": "product_number"}


def log(file, columns, rules=None, duplicates="keep"):
    read = order_log.read_log(CASES / file, columns, None, rules)
    return read, orders.judge(read.lines, "", [], duplicates).cache()


def totals(judged):
    kept = judged.filter(judged.reason.isnull())
    row = kept.agg(customers=kept.customer_id.nunique(), orders=kept.order_id.nunique(), revenue=kept.amount.sum())
    values = row.to_pandas().iloc[0]
    return int(values.customers), int(values.orders), round(float(values.revenue), 2)


def test_payments_in_three_currencies_have_no_sum():
    with pytest.raises(OrdersError, match=r"several currencies, eur .* usd .* jpy .*one currency at a time"):
        log("09-stripe-payments/unified_payments.csv", PAYMENTS)


@pytest.mark.parametrize(("currency", "net"), [("EUR", 204_721.80), ("usd", 121_974.75), ("JPY", 13_136_445.00)])
def test_payments_of_one_currency_less_failed_tries_and_refunds(currency, net):
    rules = Rules({"Status": ["Paid", "Refunded"]}, "Amount Refunded", "Currency", currency)
    _, judged = log("09-stripe-payments/unified_payments.csv", PAYMENTS, rules)
    assert totals(judged)[2] == net
    counts = orders.reasons(judged)
    assert counts["Status is Failed"] == 242
    assert int(counts.sum()) + int(judged.reason.isnull().sum().execute()) == 1927


@pytest.mark.parametrize(
    ("currency", "customers", "gross"), [("eur", 176, 214_364.30), ("usd", 101, 126_200.90), ("jpy", 63, 13_838_505.00)]
)
def test_payments_of_one_currency_before_refunds(currency, customers, gross):
    rules = Rules({"Status": ["Paid", "Refunded"]}, "", "Currency", currency)
    found = totals(log("09-stripe-payments/unified_payments.csv", PAYMENTS, rules)[1])
    assert (found[0], found[2]) == (customers, gross)


def test_customer_0_of_a_shop_with_guests_is_nobody():
    read, judged = log("02-woo-guest-zero/orders-export.csv", {**SHOP, "customer_id": "customer_id"})
    assert orders.reasons(judged)["no customer"] == 1074
    assert read.notes[0].startswith("“0” stands on 1,074 lines and is taken for no customer")


def test_email_addresses_are_one_customer_whatever_their_case():
    read, judged = log("02-woo-guest-zero/orders-export.csv", SHOP)
    assert totals(judged) == (320, 1749, 457_416.60)
    assert read.notes == ("92 e-mail addresses differ from another one only in case: they are one customer with it.",)


def test_status_and_refunds_that_nobody_named_are_asked_about():
    read, _ = log("02-woo-guest-zero/orders-export.csv", SHOP)
    status, refunds = unused.questions(read.unused)
    assert status.startswith("status is not used, and may change what a line means: it holds completed (88.9%)")
    assert "failed (2.1%)" in status
    assert refunds.startswith("refunded_total is not used")


def test_failed_and_cancelled_orders_and_refunds_are_no_revenue_once_they_are_named():
    rules = Rules({"status": ["completed", "processing", "refunded"]}, "refunded_total")
    _, judged = log("02-woo-guest-zero/orders-export.csv", SHOP, rules)
    assert totals(judged)[0] == 313  # of 320, those with an order that counts and was not paid back in full
    assert totals(judged)[2] == 420_143.88
    assert orders.reasons(judged)[["status is cancelled", "status is failed"]].sum() == 83


def test_cancelled_subscriptions_are_no_payments_once_they_are_named():
    file = "17-kkbox-subscriptions/transactions_v2.csv"
    assert any(text.startswith("is_cancel") for text in unused.questions(log(file, MEMBERS)[0].unused))
    _, judged = log(file, MEMBERS, Rules({"is_cancel": ["0"]}), "quarantine")
    assert totals(judged)[2] == 477_458.00
    counts = {"is_cancel is 1": 85, "price not positive": 55, "exact duplicate": 25}
    assert orders.reasons(judged).to_dict() == counts
    assert int(judged.reason.isnull().sum().execute()) == 2078


def test_a_day_with_half_of_the_orders_is_told():
    _, judged = log("12-migration-day/after_migration.csv", MOVED)
    assert totals(judged) == (300, 1560, 395_433.50)
    [doubt] = doubts.of_log(orders.kept(judged))["dates"]
    assert doubt.startswith("54% of all orders (844 of 1,560) stand on one day, 17 October 2022.")


def test_zero_on_most_lines_is_never_a_customer():
    _, judged = log("small/zero.csv", SMALL)
    assert orders.reasons(judged).to_dict() == {"no customer": 266}


def test_two_currencies_in_one_column_are_refused_or_one_is_chosen():
    with pytest.raises(OrdersError, match="Currency holds several currencies"):
        log("small/currency.csv", SMALL)
    _, judged = log("small/currency.csv", SMALL, Rules(currency_column="Currency", currency="EUR"))
    assert orders.reasons(judged).to_dict() == {"amount in JPY": 200}


def test_a_label_of_three_states_counts_who_left_and_sets_leaks_aside():
    file = CASES / "14-telco-three-states/telecom_customer_churn.csv"
    intake = customers.read_table(file, Roles("Customer ID", "Customer Status", "Churned"))
    assert dict(zip(intake.answers["value"], intake.answers.customers, strict=True)) == {
        "Stayed": 1255, "Churned": 302, "Joined": 43,
    }  # fmt: skip
    aside = dict(intake.aside.to_numpy())
    assert aside["Churn Reason"].startswith("suspected leak")
    assert aside["Churn Category"].startswith("suspected leak")
    assert {"Zip Code", "Latitude", "Longitude", "City"} <= set(aside)
    assert (intake.table["Monthly Charge"] < 0).sum() == 34


def test_customers_who_just_joined_can_be_left_to_be_scored():
    file = CASES / "14-telco-three-states/telecom_customer_churn.csv"
    intake = customers.read_table(file, Roles("Customer ID", "Customer Status", "Churned", undecided=["Joined"]))
    assert (len(intake.table), len(intake.undecided)) == (1557, 43)
    assert round(intake.table.churned.mean(), 4) == 0.1940


def test_columns_made_of_the_answer_are_set_aside():
    file = CASES / "14-telco-three-states/telco_label_value_score_reason.csv"
    intake = customers.read_table(file, Roles("Customer ID", "Churn Label", "Yes"))
    assert len(intake.table) == 1557
    leaks = intake.aside.column[intake.aside.reason.str.startswith("suspected leak")]
    assert {"Churn Value", "Churn Score", "Churn Reason"} <= set(leaks)
    assert intake.table.churned.sum() == 302


def test_one_question_mark_in_a_label_is_one_row_without_an_outcome():
    intake = customers.read_table(CASES / "small/label_q.csv", Roles("CustomerId", "Exited", "1"))
    assert (len(intake.table), len(intake.undecided)) == (399, 1)


def test_one_repeated_row_is_counted_and_the_id_stays_one():
    intake = customers.read_table(CASES / "small/dup_id.csv", Roles("CustomerId", "Exited", "1"))
    assert len(intake.table) == 400
    assert intake.quarantine.reason.tolist() == ["exact duplicate, id included"]


def test_a_label_of_one_value_is_refused_by_name():
    with pytest.raises(CustomersError, match="Exited holds one value only, 0"):
        customers.read_table(CASES / "small/const.csv", Roles("CustomerId", "Exited", "1"))


CONTINUED = CASES / "01-shopify-multiline/orders_export_blank_continuation.csv"
EXPORT = {"customer_id": "Email", "ordered_at": "Created at", "order_id": "Name"}


def test_lines_that_continue_an_order_are_asked_about():
    with pytest.raises(OrdersError, match=r"1,934 of 3,264 lines have neither customer nor date.*`continued: join`"):
        log(CONTINUED, {**EXPORT, "amount": "Total"})


def test_lines_that_continue_an_order_have_its_customer_and_date_once_that_is_said():
    raw = reading.open_checked(CONTINUED).table.mutate(line=ibis.row_number())
    table, notes = rules.continued(raw, EXPORT, rules.JOIN)
    assert notes[0].startswith("1,934 lines continue an order")
    facts = table.agg(
        customers=table.Email.lower().nunique(), orders=table.Name.nunique(), lines=table["Created at"].count()
    )
    assert facts.to_pandas().iloc[0].tolist() == [280, 1330, 3264]
