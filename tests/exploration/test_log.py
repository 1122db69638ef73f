from datetime import date

import ibis
import pandas as pd
import pytest

from patrons.exploration import log

# a: two orders in quarter 1, one in quarter 2; b: one in quarter 1; c: one in quarter 2
LOG = pd.DataFrame(
    {
        "customer_id": ["a", "a", "a", "b", "c"],
        "order_id": ["1", "2", "3", "4", "5"],
        "product_id": ["x", "y", "x", "x", "z"],
        "ordered_at": pd.to_datetime(["2024-01-02", "2024-02-01", "2024-04-20", "2024-03-31", "2024-06-10"]),
        "quantity": [1.0, 1, 1, 1, 1],
        "unit_price": [50.0, 10, 20, 15, 5],
        "amount": [50.0, 10, 20, 15, 5],
        "country": ["X", "X", "X", "Y", None],
    }
)
ORDERS = ibis.memtable(LOG)


def test_months_add_up_and_the_one_cut_off_is_marked():
    monthly = log.monthly(ORDERS)
    assert monthly.revenue.tolist() == [50, 10, 15, 20, 0, 5]
    assert monthly.complete.tolist() == [True, True, True, True, True, False]  # the log ends on 10 June


def test_the_best_customers_come_first_in_the_pareto_curve():
    curve = log.pareto(ORDERS)  # a brings 80, b 15, c 5
    assert curve.revenue[round(200 / 3) + 1] == pytest.approx(0.8, abs=0.01)
    assert curve.iloc[[0, -1]].to_numpy().tolist() == [[0, 0], [1, 1]]
    assert (curve.revenue.diff().dropna() >= 0).all()


def test_order_values_are_sums_over_lines():
    twice = pd.concat([LOG, LOG[:1]])
    bins, marks = log.order_values(ibis.memtable(twice))  # 5, 10, 15, 20, 100
    assert marks == {"median": 15, "mean": 30, "low": 5, "high": 100}
    assert [bins.orders[(bins.low <= n) & (n < bins.high)].sum() for n in (5, 10.01, 15.01, 20.01, 100)] == [1] * 5
    assert bins.orders.sum() == 5


def test_orders_of_one_value_are_a_histogram_too():
    bins, _ = log.order_values(ibis.memtable(LOG.assign(amount=9.0)))
    assert bins.orders.sum() == 5


def test_a_month_without_an_order_is_a_row_of_zero():
    assert log.monthly(ibis.memtable(LOG.drop(index=[2, 3]))).revenue.tolist() == [50, 10, 0, 0, 0, 5]


def test_the_clock_counts_orders_by_weekday_and_hour():
    clock = log.clock(ibis.memtable(LOG.assign(ordered_at=LOG.ordered_at + pd.Timedelta("9h"))))
    assert list(clock.columns) == [9]
    assert clock[9].to_dict() == {
        "Monday": 0.2, "Tuesday": 0.2, "Wednesday": 0, "Thursday": 0.2, "Friday": 0, "Saturday": 0.2, "Sunday": 0.2,
    }  # fmt: skip


def test_spend_is_compared_by_the_values_of_an_attribute():
    people = pd.DataFrame({"customer_id": ["a", "b", "c"], "country": "X", "plan": ["gold", "free", None]})
    table = log.by_attribute(ORDERS, people)
    assert table[["attribute", "value", "spend"]].to_numpy().tolist() == [
        ["plan", "free", 15], ["plan", "gold", 80], ["plan", "unknown", 5],
    ]  # fmt: skip
    assert table.customers.tolist() == [1, 1, 1]
    assert table[["low", "high"]].isna().all(axis=None)  # of one customer nothing is known


def test_intervals_of_median_spend_hold_for_all_values_at_once():
    # two values of ten customers each: 97.5% each, ranks 2 and 9, as P(X <= 1) = .011 <= .0125 < P(X <= 2)
    people = pd.DataFrame({"customer_id": [f"c{n}" for n in range(20)], "plan": ["free"] * 10 + ["gold"] * 10})
    lines = pd.DataFrame(
        {"customer_id": people.customer_id, "order_id": "o", "amount": [*range(1, 11), *range(101, 111)]}
    )
    table = log.by_attribute(ibis.memtable(lines), people)
    assert table[["spend", "low", "high"]].to_numpy().tolist() == [[5.5, 2, 9], [105.5, 102, 109]]


def test_an_attribute_of_many_values_is_left_out():
    people = pd.DataFrame({"customer_id": [f"c{n}" for n in range(20)], "code": [f"x{n}" for n in range(20)]})
    assert log.by_attribute(ORDERS, people).empty


def test_totals_are_of_the_whole_log():
    assert log.totals(ORDERS) == {"customers": 3, "orders": 5, "revenue": 100}


def test_countries_beyond_the_first_are_one_row():
    shares = log.countries(ORDERS, most=1)
    assert shares.index.tolist() == ["X", "Other"]
    assert shares.revenue.tolist() == [0.8, pytest.approx(0.2)]
    assert shares.customers.tolist() == [pytest.approx(1 / 3), pytest.approx(2 / 3)]


def test_the_period_is_from_the_first_day_to_the_last():
    assert log.period(ORDERS) == (date(2024, 1, 2), date(2024, 6, 10))


def test_lines_below_zero_that_are_no_returns_are_counted():
    reasons = ["quantity not positive", None, "price not positive", "cancellation", "price not positive"]
    judged = LOG.assign(reason=reasons, amount=[-5.0, 1, -1, -2, 0])
    assert log.negative(ibis.memtable(judged)) == 2


def test_repeats_are_all_but_the_first_of_equal_lines():
    assert log.repeats(ibis.memtable(LOG.assign(copy=[0, 1, 2, 0, 0]))) == 2


def test_missing_values_are_counted_over_all_raw_lines():
    raw = ibis.memtable(LOG.assign(line=range(5), copy=0, reason=None))
    assert log.missing(raw)["country"] == 0.2


def test_extremes_are_beyond_the_quartiles_by_the_factor():
    amount = log.extremes(ORDERS, 1.5).set_index("column").loc["amount"]
    assert amount.limit == 35  # quartiles 10 and 20
    assert (amount.share, amount.revenue_share, amount.largest) == (0.2, 0.5, 50)
    assert (amount["mean"], amount.mean_without) == (20, 12.5)


def test_what_a_log_does_not_have_is_no_extreme_and_no_correlation():
    absent = ("quantity", "unit_price", "product_id")
    assert log.extremes(ORDERS, 1.5, absent).column.tolist() == ["amount"]
    assert not {"units", "products"} & set(log.correlations(ORDERS, absent).columns)


def test_correlations_are_of_customers():
    table = log.correlations(ORDERS)
    assert table.orders["spend"] == pytest.approx(0.866, abs=1e-3)  # ranks (3, 1.5, 1.5) against (3, 2, 1)
