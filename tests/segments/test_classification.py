import numpy as np
import pandas as pd
import pytest

from patrons.evaluation.splits import random_folds
from patrons.features.preparation import preparation
from patrons.models import load_model, save_model
from patrons.segments import classification

RNG = np.random.default_rng(0)
Y = np.repeat(["Champions", "Lost", "Loyal"], 60).astype(object)
X = pd.DataFrame({"spend": np.repeat([1000, 10, 100], 60) * RNG.lognormal(0, 0.2, 180), "noise": RNG.normal(size=180)})
PREPARE = preparation(["spend", "noise"], [])
MODELS = classification.families(trees=20, seed=0)
FOLDS = random_folds(np.arange(180), Y, 5, 0)
SPACES = {"logistic regression": {"C": [0.1, 1.0, 3.0]}, "random forest": {"min_samples_leaf": [1.0, 5.0]}}


def test_every_family_tells_separate_segments_apart_on_rows_it_was_not_fitted_on():
    given = classification.out_of_fold(PREPARE, MODELS, X, Y, FOLDS)
    board = classification.leaderboard(Y, given)
    assert set(board.index) == set(MODELS)
    assert board.accuracy.min() > 0.9
    assert (board.macro_f1_low <= board.macro_f1).all()
    assert all(p.sum(axis=1) == pytest.approx(1, abs=1e-5) for p in given.values())


def test_shuffled_labels_score_no_better_than_chance():
    shuffled = RNG.permutation(Y)
    given = classification.out_of_fold(PREPARE, {"logit": MODELS["logistic regression"]}, X, shuffled, FOLDS)
    assert classification.leaderboard(shuffled, given).accuracy.iloc[0] == pytest.approx(1 / 3, abs=0.12)


def test_a_search_gives_each_family_its_best_setting():
    some = {name: MODELS[name] for name in SPACES}
    candidates = {best.family: best for best in classification.search(PREPARE, some, SPACES, 2, X, Y, FOLDS, seed=0)}
    assert list(candidates) == list(some)
    assert candidates["logistic regression"].setting["C"] in (0.1, 1.0, 3.0)
    leaf = candidates["random forest"].model.min_samples_leaf
    assert isinstance(leaf, int)  # parameters are floats, leaves are whole
    assert all(best.macro_f1 > 0.9 for best in candidates.values())


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
    assert (classification.likeliest(classification.probabilities(again, X), again.classes_) == Y).mean() > 0.8


def test_forgetting_what_matters_costs_accuracy_and_forgetting_noise_does_not():
    model = classification.fit(PREPARE, MODELS["XGBoost"], X, Y)
    important = classification.importances(model, X, Y, repeats=3, seed=0)
    assert important.index[0] == "spend"
    assert important.importance["spend"] > 0.4
    assert important.importance["noise"] == pytest.approx(0, abs=0.05)


def test_importance_is_measured_on_customers_drawn_and_not_on_the_first_ones(monkeypatch):
    model, asked = classification.fit(PREPARE, MODELS["XGBoost"], X, Y), []
    monkeypatch.setattr(classification, "SHUFFLED", 20)
    measure = classification._lost
    monkeypatch.setattr(classification, "_lost", lambda *given: asked.append(given[4]) or measure(*given))
    classification.importances(model, X, Y, repeats=1, seed=0)
    assert [len(some) for some in asked] == [20] * len(asked)
    assert asked[0].tolist() != Y[:20].tolist()


def test_the_reference_is_always_among_the_families():
    assert list(classification.families(20, 0, ["XGBoost"])) == ["random forest", "XGBoost"]


def test_the_leaderboard_is_shown_with_settings():
    given = classification.out_of_fold(PREPARE, {"logit": MODELS["logistic regression"]}, X, Y, FOLDS)
    best = classification.Best("logit", MODELS["logistic regression"], {"C": 0.5, "tol": 1e-3}, 1.0)
    shown = classification.as_table(classification.leaderboard(Y, given), [best])
    assert list(shown) == ["family", "accuracy", "balanced_accuracy", "macro_f1", "log_loss", "settings"]
    assert shown.settings[0] == "C 0.5, tol 0.001"


def test_the_better_half_of_each_familys_settings_goes_on_and_two_at_least():
    score = {("a", 0): 0.5, ("a", 1): 0.9, ("a", 2): 0.7, ("a", 3): 0.7, ("b", 0): 0.1, ("b", 1): 0.2, ("b", 2): 0.3}
    assert classification.better_half(score) == {("a", 1): 0.9, ("a", 2): 0.7, ("b", 1): 0.2, ("b", 2): 0.3}
    assert classification.better_half({("a", 0): 0.5, ("a", 1): 0.4}) == {("a", 0): 0.5, ("a", 1): 0.4}


def test_a_setting_that_is_stopped_was_worse_than_the_one_that_wins_on_the_same_folds(monkeypatch):
    fits = []

    def scripted(_prepare, models, _X, y, folds):
        """Right about the first rows of a fold, the more of them the higher C is."""
        given = {}
        for key, model in models.items():
            fits.append(key)
            given[key] = np.zeros((len(y), 3))
            for number, row in enumerate(folds[0][1]):
                right = number < model.C * len(folds[0][1]) / 4
                given[key][row, (np.searchsorted(["Champions", "Lost", "Loyal"], y[row]) + (not right)) % 3] = 1
        return given

    monkeypatch.setattr(classification, "out_of_fold", scripted)
    space = {"logistic regression": {"C": [1.0, 2.0, 3.0, 4.0]}}
    models = {"logistic regression": MODELS["logistic regression"]}
    best = classification.search(PREPARE, models, space, 4, X, Y, FOLDS[:3], seed=0)[0]
    assert (best.setting, best.macro_f1) == ({"C": 4.0}, 1.0)
    assert len(fits) == 4 + 4 + 2  # the worse two are not fitted on the last fold


def test_a_forest_is_tried_with_fewer_trees_and_taken_with_all_of_them():
    forest = classification.families(trees=80, seed=0)["random forest"]
    assert classification.quick(forest).n_estimators == 20
    best = classification.search(PREPARE, {"random forest": forest}, {}, 1, X, Y, FOLDS[:2], seed=0)[0]
    assert best.model.n_estimators == 80
