import numpy as np
import pytest
from sklearn.metrics import accuracy_score, balanced_accuracy_score, f1_score

from patrons.evaluation import multiclass

RNG = np.random.default_rng(0)
TRUTH = np.array(list("abc"), dtype=object)[RNG.integers(0, 3, 400)]
PREDICTIONS = np.where(RNG.random(400) < 0.7, TRUTH, "a")


def test_scores_by_hand():
    truth, predictions = np.array(["a"] * 8 + ["b"] * 2), np.array(["a"] * 10)
    scores = multiclass.scores(truth, predictions)
    assert scores["accuracy"].value == 0.8
    assert scores["balanced_accuracy"].value == 0.5
    assert scores["macro_f1"].value == pytest.approx((16 / 18) / 2)  # F1 of a: 16/18, of b: 0


def test_scores_are_those_of_scikit_learn():
    scores = multiclass.scores(TRUTH, PREDICTIONS)
    assert scores["accuracy"].value == pytest.approx(accuracy_score(TRUTH, PREDICTIONS))
    assert scores["balanced_accuracy"].value == pytest.approx(balanced_accuracy_score(TRUTH, PREDICTIONS))
    assert scores["macro_f1"].value == pytest.approx(f1_score(TRUTH, PREDICTIONS, average="macro"))


def test_the_interval_of_counts_is_that_of_resampled_rows():
    rows = np.random.default_rng(1).integers(0, 400, (2000, 400))
    low, high = np.quantile((TRUTH == PREDICTIONS)[rows].mean(axis=1), [0.025, 0.975])
    interval = multiclass.scores(TRUTH, PREDICTIONS)["accuracy"]
    assert interval.low == pytest.approx(low, abs=0.01)
    assert interval.high == pytest.approx(high, abs=0.01)


def test_predictions_against_themselves_differ_by_nothing_and_better_ones_by_more_than_chance():
    assert all(one == (0, 0, 0) for one in multiclass.differences(TRUTH, PREDICTIONS, PREDICTIONS).values())
    better = multiclass.differences(TRUTH, TRUTH, PREDICTIONS)["accuracy"]
    assert better.value == pytest.approx(1 - accuracy_score(TRUTH, PREDICTIONS))
    assert better.low > 0


def test_log_loss_and_calibration_by_hand():
    truth, classes = np.array(["a", "a", "b", "b"]), ["a", "b"]
    probabilities = np.array([[0.8, 0.2], [0.8, 0.2], [0.6, 0.4], [0.4, 0.6]])
    assert multiclass.log_loss(truth, probabilities, classes).value == pytest.approx(
        -np.log([0.8, 0.8, 0.4, 0.6]).mean()
    )
    table, off = multiclass.calibration(truth, probabilities, classes, groups=2)
    assert table.accuracy.tolist() == [0.5, 1.0]  # predicted with 60%: one of two right; with 80%: both
    assert table.confidence.tolist() == pytest.approx([0.6, 0.8])
    assert off == pytest.approx((0.1 + 0.2) / 2)


def test_a_class_that_the_model_does_not_know_has_no_chance():
    probabilities = np.array([[0.7, 0.3], [0.7, 0.3]])
    assert multiclass.probability_of_truth(np.array(["a", "z"]), probabilities, ["a", "b"]).tolist() == [0.7, 0]
