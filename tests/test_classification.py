import numpy as np
import pandas as pd
import pytest

from patrons import classification
from patrons.preparation import preparation

RNG = np.random.default_rng(0)
Y = np.repeat(["Champions", "Lost"], 150)
X = pd.DataFrame({"spend": np.where(Y == "Champions", 100, 10) + RNG.normal(0, 5, 300), "noise": RNG.normal(size=300)})


def model():
    return classification.segment_model(preparation(["spend", "noise"], []), trees=20, seed=0)


def test_separate_segments_are_told_apart_in_every_fold():
    folds = classification.cross_validated(model(), X, Y, folds=5, seed=0)
    assert folds.shape == (5, 2)
    assert folds.min(axis=None) == 1


def test_shuffled_labels_score_no_better_than_chance():
    folds = classification.cross_validated(model(), X, RNG.permutation(Y), folds=5, seed=0)
    assert folds.accuracy.mean() == pytest.approx(0.5, abs=0.12)


def test_accuracy_and_macro_f1_by_hand():
    truth, predicted = np.array(["a"] * 8 + ["b"] * 2), np.array(["a"] * 10)
    scores = classification.scores(truth, predicted)
    assert scores["accuracy"].value == 0.8
    assert scores["macro_f1"].value == pytest.approx((16 / 18) / 2)  # F1 of a: 16/18, of b: 0


def test_importances_name_the_columns_and_add_up_to_one():
    important = classification.importances(model().fit(X, Y))
    assert important.index[0] == "spend"
    assert important.sum() == pytest.approx(1)


def test_near_copies_of_what_is_hidden_are_named():
    table = pd.DataFrame(
        {"orders": [1, 2, 3, 4, 5], "visits": [1, 2, 3, 5, 9], "value": [3, 1, 2, 5, 4], "plan": list("abcab")}
    )
    assert classification.near_copies(table, ["orders"], ["visits", "value", "plan"]) == ["visits"]
