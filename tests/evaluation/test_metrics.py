import numpy as np
import pytest
from sklearn.metrics import brier_score_loss, roc_auc_score

from patrons.evaluation import metrics

TRUTH = np.array([1, 1, 0, 1, 0, 0])
SCORE = np.array([0.9, 0.8, 0.7, 0.6, 0.3, 0.1])


def test_roc_auc_counts_the_pairs_in_the_right_order():
    assert metrics.roc_auc(TRUTH, SCORE) == pytest.approx(8 / 9)  # of 9 pairs one, 0.6 under 0.7, is wrong


def test_roc_auc_and_brier_are_those_of_scikit_learn_ties_included():
    rng = np.random.default_rng(0)
    truth, score = rng.integers(0, 2, 500), rng.integers(0, 20, 500) / 20
    assert metrics.roc_auc(truth, score) == pytest.approx(roc_auc_score(truth, score), abs=1e-12)
    assert metrics.brier(truth, score) == pytest.approx(brier_score_loss(truth, score), abs=1e-12)


def test_the_threshold_is_the_highest_that_reaches_the_recall():
    assert metrics.threshold_for_recall(TRUTH, SCORE, 0.6) == 0.8  # two of three positives are at or above 0.8
    assert metrics.threshold_for_recall(TRUTH, SCORE, 0.7) == 0.6


def test_counts_at_a_threshold():
    verdict = metrics.at_threshold(TRUTH, SCORE, 0.65)
    assert [verdict[key] for key in ("tn", "fp", "fn", "tp")] == [2, 1, 1, 2]
    assert (verdict["precision"], verdict["recall"]) == (pytest.approx(2 / 3), pytest.approx(2 / 3))


def test_a_threshold_above_all_scores_flags_nobody():
    assert metrics.at_threshold(TRUTH, SCORE, 2)["precision"] == 0


@pytest.mark.parametrize(
    ("low", "high", "text"),
    [(0.1, 0.2, "is better than"), (-0.2, -0.1, "is worse than"), (-0.1, 0.1, "cannot be told apart")],
)
def test_a_difference_is_better_worse_or_neither(low, high, text):
    assert metrics.Interval(0, low, high).comparison().startswith(text)


def test_calibration_error_is_the_mean_gap_of_forecast_and_observed():
    truth, score = np.array([0, 0, 1, 0, 1, 1]), np.array([0.1, 0.1, 0.5, 0.5, 0.9, 0.9])
    assert metrics.calibration_error(truth, score, groups=3) == pytest.approx((0.1 + 0 + 0.1) / 3)
