"""What boosted trees and forests add, looked up in tables, is what its definition says, row by row."""

from itertools import combinations, pairwise
from math import factorial

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.ensemble import RandomForestClassifier
from xgboost import DMatrix, XGBClassifier

from patrons.churn import attribution, shapley
from patrons.churn.shapley import LEAST, Shapley, TooLargeError, learner, narrow, trees

COLUMNS = 4


def drawn(seed: int, rows: int = 200) -> tuple[np.ndarray, np.ndarray]:
    """Rows with ties and missing values, and an outcome that depends on three columns."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(rows, COLUMNS)).round(1)
    X[rng.random(X.shape) < 0.1] = np.nan
    return X, (np.nan_to_num(X[:, 0] * X[:, 1] - X[:, 2]) + rng.normal(size=rows) > 0).astype(int)


def expected(tree: dict, node: int, x: np.ndarray, known: set[int]) -> float:
    """What a tree adds where only the columns in `known` are: both ways at the other splits, by their rows."""
    left, right = tree["left_children"][node], tree["right_children"][node]
    threshold = float(np.float32(tree["split_conditions"][node]))
    if left < 0:
        return threshold
    column = tree["split_indices"][node]
    if column in known:
        to_left = bool(tree["default_left"][node]) if np.isnan(x[column]) else x[column] < threshold
        return expected(tree, left if to_left else right, x, known)
    rows = [max(tree["sum_hessian"][child], LEAST) for child in (left, right)]
    parts = [expected(tree, child, x, known) for child in (left, right)]
    return float(np.dot(rows, parts) / max(tree["sum_hessian"][node], LEAST))


def by_definition(model: XGBClassifier, x: np.ndarray) -> np.ndarray:
    """Shapley values from all subsets of columns [Shapley, 1953]."""
    written, added = trees(learner(model)), np.zeros(COLUMNS)
    value = {
        known: sum(expected(tree, 0, narrow(x), set(known)) for tree in written)
        for size in range(COLUMNS + 1)
        for known in combinations(range(COLUMNS), size)
    }
    for known, without in value.items():
        weight = factorial(len(known)) * factorial(COLUMNS - len(known) - 1) if len(known) < COLUMNS else 0
        for column in set(range(COLUMNS)) - set(known):
            added[column] += weight / factorial(COLUMNS) * (value[tuple(sorted((*known, column)))] - without)
    return added


@settings(max_examples=12, deadline=None)
@given(st.integers(0, 1000), st.integers(1, 6), st.integers(1, 4), st.sampled_from([2, 4, 8]))
def test_boosted_trees_add_what_the_definition_says_however_they_are_cut(seed, depth, rounds, most):
    X, y = drawn(seed)
    # of some weight a leaf: what fewer rows than one leave of a node's weight, XGBoost itself rounds
    model = XGBClassifier(n_estimators=rounds, max_depth=depth, min_child_weight=0.5, n_jobs=1).fit(X, y)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(shapley, "MOST_SPLITS", most)
        explain = Shapley(model)
    added = explain(X)
    assert added[:5] == pytest.approx(np.array([by_definition(model, x) for x in X[:5]]), abs=1e-12, rel=0)
    by_xgboost = model.get_booster().predict(DMatrix(X), pred_contribs=True)
    assert np.column_stack([added, np.full(len(X), explain.base)]) == pytest.approx(by_xgboost, abs=1e-5)
    assert explain(X[7:8])[0] == pytest.approx(added[7], abs=1e-15)


def test_a_model_without_a_split_adds_nothing():
    X, _ = drawn(0)
    explain = Shapley(XGBClassifier(n_estimators=3, n_jobs=1, gamma=1e9).fit(X, np.arange(len(X)) % 2))
    assert not explain(X).any()


def test_trees_too_deep_for_tables_are_left_to_xgboost(monkeypatch):
    X, y = drawn(1)
    model = XGBClassifier(n_estimators=3, max_depth=4, n_jobs=1).fit(X, y)
    wanted = attribution.of_member(model, np.zeros(COLUMNS))(X)
    monkeypatch.setattr(shapley, "MOST_CELLS", 10)
    with pytest.raises(TooLargeError):
        Shapley(model)
    added = attribution.of_member(model, np.zeros(COLUMNS))(X)
    assert added == pytest.approx(wanted, abs=1e-5)


@settings(max_examples=12, deadline=None)
@given(st.integers(0, 1000), st.integers(1, 20), st.sampled_from([1, 3, None]))
def test_a_forest_adds_what_each_step_of_its_paths_changes(seed, leaf, depth):
    X, y = drawn(seed)
    forest = RandomForestClassifier(5, max_depth=depth, min_samples_leaf=leaf, random_state=seed).fit(X, y)
    wanted = np.zeros(X.shape)
    for tree in (estimator.tree_ for estimator in forest.estimators_):
        share = tree.value[:, 0, 1] / tree.value[:, 0].sum(axis=1)
        for row, path in enumerate(tree.decision_path(X.astype(np.float32)).tolil().rows):
            for parent, child in pairwise(path):
                wanted[row, tree.feature[parent]] += (share[child] - share[parent]) / 5
    added = attribution.of_member(forest, np.zeros(COLUMNS))(X)
    assert added == pytest.approx(wanted, abs=1e-12, rel=0)
