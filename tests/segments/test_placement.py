import numpy as np
import pandas as pd
import pytest
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from patrons.features.preparation import preparation
from patrons.segments import placement

IDS = [f"c{n}" for n in range(63)]
FEATURES = pd.DataFrame(
    {"customer_id": IDS, "as_of": pd.Timestamp("2024-01-01"), "frequency": [1] * 40 + [9] * 20 + [99] * 3}
).assign(spend=lambda table: table.frequency * 10.0 + table.index, plan=["free", "pro", None] * 21)
LABELS = pd.DataFrame(
    {"customer_id": IDS, "group": 1, "segment": ["Lost"] * 40 + ["Loyal"] * 20 + ["Whale"] * 3, "margin": 0.5}
)
CLUSTERER = make_pipeline(StandardScaler(), KNeighborsClassifier(1)).fit(FEATURES[["frequency"]], [0] * 63)
PREPARE = preparation(["frequency", "spend"], ["plan"])


@pytest.fixture
def task():
    return placement.task(FEATURES, LABELS, CLUSTERER, PREPARE, folds=5, test_share=0.2, seed=0)


def test_the_model_sees_neither_keys_nor_labels_nor_what_segments_were_made_from(task):
    assert task.hidden == ["frequency"]
    assert task.seen == ["spend", "plan"]
    assert list(task.X) == task.seen
    assert list(task.X_hidden) == ["frequency"]


def test_segments_that_are_too_small_are_left_out(task):
    assert task.few == {"Whale": 3}
    assert task.names == ["Lost", "Loyal"]
    assert len(task.customers) == 60
    assert task.can_be_learnt


def test_customers_are_learnt_from_or_held_out(task):
    assert (len(task.y), len(task.y_test)) == (48, 12)
    assert np.sum(task.y_test == "Loyal") == 4
    assert len(task.X_test) == 12
    assert sorted(row for _, rows in task.folds(5) for row in rows) == list(range(48))
    assert {len(rows) for _, rows in task.folds(2, task.sample(10))} <= set(range(3, 25))


def test_one_segment_is_nothing_to_learn():
    alike = LABELS.assign(segment=["Lost"] * 60 + ["Whale"] * 3)
    assert not placement.task(FEATURES, alike, CLUSTERER, PREPARE, 5, 0.2, 0).can_be_learnt


def test_near_copies_of_what_is_hidden_are_named():
    table = pd.DataFrame(
        {"orders": [1, 2, 3, 4, 5], "visits": [1, 2, 3, 5, 9], "value": [3, 1, 2, 5, 4], "plan": list("abcab")}
    )
    assert placement.near_copies(table, ["orders"], ["visits", "value", "plan"]) == ["visits"]


def test_a_sample_takes_copies_of_a_customer_together():
    groups = np.repeat(np.arange(50), 4)
    rows = placement.sample(groups, np.zeros(200), 80, seed=0)
    assert len(rows) == 80
    assert set(np.bincount(groups[rows])) <= {0, 4}
    assert placement.sample(groups, np.zeros(200), 500, seed=0).tolist() == list(range(200))


def test_a_sample_keeps_all_of_a_small_segment():
    y = np.repeat(["large", "small"], [192, 8])
    assert np.sum(y[placement.sample(np.arange(200), y, 40, seed=0)] == "small") == 8


def test_segments_too_small_to_be_learnt_are_named():
    segments = pd.Series(["Loyal"] * 20 + ["Lost"] * 9 + ["Whale"])
    assert placement.too_few(segments, folds=5) == {"Lost": 9, "Whale": 1}
