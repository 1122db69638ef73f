"""Scores by hand and against scikit-learn's, and the rule of choice on small boards."""

import numpy as np
import pandas as pd
import pytest
from sklearn.datasets import make_blobs
from sklearn.metrics import silhouette_samples

from patrons.evaluation.metrics import Interval
from patrons.segments import clustering as cl
from patrons.segments import clustering_narrative as narrative
from patrons.segments import leaderboard as sc
from patrons.segments import null as nl
from patrons.segments.microclusters import Customers
from patrons.segments.stability import with_stability

LIMITS = sc.Limits(smallest_share=0.05, noise_share=0.1, stability=0.8, fewest=2, most=6)
BLOBS, _ = make_blobs([60, 60, 60], centers=np.array([[0.0, 0], [8, 0], [0, 8]]), cluster_std=0.7, random_state=0)


def board(*rows):
    """Rows of algorithm, groups, silhouette, its low, its high, stability, breaks."""
    names = ["algorithm", "groups", "silhouette", "silhouette_low", "silhouette_high", "stability", "breaks"]
    return pd.DataFrame(rows, columns=names)


def test_silhouettes_are_scikit_learns():
    rng = np.random.default_rng(0)
    X, labelings = rng.normal(size=(700, 2)), [rng.integers(0, 4, 700), np.r_[7, rng.integers(0, 2, 699)]]
    for ours, labels in zip(sc.silhouettes(X, labelings), labelings, strict=True):
        assert ours == pytest.approx(silhouette_samples(X, labels))


def test_shares_and_limits_of_a_grouping_by_hand():
    labels = np.array([0] * 98 + [1] * 2)
    one = cl.Candidate(cl.FAMILIES[0], {"k": 2}, None, labels, noise_share=0.3)
    row = sc.leaderboard(Customers(np.arange(100.0)[:, None], 0), [one], LIMITS).iloc[0]
    assert (row.smallest_share, row.largest_share, row.noise_share) == (0.02, 0.98, 0.3)
    assert row.breaks == "smallest group under 5%, noise over 10%"


def test_one_group_has_no_scores_and_says_so():
    one = cl.Candidate(cl.FAMILIES[4], {"eps": 1}, None, np.zeros(10, int))
    table = sc.leaderboard(Customers(np.arange(10.0)[:, None], 0), [one], LIMITS)
    assert np.isnan(table.silhouette[0])
    assert table.breaks[0] == "groups not 2 to 6"
    with pytest.raises(cl.ClusteringError, match="Free one"):
        sc.choose(table)


def test_the_best_silhouette_is_taken_where_nothing_nearly_ties():
    table = board(("A", 3, 0.5, 0.48, 0.52, 0.81, ""), ("B", 2, 0.4, 0.38, 0.47, 0.99, ""))
    assert sc.choose(table) == 0
    assert sc.band(table) == [0]


def test_of_those_whose_intervals_overlap_the_most_stable_is_taken():
    table = board(("A", 3, 0.5, 0.46, 0.54, 0.81, ""), ("B", 4, 0.45, 0.42, 0.47, 0.95, ""))
    assert sc.choose(table) == 1
    assert narrative.reason(table) == (
        "it has a silhouette as good as the best within its uncertainty and, of the 2 that nearly tie, is the most "
        "stable, or as stable with fewer groups"
    )


def test_of_those_as_stable_the_one_with_fewest_groups_is_taken():
    table = board(("A", 4, 0.5, 0.46, 0.54, 0.951, ""), ("B", 3, 0.48, 0.45, 0.51, 0.949, ""))
    assert sc.choose(table) == 1


def test_a_grouping_that_breaks_a_limit_loses_against_a_worse_one_that_keeps_it():
    rows = [("A", 2, 0.9, 0.8, 0.95, 0.5, "stability under 0.8"), ("B", 2, 0.2, 0.1, 0.3, 0.9, "")]
    assert sc.choose(board(*rows)) == 1


