"""Few points for many customers: Ward's tree by hand and by SciPy, micro-clusters by their sums."""

import numpy as np
import pytest
from scipy.cluster.hierarchy import fcluster, is_valid_linkage, ward
from sklearn.metrics import adjusted_rand_score

from patrons.segments import clustering, microclusters
from patrons.segments.microclusters import Customers, ward_tree


def test_a_tree_of_three_points_by_hand():
    tree = ward_tree(np.array([[0.0], [1.0], [4.0]]), np.ones(3))
    # 0 and 1 first, 1 apart; their centre is 0.5, of weight 2: sqrt(2 * 2 * 1 / 3) * 3.5
    assert tree == pytest.approx(np.array([[0, 1, 1, 2], [2, 3, 3.5 * np.sqrt(4 / 3), 3]]))


def test_the_tree_is_scipys_where_all_weights_are_1():
    rows = np.random.default_rng(0).normal(size=(200, 3))
    ours, theirs = ward_tree(rows, np.ones(200)), ward(rows)
    assert is_valid_linkage(ours)
    assert ours[:, 2] == pytest.approx(theirs[:, 2])
    for k in (2, 5, 20):
        assert adjusted_rand_score(fcluster(ours, k, "maxclust"), fcluster(theirs, k, "maxclust")) == 1


def test_a_weight_of_two_is_a_customer_who_stands_there_twice():
    rows, weights = np.random.default_rng(1).normal(size=(60, 2)), np.r_[np.full(30, 2.0), np.ones(30)]
    twice = np.vstack([rows, rows[:30]])
    one = fcluster(ward_tree(rows, weights), 4, "maxclust")
    other = fcluster(ward(twice), 4, "maxclust")[:60]
    assert adjusted_rand_score(one, other) == 1


def test_micro_clusters_keep_number_and_mean_of_customers_and_find_what_all_rows_find(monkeypatch):
    monkeypatch.setattr(microclusters, "WHOLE", 2_000)
    monkeypatch.setattr(microclusters, "MICRO", 400)
    rng = np.random.default_rng(2)
    X = rng.normal(size=(6_000, 2)) + rng.choice([0, 4], 6_000)[:, None] * [1, 0.5]
    few = Customers(X, seed=0)
    assert len(few.points.rows) <= 400
    assert few.points.weights.sum() == 6_000
    assert few.points.weights @ few.points.rows / 6_000 == pytest.approx(X.mean(axis=0))
    assert len(few.sample) == 2_000
    family = clustering.FAMILIES[0]
    scaled = clustering.fitted(family, {"k": 2}, few).model.predict(X)
    monkeypatch.setattr(microclusters, "WHOLE", 10_000)
    assert adjusted_rand_score(scaled, clustering.fitted(family, {"k": 2}, Customers(X, 0)).model.predict(X)) > 0.95
