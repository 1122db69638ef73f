"""The door of 02: what it adds to the features of a log, worked out on two customers."""

from datetime import date

import ibis
import pandas as pd
import pytest

from patrons.btyd.mbgnbd import Fitted
from patrons.features import Recipe

LOG = pd.DataFrame(
    {
        "customer_id": ["b", "a", "a", "b"],
        "order_id": ["1", "2", "3", "4"],
        "product_id": "x",
        "ordered_at": pd.to_datetime(["2024-01-01", "2024-01-10", "2024-12-20", "2024-12-24"]),
        "quantity": 1.0,
        "amount": [10.0, 20.0, 30.0, 40.0],
    }
)
DAYS = [date(2024, 11, 1), date(2024, 12, 22)]
FITTED = Fitted(0.8, 4.0, 0.6, 2.5)


def described(**settings):
    return Recipe(60, peak_months=[12], **settings).describe(ibis.memtable(LOG), DAYS, outcome=True, fitted=FITTED)


def test_rows_are_by_day_and_customer_with_what_happened_next():
    table = described()
    assert table.customer_id.tolist() == ["a", "b", "a", "b"]
    assert table.churned.tolist() == [0, 0, 1, 0]
    assert set(table.known_on.dt.date) == {date(2024, 12, 31), date(2025, 2, 20)}


def test_without_outcome_nothing_is_said_of_later_days():
    table = Recipe(60).describe(ibis.memtable(LOG), DAYS[:1])
    assert not {"churned", "known_on", "peak_ahead"} & set(table)
    assert "expected_orders_60d" in table


def test_the_season_and_the_expectations_are_among_the_columns_and_in_the_dictionary():
    recipe = Recipe(60, peak_months=[12])
    table = recipe.describe(ibis.memtable(LOG), DAYS, fitted=FITTED)
    assert table.peak_ahead.tolist() == [0.5, 0.5, 0.25, 0.25]  # 31 of the 60 days, and 10
    assert set(recipe.dictionary().feature) == set(table) - {"customer_id", "as_of"}
    assert recipe.calendar(table) == ["peak_ahead", "peak_share", "peak_habit"]
    assert Recipe(60).calendar(table) == []


@pytest.mark.parametrize("group", ["lifetime", "returns"])
def test_what_is_left_out_is_in_no_column_and_not_in_the_dictionary(group):
    recipe = Recipe(60, leave_out=[group])
    assert group not in set(recipe.dictionary().group)
    missing = set(Recipe(60).dictionary().feature) - set(recipe.dictionary().feature)
    assert not missing & set(described(leave_out=[group]))


def test_attributes_close_the_dictionary():
    assert Recipe().dictionary(["country"]).iloc[-1].tolist() == [
        "country",
        "attributes",
        "category or number",
        "as the customer table has it",
        "country",
    ]
