import ibis
import pandas as pd
import pytest

from patrons import eda

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
    monthly = eda.monthly(ORDERS)
    assert monthly.revenue.tolist() == [50, 10, 15, 20, 5]
    assert monthly.complete.tolist() == [True, True, True, True, False]  # the log ends on 10 June


def test_the_best_customers_come_first_in_the_pareto_curve():
    spend = eda.spend(ORDERS)
    assert spend.to_dict() == {"a": 80, "b": 15, "c": 5}
    curve = eda.pareto(spend)
    assert curve.iloc[[0, -1]].to_numpy().tolist() == [[0, 0], [1, 1]]
    assert (curve.revenue.diff().dropna() >= 0).all()


def test_order_values_are_sums_over_lines():
    twice = pd.concat([LOG, LOG[:1]])
    assert sorted(eda.order_values(ibis.memtable(twice))) == [5, 10, 15, 20, 100]


def test_countries_beyond_the_first_are_one_row():
    shares = eda.countries(ORDERS, most=1)
    assert shares.index.tolist() == ["X", "Other"]
    assert shares.revenue.tolist() == [0.8, pytest.approx(0.2)]
    assert shares.customers.tolist() == [pytest.approx(1 / 3), pytest.approx(2 / 3)]


def test_half_of_the_first_cohort_came_back_in_the_next_quarter():
    cohorts = eda.cohorts(ORDERS)
    assert cohorts.loc[pd.Period("2024Q1"), 1] == 0.5
    assert pd.isna(cohorts.loc[pd.Period("2024Q2"), 1])  # its next quarter is not there yet


def test_missing_values_are_counted_over_all_raw_lines():
    raw = ibis.memtable(LOG.assign(line=range(5), copy=0, reason=None))
    assert eda.missing(raw).set_index("column").share.to_dict()["country"] == 0.2


def test_extremes_are_beyond_the_quartiles_by_the_factor():
    amount = eda.extremes(ORDERS, 1.5).set_index("column").loc["amount"]
    assert amount.limit == 35  # quartiles 10 and 20
    assert (amount.share, amount.revenue_share, amount.largest) == (0.2, 0.5, 50)


def test_correlations_are_of_customers():
    table = eda.correlations(ORDERS)
    assert table.orders["spend"] == pytest.approx(0.866, abs=1e-3)  # ranks (3, 1.5, 1.5) against (3, 2, 1)
