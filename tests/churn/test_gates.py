import numpy as np
import pandas as pd
import pytest

from patrons.churn import canaries, gates, split
from patrons.evaluation.metrics import Interval
from patrons.features.preparation import preparation

RNG = np.random.default_rng(0)
ROWS = pd.DataFrame(
    {"customer_id": np.arange(600).astype(str), "age": RNG.normal(40, 10, 600), "fee": RNG.normal(0, 1, 600),
     "group": np.arange(600), "churned": RNG.integers(0, 2, 600)}
)  # fmt: skip
TRAIN, TEST = ROWS[:400], ROWS[400:]
FIT = canaries.learner(preparation(["age", "fee"], []), 0, {"": canaries.memoriser(0)}, seed=0)


def test_dates_that_01_doubts_are_a_gate_that_fails():
    [gate] = gates.believable(["54% of all orders stand on one day."])
    assert not gate.passed
    assert gates.believable([]) == []


def shuffled(*args):
    """The gate of a single learner."""
    (gate,) = gates.shuffled(*args)
    return gate


def test_learners_share_a_preparation_and_each_has_its_own_gate():
    learners = {"": canaries.memoriser(1), ", to trees that know every row": canaries.memoriser(0)}
    both = gates.shuffled(TRAIN, TEST, canaries.learner(preparation(["age", "fee"], []), 0, learners, seed=0), 0)
    assert [gate.gate.removeprefix("shuffled outcomes") for gate in both] == [f"{name} (ROC AUC)" for name in learners]
    assert both[1]._replace(gate="") == shuffled(TRAIN, TEST, FIT, 0)._replace(gate="")


def test_shuffled_outcomes_score_chance_where_nothing_leaks():
    assert shuffled(TRAIN, TEST, FIT, 0).passed


def test_the_shuffled_canary_fires_when_customers_of_the_test_were_learnt_from():
    copied = pd.concat([TRAIN, TEST[:60]], ignore_index=True)  # copies keep their group
    gate = shuffled(copied, TEST, FIT, 0)
    assert not gate.passed
    assert gate.value > 0.6


DAYS = pd.date_range("2024-01-01", periods=9, freq="30D")  # outcomes are known 90 days later
PEOPLE, CUSTOMERS = RNG.normal(size=(300, 2)), np.arange(300).astype(str)
LOG = pd.DataFrame(
    {"customer_id": np.tile(CUSTOMERS, 9), "as_of": np.repeat(DAYS, 300),
     "known_on": np.repeat(DAYS + pd.Timedelta(days=90), 300), "height": np.tile(PEOPLE[:, 0], 9),
     "weight": np.tile(PEOPLE[:, 1], 9), "churned": np.tile(PEOPLE[:, 0] > 0.3, 9).astype(int)}
)  # fmt: skip
LEARNT, TESTED = split.split(LOG)
KNOWS = canaries.learner(preparation(["height", "weight"], []), 0, {"": canaries.memoriser(0)}, seed=0)


def test_a_model_that_recognises_the_customers_of_a_log_is_honest_and_passes():
    verdicts = [shuffled(LEARNT, TESTED, KNOWS, seed) for seed in range(20)]
    assert all(gate.passed for gate in verdicts)
    assert np.mean([gate.value for gate in verdicts]) == pytest.approx(0.5, abs=0.025)


def test_the_shuffled_canary_fires_on_a_log_of_which_later_outcomes_were_learnt():
    late = LOG[LOG.as_of < DAYS[8]]  # label windows of the last three days reach into that of the test
    assert shuffled(late, TESTED, KNOWS, 0).value > 0.7
    assert not shuffled(late, TESTED, KNOWS, 0).passed


@pytest.mark.parametrize(("train", "test"), [(TRAIN, TEST), (LEARNT, TESTED)], ids=["table", "log"])
def test_the_shuffled_canary_fires_on_a_preparation_that_looks_at_the_outcomes_of_the_rows_it_scores(train, test):
    def encoded(rows):
        """A target encoder fitted on the rows to score: the mean outcome of each customer."""
        return {"": rows.groupby("customer_id").churned.transform("mean").to_numpy(float)}

    assert not shuffled(train, test, lambda rows: encoded, 0).passed


def test_outcomes_are_shuffled_within_a_day_and_shared_where_windows_reach_beyond_the_test_day():
    rows = pd.concat([TESTED, LOG[LOG.as_of < DAYS[8]]], ignore_index=True).assign(n=range(2700))
    rows["churned"] = rows.n % 3 == 0
    outcomes, units = gates._shuffled_outcomes(rows, TESTED, np.random.default_rng(0))
    mixed = rows.assign(churned=outcomes, unit=units)
    early = mixed[mixed.known_on <= DAYS[8]]
    assert (early.groupby("as_of").churned.sum() == rows.loc[early.index].groupby("as_of").churned.sum()).all()
    assert mixed[mixed.as_of > DAYS[5]].groupby("customer_id").churned.nunique().eq(1).all()
    assert early.unit.is_unique


def test_a_planted_leak_is_caught_and_named():
    leaking = split.inputs(ROWS).assign(refund=ROWS.churned * 10 + RNG.normal(0, 1, 600))
    gate = gates.single_feature(leaking, ROWS.churned, 0)
    assert not gate.passed
    assert "refund" in gate.gate
    assert gates.single_feature(split.inputs(ROWS), ROWS.churned, 0).passed


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


def test_a_table_has_no_gate_of_days():
    assert [gate.gate.split(",")[0] for gate in gates.of_rows(TRAIN, TEST, split.inputs(TRAIN), 0)] == [
        "best single feature",
        "best pair of features in a small tree",
    ]
    log = gates.of_rows(LEARNT, TESTED, split.inputs(LEARNT), 0)
    assert log[2].gate.startswith("rows dated after")
    assert log[2].passed


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
