import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import brier_score_loss, roc_auc_score

from patrons.evaluation import metrics as ev

TRUTH = np.array([1, 1, 0, 1, 0, 0])
SCORE = np.array([0.9, 0.8, 0.7, 0.6, 0.3, 0.1])


def test_roc_auc_counts_the_pairs_in_the_right_order():
    assert ev.roc_auc(TRUTH, SCORE) == pytest.approx(8 / 9)  # of 9 pairs one, 0.6 under 0.7, is wrong


def test_roc_auc_and_brier_are_those_of_scikit_learn_ties_included():
    rng = np.random.default_rng(0)
    truth, score = rng.integers(0, 2, 500), rng.integers(0, 20, 500) / 20
    assert ev.roc_auc(truth, score) == pytest.approx(roc_auc_score(truth, score), abs=1e-12)
    assert ev.brier(truth, score) == pytest.approx(brier_score_loss(truth, score), abs=1e-12)


def test_an_interval_holds_the_score_and_narrows_with_more_rows():
    rng = np.random.default_rng(0)
    few, many = (
        ev.bootstrap(ev.roc_auc, truth, truth + rng.normal(0, 1, n))
        for n in (100, 5000)
        for truth in [rng.integers(0, 2, n)]
    )
    for interval in (few, many):
        assert interval.low < interval.value < interval.high
    assert many.high - many.low < (few.high - few.low) / 3


def test_the_interval_of_a_mean_is_close_to_the_textbook_one():
    truth = np.tile([0, 1], 200)  # standard error of a mean of 400 values with variance 1/4: 0.025
    interval = ev.bootstrap(lambda t, s: t.mean(), truth, truth, repeats=2000)
    assert interval.high - interval.low == pytest.approx(2 * 1.96 * 0.025, rel=0.1)


def test_a_model_compared_with_itself_differs_by_nothing():
    assert ev.paired_difference(ev.roc_auc, TRUTH, SCORE, SCORE, repeats=50) == (0, 0, 0)


def test_the_threshold_is_the_highest_that_reaches_the_recall():
    assert ev.threshold_for_recall(TRUTH, SCORE, 0.6) == 0.8  # two of three positives are at or above 0.8
    assert ev.threshold_for_recall(TRUTH, SCORE, 0.7) == 0.6


def test_counts_at_a_threshold():
    found = ev.at_threshold(TRUTH, SCORE, 0.65)
    assert [found[key] for key in ("tn", "fp", "fn", "tp")] == [2, 1, 1, 2]
    assert (found["precision"], found["recall"]) == (pytest.approx(2 / 3), pytest.approx(2 / 3))


def test_a_threshold_above_all_scores_flags_nobody():
    assert ev.at_threshold(TRUTH, SCORE, 2)["precision"] == 0


def test_rows_that_are_equal_in_every_column_are_copies_missing_values_too():
    table = pd.DataFrame({"a": [1.0, None, 1.0, None, 1.0], "b": ["x", "y", "x", "y", "y"]})
    assert list(ev.copies(table)) == [0, 1, 0, 1, 2]


GROUPS = np.repeat(np.arange(100), 2)  # each customer twice
OUTCOMES = np.repeat([0, 0, 0, 1] * 25, 2)


def test_a_hold_out_keeps_copies_together_and_outcomes_in_proportion():
    held = ev.hold_out(GROUPS, OUTCOMES, 0.2, seed=1)
    assert held.sum() == 40
    assert OUTCOMES[held].sum() == 10
    assert not set(GROUPS[held]) & set(GROUPS[~held])


def test_random_folds_validate_every_row_once_and_keep_copies_together():
    folds = ev.random_folds(GROUPS, OUTCOMES, 5, seed=1)
    assert sorted(row for _, validated in folds for row in validated) == list(range(200))
    for fitted, validated in folds:
        assert not set(GROUPS[fitted]) & set(GROUPS[validated])
        assert len(fitted) + len(validated) == 200


def test_an_outcome_that_one_customer_alone_has_is_no_hindrance():
    outcomes = np.array(["common"] * 60 + ["rare"] * 39 + ["single"], object)
    held = ev.hold_out(np.arange(100), outcomes, 0.2, seed=1)
    assert held.sum() == 20
    assert np.sum(outcomes[held] == "rare") in (7, 8)
    folds = ev.random_folds(np.arange(100), outcomes, 5, seed=1)  # without a warning, which would be an error here
    assert sorted(row for _, validated in folds for row in validated) == list(range(100))


@pytest.mark.parametrize(
    ("low", "high", "said"),
    [(0.1, 0.2, "is better than"), (-0.2, -0.1, "is worse than"), (-0.1, 0.1, "cannot be told apart")],
)
def test_a_difference_is_better_worse_or_cannot_be_told(low, high, said):
    assert ev.Interval(0, low, high).told().startswith(said)


def test_calibration_error_is_the_mean_gap_of_forecast_and_observed():
    truth, score = np.array([0, 0, 1, 0, 1, 1]), np.array([0.1, 0.1, 0.5, 0.5, 0.9, 0.9])
    assert ev.calibration_error(truth, score, groups=3) == pytest.approx((0.1 + 0 + 0.1) / 3)