def test_where_nothing_passes_the_least_bad_is_taken_and_said_to_be():
    table = board(
        ("A", 2, 0.9, 0.8, 0.95, 0.5, "noise over 10%, stability under 0.8"),
        ("B", 2, 0.2, 0.1, 0.3, 0.5, "stability under 0.8"),
    )
    assert sc.choose(table) == 1
    assert (
        narrative.reason(table) == "nothing keeps all limits, and this is the least bad; it breaks: stability under 0.8"
    )


def test_parameters_pin_family_and_number():
    table = board(("A", 3, 0.5, 0.46, 0.54, 0.9, ""), ("B", 3, 0.3, 0.2, 0.4, 0.9, ""), ("B", 5, 0.1, 0, 0.2, 0.9, ""))
    assert sc.choose(table, "B") == 1
    assert sc.choose(table, k=5) == 2
    with pytest.raises(cl.ClusteringError, match="k 9"):
        sc.choose(table, k=9)


def test_the_interval_of_a_mean_holds_the_mean_and_narrows_with_customers():
    rng = np.random.default_rng(0)
    few, many = (sc.mean_interval(rng.normal(size=n), 0) for n in (100, 10_000))
    assert few.low < few.value < few.high
    assert few.high - few.low == pytest.approx(10 * (many.high - many.low), rel=0.4)


@pytest.fixture(scope="module")
def blobs():
    customers = Customers(BLOBS, seed=0)
    candidates = cl.compare(customers, [2, 3, 4, 5]).candidates
    first = sc.leaderboard(customers, candidates, LIMITS)
    return customers, candidates, with_stability(first, customers, candidates, LIMITS, refits=12)


def test_separate_groups_are_found_stable_and_named_separate(blobs):
    customers, candidates, table = blobs
    chosen = sc.choose(table)
    assert (table.groups[chosen], table.breaks[chosen]) == (3, "")
    assert table.stability[chosen] == pytest.approx(1)
    null = nl.null_scores(customers, candidates[chosen], [3], draws=5)
    row = table.loc[chosen]
    own = Interval(row.silhouette, row.silhouette_low, row.silhouette_high)
    assert nl.is_separate(own, null[null.chosen].silhouette)
    assert nl.comparison(row, null).real[0] == row.silhouette


def test_every_rival_of_the_chosen_has_its_stability_measured(blobs):
    table = blobs[2]
    assert table.stability[sc.band(table)].notna().all()
    assert (table.breaks[table.stability < 0.8].str.contains("stability")).all()


def test_runners_up_are_held_against_the_chosen(blobs):
    _, candidates, table = blobs
    alike = sc.agreement(table, candidates, sc.choose(table))
    assert alike.max() == pytest.approx(1)
    assert alike.is_monotonic_decreasing


def test_the_null_has_the_same_values_and_rank_correlation_but_no_groups():
    rng = np.random.default_rng(0)
    first = rng.normal(size=2_000)
    X = np.column_stack([np.exp(first), first + rng.normal(size=2_000)])
    null = nl.without_groups(X, seed=1)
    assert (np.sort(null, axis=0) == np.sort(X, axis=0)).all()
    of_real, of_null = (pd.DataFrame(rows).corr("spearman").iloc[0, 1] for rows in (X, null))
    assert of_null == pytest.approx(of_real, abs=0.05)


def test_groups_are_separate_only_clearly_above_all_draws():
    near, far = Interval(0.32, 0.31, 0.33), Interval(0.60, 0.58, 0.62)
    assert nl.is_separate(far, [0.29, 0.30, 0.30])
    assert not nl.is_separate(near, [0.29, 0.30, 0.30])
    assert not nl.is_separate(far, [0.1] * 9 + [0.59])  # above their 97.5% quantile, but not above all
    assert not nl.is_separate(far, [])


def test_the_leaderboard_is_shown_with_seconds_the_best_first(blobs):
    _, candidates, table = blobs
    shown = sc.as_table(table, candidates)
    assert shown["silhouette (higher is better)"].is_monotonic_decreasing
    assert (shown.seconds > 0).all()
    assert list(sc.NONE) == [*table, "chosen"]
