import numpy as np
import pandas as pd
import pytest
from scipy.special import expit
from sklearn.ensemble import RandomForestClassifier
from sklearn.pipeline import Pipeline

from patrons import models
from patrons.churn import attribution, reasons
from patrons.churn.ensemble import BaseRate, Calibrated, MeanOf
from patrons.churn.final import as_pipeline
from patrons.churn.kinds import BOOSTING, FOREST, KINDS, LOGISTIC, NETWORK, build
from patrons.churn.preprocessing import Task, fit_preprocessing, views
from patrons.features.preparation import preparation
from tests.churn.test_wording import DICTIONARY

RNG = np.random.default_rng(0)
ROWS = pd.DataFrame(
    {"recency_days": RNG.integers(1, 300, 500), "frequency": RNG.integers(1, 9, 500).astype(float),
     "plan": pd.Series(RNG.choice(["free", "gold"], 500), dtype=object)}
)  # fmt: skip
ROWS.loc[::9, "frequency"] = np.nan
Y = (RNG.random(500) < ROWS.recency_days / 300).to_numpy().astype(int)
PRODUCTS = "logistic regression with products"
DROPPING = "logistic regression that drops columns"
SETTINGS = {
    LOGISTIC: {"c": 1.0, "products": 0, "l1": 0},
    PRODUCTS: {"c": 1.0, "products": 1, "l1": 0},
    DROPPING: {"c": 0.1, "products": 0, "l1": 1},
    FOREST: {"trees": 20, "depth": 5, "leaf": 5, "columns": 0, "rows": 0.4, "balanced": 1},
    BOOSTING: {"rounds": 30, "rate": 0.1, "depth": 3, "leaf": 1, "columns": 1.0, "ridge": 1.0},
    NETWORK: {"units": 8, "layers": 2, "alpha": 0.1, "stopping": 1},
}


def model(kinds):
    ready, Z = fit_preprocessing(Task(preparation(["recency_days", "frequency"], ["plan"]), ROWS, Y, 0, 500, 0))
    names = [LOGISTIC if kind in (PRODUCTS, DROPPING) else kind for kind in kinds]
    members = [build(name, SETTINGS[kind], 0) for name, kind in zip(names, kinds, strict=True)]
    return as_pipeline(ready, MeanOf(members, views(ready, names)).fit(Z, Y))


@pytest.mark.parametrize("kind", [LOGISTIC, PRODUCTS, DROPPING, FOREST, BOOSTING])
def test_what_features_add_explains_the_whole_difference_of_two_customers(kind):
    fitted = model([kind])
    added, probability = reasons.contributions(fitted, ROWS).sum(axis=1), fitted.predict_proba(ROWS)[:, 1]
    assert (added - added.iloc[0]).to_numpy() == pytest.approx(probability - probability[0], abs=1e-5)


def test_the_steps_of_a_forest_by_hand():
    X, y = np.array([[0.0, 0], [0, 1], [1, 0], [1, 1]] * 10), np.array([0, 0, 0, 1] * 10)
    forest = RandomForestClassifier(1, max_features=None, bootstrap=False, random_state=0).fit(X, y)
    first = int(forest.estimators_[0].tree_.feature[0])  # of two equal columns either may come first
    added = attribution.of_member(forest, X.mean(axis=0))(np.array([[1.0, 1], [0, 0]]))
    assert added[0][[first, 1 - first]].tolist() == [0.25, 0.5]  # a quarter, a half, all churn on the way
    assert added[1][[first, 1 - first]].tolist() == [-0.25, 0]


def test_what_a_product_adds_is_shared_evenly_by_hand():
    """A score of x * y seen from (1, 1): to go to (3, 2) adds 5, of which x brings 2 * (2 + 1) / 2 = 3 and y 2."""
    X = np.array([[0.0, 0.0], [2.0, 2.0], [0.0, 2.0], [2.0, 0.0]])
    member = build(LOGISTIC, SETTINGS[PRODUCTS], 0).fit(X, [0, 1, 0, 0])
    pairs = member[0].pairs_.tolist()
    member[-1].coef_[:] = 0
    member[-1].coef_[0, 2 + pairs.index([0, 1])] = member[0].scale_[pairs.index([0, 1])]
    ((x, y),) = attribution.of_member(member, np.array([1.0, 1.0]))(np.array([[3.0, 2.0]]))
    assert x / y == pytest.approx(3 / 2)
    base = member.decision_function([[1.0, 1.0]])[0]
    assert x + y == pytest.approx(expit(base + 5) - expit(base))


def test_the_sum_along_a_line_explains_a_network_nearly():
    fitted = model([NETWORK])
    added, probability = reasons.contributions(fitted, ROWS).sum(axis=1), fitted.predict_proba(ROWS)[:, 1]
    assert (added - added.iloc[0]).to_numpy() == pytest.approx(probability - probability[0], abs=0.01)


def test_one_row_has_the_reasons_it_has_among_many():
    fitted = model([LOGISTIC, FOREST, BOOSTING])
    many = reasons.reasons(fitted, ROWS, DICTIONARY)
    pd.testing.assert_frame_equal(reasons.reasons(fitted, ROWS[7:8], DICTIONARY), many[7:8])


def test_reasons_are_in_words_and_each_from_another_group():
    longest = ROWS.recency_days.idxmax()
    first = reasons.reasons(model([LOGISTIC]), ROWS, DICTIONARY).loc[longest]
    assert first.reason_1 == f"raises the risk: no order for {ROWS.recency_days[longest]} days"
    assert "since the first order" not in first.to_string()  # of the same group


def test_a_base_rate_has_no_reasons():
    base = Pipeline([*model([LOGISTIC]).steps[:-1], ("model", BaseRate().fit(None, Y))])
    assert (reasons.reasons(base, ROWS[:3], DICTIONARY) == "").all(axis=None)
    assert base.predict_proba(ROWS[:3])[:, 1] == pytest.approx([Y.mean()] * 3)


def test_a_calibrated_mean_of_all_kinds_is_saved_and_read_the_same_bytes_each_time(tmp_path):
    for name in "ab":
        fitted = model([*KINDS, PRODUCTS, DROPPING])
        Z = fitted[:-1].transform(ROWS)
        calibrated = Calibrated(fitted[-1], "isotonic").fit(fitted[-1].predict_proba(Z)[:, 1], Y)
        saved = as_pipeline(fitted[:-1], calibrated)
        models.save_model(tmp_path / f"{name}.skops", saved)
    assert (tmp_path / "a.skops").read_bytes() == (tmp_path / "b.skops").read_bytes()
    read = models.load_model(tmp_path / "a.skops")
    assert read.predict_proba(ROWS) == pytest.approx(saved.predict_proba(ROWS))
    pd.testing.assert_frame_equal(
        reasons.reasons(read, ROWS[:5], DICTIONARY), reasons.reasons(saved, ROWS[:5], DICTIONARY)
    )
