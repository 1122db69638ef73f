import numpy as np
import pandas as pd
import pytest

from patrons import churn, churn_search, gates
from patrons.evaluation import Interval
from patrons.preparation import preparation

RNG = np.random.default_rng(0)
ROWS = pd.DataFrame(
    {"customer_id": np.arange(600).astype(str), "age": RNG.normal(40, 10, 600), "fee": RNG.normal(0, 1, 600),
     "group": np.arange(600), "churned": RNG.integers(0, 2, 600)}
)  # fmt: skip
TRAIN, TEST = ROWS[:400], ROWS[400:]
FIT = churn_search.memoriser(preparation(["age", "fee"], []), seed=0)


def test_shuffled_outcomes_score_chance_where_nothing_leaks():
    assert gates.shuffled(TRAIN, TEST, FIT, 0, "group").passed


def test_the_shuffled_canary_fires_when_customers_of_the_test_were_learnt_from():
    copied = pd.concat([TRAIN, TEST[:60]], ignore_index=True)  # copies keep their group
    found = gates.shuffled(copied, TEST, FIT, 0, "group")
    assert not found.passed
    assert found.value > 0.6


def test_a_planted_leak_is_caught_and_named():
    leaking = churn.inputs(ROWS).assign(refund=ROWS.churned * 10 + RNG.normal(0, 1, 600))
    found = gates.single_feature(leaking, ROWS.churned, 0)
    assert not found.passed
    assert "refund" in found.gate
    assert gates.single_feature(churn.inputs(ROWS), ROWS.churned, 0).passed


def days(as_of, **more):
    as_of = pd.to_datetime(as_of)
    known = as_of + pd.Timedelta(days=90)
    return pd.DataFrame({"as_of": as_of, "known_on": known, "recency_days": 3, "churned": 1, **more})


def test_rows_dated_after_the_day_they_describe_are_counted():
    train, test = days(["2024-01-01", "2024-02-01"]), days(["2024-06-01"])
    assert gates.dated(train, test).passed
    assert gates.dated(days(["2024-01-01", "2024-05-01"]), test).value == 1  # known only in July
    assert gates.dated(train.assign(recency_days=[-1, 3]), test).value == 1
    last = pd.to_datetime(["2023-12-01", "2024-02-02"])
    assert gates.dated(train.assign(last_order=last), test.assign(last_order=pd.Timestamp("2024-05-01"))).value == 1


def test_a_gate_is_a_value_a_limit_and_a_verdict():
    table = gates.table(
        [
            gates.at_least("auc", 0.7, 0.6),
            gates.at_most("gap", 0.2, 0.1),
            gates.beats("recency", Interval(0.1, -0.01, 0.2)),
        ]
    )
    assert table.verdict.tolist() == ["passed", "failed", "failed"]
    assert table.limit.tolist() == ["at least 0.6", "at most 0.1", "above 0"]
    assert not gates.at_least("auc", np.nan, 0.6).passed
    assert gates.as_record(gates.table([gates.at_least("auc", np.nan, 0.6)]))[0]["value"] is None


def test_noise_of_an_auc_is_that_of_the_rank_sum():
    assert gates.null_error(10, 10) == pytest.approx((21 / 1200) ** 0.5)
