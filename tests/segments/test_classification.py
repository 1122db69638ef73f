import numpy as np
import pandas as pd
import pytest

from patrons.evaluation.metrics import Interval
from patrons.features.preparation import preparation
from patrons.models import load_model, save_model
from patrons.segments import classification

RNG = np.random.default_rng(0)
Y = np.repeat(["Champions", "Lost", "Loyal"], 60).astype(object)
X = pd.DataFrame({"spend": np.repeat([1000, 10, 100], 60) * RNG.lognormal(0, 0.2, 180), "noise": RNG.normal(size=180)})
PREPARE = preparation(["spend", "noise"], [])
MODELS = classification.families(trees=20, seed=0)
FOLDS = classification.folds_of(np.arange(180), Y, 5, 0)
SPACES = {"logistic regression": {"C": [0.1, 1.0, 3.0]}, "random forest": {"min_samples_leaf": [1.0, 5.0]}}


def test_every_family_tells_separate_segments_apart_on_rows_it_was_not_fitted_on():
    told = classification.out_of_fold(PREPARE, MODELS, X, Y, FOLDS)
    board = classification.scoreboard(Y, told)
    assert set(board.index) == set(MODELS)
    assert board.accuracy.min() > 0.9
    assert (board.macro_f1_low <= board.macro_f1).all()
    assert all(p.sum(axis=1) == pytest.approx(1, abs=1e-5) for p in told.values())


def test_shuffled_labels_score_no_better_than_chance():
    shuffled = RNG.permutation(Y)
    told = classification.out_of_fold(PREPARE, {"logit": MODELS["logistic regression"]}, X, shuffled, FOLDS)
    assert classification.scoreboard(shuffled, told).accuracy.iloc[0] == pytest.approx(1 / 3, abs=0.12)


def test_a_search_gives_each_family_its_best_setting():
    some = {name: MODELS[name] for name in SPACES}
    found = classification.search(PREPARE, some, SPACES, 2, X, Y, FOLDS, seed=0)
    assert [one.family for one in found] == list(some)
    assert next(one for one in found if one.family == "logistic regression").setting["C"] in (0.1, 1.0, 3.0)
    forest = next(one for one in found if one.family == "random forest")
    assert isinstance(forest.model.min_samples_leaf, int)  # parameters are floats, leaves are whole
    assert all(one.macro_f1 > 0.9 for one in found)


def test_a_setting_that_a_family_does_not_have_is_refused():
    with pytest.raises(classification.ClassificationError, match="no parameter deepness"):
        classification.search(PREPARE, MODELS, {"XGBoost": {"deepness": [3.0]}}, 2, X, Y, FOLDS, seed=0)


@pytest.mark.parametrize("name", MODELS)
def test_every_family_is_saved_as_one_pipeline_with_the_same_bytes_each_time(tmp_path, name):
    for file in ("a", "b"):
        save_model(tmp_path / f"{file}.skops", classification.fit(PREPARE, MODELS[name], X, Y))
    assert (tmp_path / "a.skops").read_bytes() == (tmp_path / "b.skops").read_bytes()
    again = load_model(tmp_path / "a.skops")
    assert list(again.classes_) == ["Champions", "Lost", "Loyal"]
    assert (classification.verdicts(classification.probabilities(again, X), again.classes_) == Y).mean() > 0.8


def test_forgetting_what_matters_costs_accuracy_and_forgetting_noise_does_not():
    model = classification.fit(PREPARE, MODELS["XGBoost"], X, Y)
    important = classification.importances(model, X, Y, repeats=3, seed=0)
    assert important.index[0] == "spend"
    assert important.importance["spend"] > 0.4
    assert important.importance["noise"] == pytest.approx(0, abs=0.05)


def test_near_copies_of_what_is_hidden_are_named():
    table = pd.DataFrame(
        {"orders": [1, 2, 3, 4, 5], "visits": [1, 2, 3, 5, 9], "value": [3, 1, 2, 5, 4], "plan": list("abcab")}
    )
    assert classification.near_copies(table, ["orders"], ["visits", "value", "plan"]) == ["visits"]


def test_a_sample_takes_copies_of_a_customer_together():
    groups = np.repeat(np.arange(50), 4)
    rows = classification.sample(groups, np.zeros(200), 80, seed=0)
    assert len(rows) == 80
    assert set(np.bincount(groups[rows])) <= {0, 4}
    assert classification.sample(groups, np.zeros(200), 500, seed=0).tolist() == list(range(200))


def test_a_sample_keeps_all_of_a_small_segment():
    y = np.repeat(["large", "small"], [192, 8])
    assert np.sum(y[classification.sample(np.arange(200), y, 40, seed=0)] == "small") == 8


def test_segments_too_small_to_be_learnt_are_named():
    segments = pd.Series(["Loyal"] * 20 + ["Lost"] * 9 + ["Whale"])
    few = classification.too_few(segments, folds=5)
    assert few == {"Lost": 9, "Whale": 1}
    assert classification.left_out(few).endswith("Lost (9 customers), Whale (1 customer).")
    assert classification.left_out({}) == ""


def test_a_model_is_better_by_two_scores_only_where_both_say_so():
    better, worse, even = Interval(1, 0.5, 2), Interval(-1, -2, -0.5), Interval(0, -1, 1)
    assert classification.both(better, better) == "is better than"
    assert classification.both(worse, worse) == "is worse than"
    assert classification.both(better, even) == "cannot be told apart from"
