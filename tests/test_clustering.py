import numpy as np
import pandas as pd
import pytest
from sklearn.datasets import make_blobs
from sklearn.metrics import adjusted_rand_score

from patrons import clustering as cl

X, TRUE = make_blobs([100, 100, 100], centers=np.array([[0.0, 0], [8, 0], [0, 8]]), cluster_std=0.7, random_state=0)
LIMITS = cl.Limits(smallest_share=0.05, noise_share=0.1)


@pytest.fixture(scope="module")
def compared():
    return list(cl.candidates(X, [2, 3, 4], seed=0))


@pytest.fixture(scope="module")
def board(compared):
    return cl.leaderboard(X, compared, LIMITS, seed=0)


def test_four_families_are_compared(board):
    assert set(board.algorithm) == {"K-Means", "Gaussian mixture", "Ward", "DBSCAN"}


def test_three_plain_groups_are_found_by_every_family_with_k(compared):
    for candidate in compared:
        if candidate.setting == "k=3":
            assert adjusted_rand_score(TRUE, candidate.labels) == 1.0, candidate.algorithm


def test_the_rule_chooses_the_true_number_of_groups(board):
    assert board.groups[cl.choose(board)] == 3


def test_parameters_pin_family_and_number(board):
    row = board.loc[cl.choose(board, "Ward", 4)]
    assert (row.algorithm, row.groups) == ("Ward", 4)


def test_a_pin_that_nothing_fits_is_an_error(board):
    with pytest.raises(cl.ClusteringError, match="k 9"):
        cl.choose(board, k=9)


def test_a_grouping_that_breaks_a_limit_loses_against_a_worse_one_that_keeps_it():
    rows = [("K-Means", 2, 0.9, "smallest group under 5%"), ("Ward", 2, 0.2, "")]
    table = pd.DataFrame(rows, columns=["algorithm", "groups", "silhouette", "breaks"])
    assert cl.choose(table) == 1
    assert cl.choose(table[:1]) == 0  # the least bad, where nothing passes


def test_a_family_that_cannot_place_new_rows_places_them_with_their_neighbours(compared):
    for candidate in compared:
        near = candidate.model.predict(X + 1e-6)
        assert adjusted_rand_score(near, candidate.labels) > 0.999, candidate.algorithm


def test_shares_and_limits_of_a_grouping_by_hand():
    labels = np.array([0] * 98 + [1] * 2)
    candidate = cl.Candidate("x", "y", None, labels, noise_share=0.03)
    table = cl.leaderboard(np.arange(100.0)[:, None], [candidate], cl.Limits(0.05, 0.02), 0)
    assert (table.smallest_share[0], table.noise_share[0]) == (0.02, 0.03)
    assert table.breaks[0] == "smallest group under 5%, noise over 2%"


def test_one_group_has_no_indices_and_says_so():
    one = cl.Candidate("x", "y", None, np.zeros(10, int))
    table = cl.leaderboard(np.arange(10.0)[:, None], [one], LIMITS, 0)
    assert np.isnan(table.silhouette[0])
    assert table.breaks[0] == "groups not 2 to 12"


def test_the_knee_is_where_the_curve_is_farthest_below_the_line_between_its_ends():
    assert cl.knee(np.array([1.0, 1.1, 1.2, 1.3, 9.0])) == 1.3


def test_equal_customers_have_no_density_to_find():
    with pytest.raises(cl.ClusteringError, match="exactly equal"):
        cl.knee(np.zeros(10))


def test_the_same_seed_gives_the_same_groups_bit_for_bit(compared):
    again = list(cl.candidates(X, [2, 3, 4], seed=0))
    assert all((a.labels == b.labels).all() for a, b in zip(compared, again, strict=True))


def test_rows_in_no_group_are_placed_with_the_nearest_and_counted_as_noise():
    far = np.vstack([X, [[4.0, 60.0], [60.0, 4.0]]])
    found = [candidate for candidate in cl.candidates(far, [3], seed=0) if candidate.algorithm == "DBSCAN"]
    assert len(found) == 3
    for candidate in found:
        assert set(candidate.labels) == {0, 1, 2}, candidate.setting
        assert candidate.noise_share >= 2 / 302


def test_a_grouping_outside_the_wanted_number_of_groups_breaks_a_limit(compared):
    board = cl.leaderboard(X, compared, cl.Limits(0.05, 0.1, fewest=4, most=6), seed=0)
    assert set(board.groups[board.breaks == ""]) <= {4, 5, 6}
    assert board.groups[cl.choose(board)] == 4


def test_no_number_of_groups_to_try_is_an_error():
    with pytest.raises(cl.ClusteringError, match="k_min is above k_max"):
        list(cl.candidates(X, range(8, 4), seed=0))
