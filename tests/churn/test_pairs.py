import numpy as np
import pandas as pd
import pytest

from patrons.churn import gates
from patrons.churn.pairs import best_pair

RNG = np.random.default_rng(0)
ROWS = pd.DataFrame(RNG.normal(size=(1000, 30)), columns=[f"noise_{n}" for n in range(30)]).assign(
    begun=RNG.uniform(0, 100, 1000), plan=RNG.choice(["free", "gold"], 1000)
)
CHURNED = pd.Series(RNG.integers(0, 2, 1000))


def test_two_days_whose_order_is_the_outcome_are_found_together():
    ended = ROWS.begun + np.where(CHURNED == 1, -1, 1) * RNG.uniform(0.5, 5, 1000)
    score, names = best_pair(ROWS.assign(ended=ended), CHURNED, 0)
    assert score > 0.98
    assert set(names) == {"begun", "ended"}
    gate = gates.pair_of_features(ROWS.assign(ended=ended), CHURNED, 0)
    assert gate.gate == "best pair of features in a small tree, begun and ended (ROC AUC)"
    assert not gate.passed


def test_a_number_and_a_category_that_only_together_tell_are_found():
    gold = ROWS.plan == "gold"
    other = pd.Series(np.where(gold ^ (CHURNED == 1), 1.0, 0.0))
    score, names = best_pair(ROWS.assign(other=other), CHURNED, 0)
    assert score == pytest.approx(1)
    assert set(names) == {"plan", "other"}


def test_noise_gives_no_pair_away_and_a_single_column_has_none():
    assert best_pair(ROWS, CHURNED, 0)[0] < 0.65
    assert gates.pair_of_features(ROWS, CHURNED, 0).passed
    assert gates.pair_of_features(ROWS[["begun"]], CHURNED, 0).passed
    assert gates.pair_of_features(ROWS, CHURNED * 0, 0).passed
