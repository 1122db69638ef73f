import numpy as np
import pandas as pd
import pytest

from patrons.monitoring import spending

SPREAD = {"edges": [50.0], "low": [0.5, 0.5], "high": [2.0, 2.0]}


def scored(expected, spent):
    return pd.DataFrame(
        {
            "customer_id": [str(n) for n in range(len(spent))],
            "day": pd.Timestamp("2024-03-01"),
            "origin": "kept",
            "expected_spend": expected,
            "spend": spent,
        }
    )


def test_the_relative_error_is_that_of_totals():
    day = spending.of_days(scored([30.0, 90.0, 10.0], [50.0, 50.0, np.nan])).iloc[0]
    assert (day.customers, day.expected, day.spent) == (2, 120, 100)
    assert day.relative_error == pytest.approx(0.2)
    assert day.relative_error_low <= 0.2 <= day.relative_error_high
    assert np.isnan(day.coverage)


def test_coverage_is_that_of_the_mean_spend_of_groups():
    expected = [10.0] * 20 + [100.0] * 20
    spent = [15.0] * 20 + [500.0] * 2 + [0.0] * 18  # means 15 (5 to 20 let) and 50 (50 to 200 let)
    day = spending.of_days(scored(expected, spent), SPREAD).iloc[0]
    assert (day.groups, day.inside, day.coverage) == (2, 2, 1)
    spent[20] = 400.0  # mean 45
    assert spending.of_days(scored(expected, spent), SPREAD).coverage.tolist() == [0.5]


def test_a_group_of_few_customers_says_nothing():
    day = spending.of_days(scored([10.0] * 20 + [100.0] * 19, [10.0] * 39), SPREAD).iloc[0]
    assert (day.groups, day.inside) == (1, 1)


def test_where_nothing_was_spent_there_is_no_relative_error():
    assert spending.of_days(scored([10.0], [0.0])).relative_error.isna().all()


def test_without_spend_there_are_no_rows():
    assert spending.of_days(scored([10.0], [1.0]).drop(columns="spend")).empty
    assert spending.of_days(scored([10.0], [np.nan])).empty
