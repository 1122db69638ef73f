import numpy as np

from patrons.churn import importance
from patrons.churn.kinds import BOOSTING, LOGISTIC
from tests.churn.test_reasons import ROWS, Y, model

TEST = ROWS.assign(churned=Y, customer_id=np.arange(500).astype(str), group=np.arange(500))


def test_a_feature_that_the_model_relies_on_costs_most_when_shuffled():
    lost = importance.permuted(model([BOOSTING]), ROWS, Y, ["plan", "recency_days"], 3, 0)
    assert lost.index[0] == "recency_days"
    assert lost.value["recency_days"] > 0.2 > lost.value["plan"]
    assert (lost.low <= lost.value).all()
    assert (lost.value <= lost.high).all()


def test_the_features_that_add_most_are_looked_at():
    lost = importance.losses(model([LOGISTIC]), TEST, seed=0, most=1)
    assert lost.index.tolist() == ["recency_days"]
    assert list(importance.curves(model([LOGISTIC]), TEST, lost.index, seed=0)) == ["recency_days"]


def test_curves_are_of_rows_from_the_whole_test(monkeypatch):
    monkeypatch.setattr(importance, "CURVE_ROWS", 50)
    asked = []
    monkeypatch.setattr(importance, "dependence", lambda _, X, name: asked.append(X.index))
    importance.curves(None, TEST, ["recency_days"], seed=0)
    assert len(asked[0]) == 50
    assert asked[0].max() > 400  # of 500


def test_the_mean_probability_rises_with_silence():
    curve = importance.dependence(model([LOGISTIC]), ROWS, "recency_days")
    assert curve.probability.is_monotonic_increasing
    assert list(importance.dependence(model([LOGISTIC]), ROWS, "plan").value) == list(ROWS.plan.value_counts().index)
