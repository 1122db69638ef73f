"""Customers unlike those of the training are told, by feature; those like them are not."""

import numpy as np
import pandas as pd
import pytest

from patrons.scoring.drift import Learnt, Watch
from patrons.scoring.rows import CATEGORY, NUMBER, Feature

FEATURES = [
    Feature("fee", NUMBER, True, example=70.0, low=20.0, high=120.0),
    Feature("calls", NUMBER, True, example=2.0, low=0.0, high=9.0),
    Feature("plan", CATEGORY, False, example="S", values=["S", "M", "L"]),
]
FAR = "lies far outside 20 to 120, the range in training"


def customers(count=200, **columns):
    table = pd.DataFrame({"fee": np.linspace(20, 120, count), "calls": np.arange(count) % 10.0, "plan": "S"})
    return table.assign(**columns)


def warned(*tables):
    watch = Watch(Learnt(FEATURES))
    for table in tables:
        watch.add(table)
    return {warning.feature: warning.text for warning in watch.warnings()}


def test_customers_like_those_of_the_training_are_not_told():
    assert warned(customers()) == {}
    assert Learnt(FEATURES).rows(customers(5)) == [None] * 5


def test_an_unknown_category_is_told_with_counts_and_examples():
    plans = ["XXL"] * 60 + ["s"] * 20 + [None] * 20 + ["M"] * 100
    assert warned(customers(plan=plans)) == {
        "plan": "plan: 80 of 180 customers have a value that is not known from training: 'XXL' (60), 's' (20); "
        "there is: S, M, L"
    }


@pytest.mark.parametrize(("factor", "told"), [(100, "100 times larger"), (1000, "1,000 times larger")])
def test_a_larger_unit_is_told(factor, told):
    text = warned(customers(fee=np.linspace(20, 120, 200) * factor))["fee"]
    assert text.startswith("fee: 200 of 200 customers lie far outside 20 to 120, the range in training, such as ")
    assert text.endswith(f"The median is about {told}: is it in another unit?")


@pytest.mark.parametrize(("factor", "told"), [(100, "100 times smaller"), (1000, "1,000 times smaller")])
def test_a_smaller_unit_is_told_where_no_number_is_out_of_range_too(factor, told):
    table = warned(customers(fee=np.linspace(20, 120, 200) / factor, calls=np.arange(200) % 10 / factor))
    assert f"about {told}" in table["fee"]
    assert f"about {told}" in table["calls"]


def test_parts_of_a_file_are_counted_together():
    cents = customers(100, fee=7000.0)
    assert warned(customers(100), cents)["fee"].startswith("fee: 100 of 200 customers lie far outside")


def test_the_few_that_chance_leaves_far_outside_are_no_drift_of_a_file():
    fees = np.linspace(20, 120, 200)
    fees[:8] = 500.0
    assert warned(customers(fee=fees)) == {}
    fees[:12] = 500.0
    assert "12 of 200" in warned(customers(fee=fees))["fee"]


def test_of_few_customers_only_what_is_very_far_is_told():
    assert warned(customers(3, fee=[70.0, 230.0, 70.0])) == {}
    assert "1 of 3 customers" in warned(customers(3, fee=[70.0, 7000.0, 70.0]))["fee"]


@pytest.mark.parametrize(
    ("row", "told"),
    [
        ({"fee": 67.9, "calls": 0.0, "plan": "S"}, None),
        ({"fee": 230.0, "calls": 0.0, "plan": np.nan}, None),
        ({"fee": np.nan, "calls": 5.0, "plan": "M"}, None),
        ({"fee": 6790.0, "calls": 0.0, "plan": "S"}, [f"fee: 6,790 {FAR}"]),
        ({"fee": 0.679, "calls": 0.0, "plan": "S"}, [f"fee: 0.679 {FAR}"]),
        ({"fee": 0.0, "calls": 0.0, "plan": "S"}, None),
        ({"fee": 70.0, "calls": 0.0, "plan": "s"}, ["plan: 's' is not known from training; did you mean 'S'?"]),
    ],
)
def test_one_customer_is_told_as_a_table_of_one(row, told):
    learnt = Learnt(FEATURES)
    assert learnt.one(row) == told
    assert learnt.rows(pd.DataFrame([row])) == [told]
