import numpy as np
import pandas as pd
import pytest
from sklearn.ensemble import RandomForestClassifier
from sklearn.pipeline import Pipeline

from patrons import models
from patrons.churn import reasons
from patrons.churn import search as cs
from patrons.churn.ensemble import BaseRate, Calibrated, MeanOf
from patrons.features.preparation import preparation

RNG = np.random.default_rng(0)
ROWS = pd.DataFrame(
    {"recency_days": RNG.integers(1, 300, 500), "frequency": RNG.integers(1, 9, 500).astype(float),
     "plan": pd.Series(RNG.choice(["free", "gold"], 500), dtype=object)}
)  # fmt: skip
Y = (RNG.random(500) < ROWS.recency_days / 300).to_numpy().astype(int)
DICTIONARY = pd.DataFrame(
    [
        ("recency_days", "rfm", "days", "since the last order"),
        ("frequency", "rfm", "orders", "since the first order"),
        ("order_rate", "rfm", "orders in 30 days", "mean orders in 30 days since the first order"),
        ("spend_rate", "rfm", "EUR in 30 days", "mean spend in 30 days"),
        ("gap_min", "rhythm", "days", "shortest time between orders; missing for one"),
        ("orders_7d", "windows", "orders", "orders in the last 7 days"),
        ("plan", "attributes", "category or number", "as the customer table has it"),
    ],
    columns=["feature", "group", "unit", "meaning"],
)
SETTINGS = {
    cs.LOGISTIC: {"c": 1.0},
    cs.FOREST: {"trees": 20, "depth": 5, "leaf": 5, "weights": "balanced"},
    cs.BOOSTING: {"rounds": 30, "rate": 0.1, "depth": 3, "leaf": 1, "columns": 1.0, "ridge": 1.0},
    cs.NETWORK: {"units": 8, "layers": 2, "alpha": 0.1, "stopping": True},
}


def model(kinds):
    ready = cs.fit_front(cs.front(preparation(["recency_days", "frequency"], ["plan"]), 0, 0), ROWS, Y, 500, 0)
    Z = ready.transform(ROWS)
    return cs.whole(ready, MeanOf([cs.build(kind, SETTINGS[kind], 0) for kind in kinds]).fit(Z, Y))


@pytest.mark.parametrize("kind", [cs.LOGISTIC, cs.FOREST, cs.BOOSTING])
def test_what_features_add_explains_the_whole_difference_of_two_customers(kind):
    fitted = model([kind])
    added, said = reasons.contributions(fitted, ROWS).sum(axis=1), fitted.predict_proba(ROWS)[:, 1]
    assert (added - added.iloc[0]).to_numpy() == pytest.approx(said - said[0], abs=1e-5)


def test_the_steps_of_a_forest_by_hand():
    X, y = np.array([[0.0, 0], [0, 1], [1, 0], [1, 1]] * 10), np.array([0, 0, 0, 1] * 10)
    forest = RandomForestClassifier(1, max_features=None, bootstrap=False, random_state=0).fit(X, y)
    first = int(forest.estimators_[0].tree_.feature[0])  # of two equal columns either may come first
    added = reasons.of_member(forest, np.array([[1.0, 1], [0, 0]]), X.mean(axis=0))
    assert added[0][[first, 1 - first]].tolist() == [0.25, 0.5]  # a quarter, a half, all churn on the way
    assert added[1][[first, 1 - first]].tolist() == [-0.25, 0]


def test_the_sum_along_a_line_explains_a_network_nearly():
    fitted = model([cs.NETWORK])
    added, said = reasons.contributions(fitted, ROWS).sum(axis=1), fitted.predict_proba(ROWS)[:, 1]
    assert (added - added.iloc[0]).to_numpy() == pytest.approx(said - said[0], abs=0.01)


def test_one_row_has_the_reasons_it_has_among_many():
    fitted = model([cs.LOGISTIC, cs.FOREST, cs.BOOSTING])
    many = reasons.reasons(fitted, ROWS, DICTIONARY)
    pd.testing.assert_frame_equal(reasons.reasons(fitted, ROWS[7:8], DICTIONARY), many[7:8])


def test_reasons_are_in_words_and_each_from_another_group():
    longest = ROWS.recency_days.idxmax()
    first = reasons.reasons(model([cs.LOGISTIC]), ROWS, DICTIONARY).loc[longest]
    assert first.reason_1 == f"no order for {ROWS.recency_days[longest]} days"
    assert "since the first order" not in first.to_string()  # of the same group


@pytest.mark.parametrize(
    ("feature", "value", "said"),
    [
        ("recency_days", 143, "no order for 143 days"),
        ("recency_days", 1, "no order for 1 day"),
        ("frequency", 2.0, "2 orders since the first order"),
        ("frequency", 1.0, "1 order since the first order"),
        ("order_rate", 1.04, "mean orders in 30 days since the first order: 1 order in 30 days"),
        ("spend_rate", 1.0, "mean spend in 30 days: 1 EUR in 30 days"),
        ("gap_min", 1.0, "shortest time between orders: 1 day"),
        ("orders_7d", 3.0, "orders in the last 7 days: 3"),
        ("plan", "gold", "plan: gold"),
        ("plan", np.nan, "plan: not known"),
    ],
)
def test_phrases(feature, value, said):
    assert reasons.phrase(feature, value, reasons.entries(DICTIONARY)) == said


def test_a_base_rate_has_no_reasons():
    base = Pipeline([*model([cs.LOGISTIC]).steps[:-1], ("model", BaseRate().fit(None, Y))])
    assert (reasons.reasons(base, ROWS[:3], DICTIONARY) == "").all(axis=None)
    assert base.predict_proba(ROWS[:3])[:, 1] == pytest.approx([Y.mean()] * 3)


def test_a_feature_that_the_model_goes_by_costs_most_when_dealt_out_anew():
    from patrons.evaluation.metrics import roc_auc

    lost = reasons.permuted(model([cs.BOOSTING]), ROWS, Y, ["plan", "recency_days"], roc_auc, 3, 0)
    assert lost.index[0] == "recency_days"
    assert lost.value["recency_days"] > 0.2 > lost.value["plan"]


def test_the_mean_probability_rises_with_silence():
    curve = reasons.dependence(model([cs.LOGISTIC]), ROWS, "recency_days")
    assert curve.probability.is_monotonic_increasing
    assert list(reasons.dependence(model([cs.LOGISTIC]), ROWS, "plan").value) == list(ROWS.plan.value_counts().index)


def test_a_calibrated_mean_of_all_kinds_is_saved_and_read_the_same_bytes_each_time(tmp_path):
    for name in "ab":
        fitted = model(cs.KINDS)
        Z = fitted[:-1].transform(ROWS)
        mapped = Calibrated(fitted[-1], "isotonic").fit(fitted[-1].predict_proba(Z)[:, 1], Y)
        whole = cs.whole(fitted[:-1], mapped)
        models.save_model(tmp_path / f"{name}.skops", whole)
    assert (tmp_path / "a.skops").read_bytes() == (tmp_path / "b.skops").read_bytes()
    read = models.load_model(tmp_path / "a.skops")
    assert read.predict_proba(ROWS) == pytest.approx(whole.predict_proba(ROWS))
    pd.testing.assert_frame_equal(
        reasons.reasons(read, ROWS[:5], DICTIONARY), reasons.reasons(whole, ROWS[:5], DICTIONARY)
    )
