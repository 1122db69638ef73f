import numpy as np
import pytest
from sklearn.metrics import accuracy_score, balanced_accuracy_score, f1_score

from patrons.evaluation import metrics as evaluation
from patrons.evaluation import multiclass

RNG = np.random.default_rng(0)
TRUTH = np.array(list("abc"), dtype=object)[RNG.integers(0, 3, 400)]
TOLD = np.where(RNG.random(400) < 0.7, TRUTH, "a")


def test_scores_by_hand():
    truth, told = np.array(["a"] * 8 + ["b"] * 2), np.array(["a"] * 10)
    scores = multiclass.scores(truth, told)
    assert scores["accuracy"].value == 0.8
    assert scores["balanced_accuracy"].value == 0.5
    assert scores["macro_f1"].value == pytest.approx((16 / 18) / 2)  # F1 of a: 16/18, of b: 0


def test_scores_are_those_of_scikit_learn():
    scores = multiclass.scores(TRUTH, TOLD)
    assert scores["accuracy"].value == pytest.approx(accuracy_score(TRUTH, TOLD))
    assert scores["balanced_accuracy"].value == pytest.approx(balanced_accuracy_score(TRUTH, TOLD))
    assert scores["macro_f1"].value == pytest.approx(f1_score(TRUTH, TOLD, average="macro"))


def test_the_interval_of_counts_is_that_of_resampled_rows():
    drawn, counted = evaluation.bootstrap(accuracy_score, TRUTH, TOLD, 300), multiclass.scores(TRUTH, TOLD)["accuracy"]
    assert counted.low == pytest.approx(drawn.low, abs=0.01)
    assert counted.high == pytest.approx(drawn.high, abs=0.01)


def test_a_verdict_against_itself_differs_by_nothing_and_a_better_one_by_more_than_chance():
    assert all(one == (0, 0, 0) for one in multiclass.differences(TRUTH, TOLD, TOLD).values())
    better = multiclass.differences(TRUTH, TRUTH, TOLD)["accuracy"]
    assert better.value == pytest.approx(1 - accuracy_score(TRUTH, TOLD))
    assert better.low > 0


def test_log_loss_and_calibration_by_hand():
    truth, classes = np.array(["a", "a", "b", "b"]), ["a", "b"]
    said = np.array([[0.8, 0.2], [0.8, 0.2], [0.6, 0.4], [0.4, 0.6]])
    assert multiclass.log_loss(truth, said, classes).value == pytest.approx(-np.log([0.8, 0.8, 0.4, 0.6]).mean())
    table, off = multiclass.calibration(truth, said, classes, groups=2)
    assert table.right.tolist() == [0.5, 1.0]  # said with 60 %: one of two right; with 80 %: both
    assert table.said.tolist() == pytest.approx([0.6, 0.8])
    assert off == pytest.approx((0.1 + 0.2) / 2)


def test_a_class_that_the_model_does_not_know_has_no_chance():
    assert multiclass.of_truth(np.array(["a", "z"]), np.array([[0.7, 0.3], [0.7, 0.3]]), ["a", "b"]).tolist() == [
        0.7,
        0,
    ]
