"""The families, their preparation, the margin, and what must not change a partition."""

import numpy as np
import pandas as pd
import pytest
from sklearn.datasets import make_blobs
from sklearn.metrics import adjusted_rand_score

from patrons.models import load_model, save_model
from patrons.segments import clustering as cl
from patrons.segments import inputs, leaderboard, null, stability
from patrons.segments.microclusters import Customers

X, TRUE = make_blobs([100, 100, 100], centers=np.array([[0.0, 0], [8, 0], [0, 8]]), cluster_std=0.7, random_state=0)
BY_K = [family for family in cl.FAMILIES if family.by_k]


def shop(customers=400, seed=0):
    rng = np.random.default_rng(seed)
    frequency = 1 + rng.poisson(rng.gamma(1, 3, customers))
    return pd.DataFrame(
        {
            "customer_id": [f"c{n}" for n in range(customers)],
            "recency_days": 1 + rng.integers(0, 300, customers),
            "frequency": frequency,
            "monetary": (frequency * rng.lognormal(4, 1, customers)).round(2),
        }
    )


RFM = ["recency_days", "frequency", "monetary"]


def partition(table, family, k=4):
    """Raw rows to groups, through the pipeline that 03 keeps."""
    rows, prepare = inputs.in_order(table, RFM), inputs.preparation()
    customers = Customers(prepare.fit_transform(rows), seed=7)
    setting = {"k": k} if family.by_k else family.settings(customers, [k])[-1]
    return cl.as_pipeline(prepare, cl.fitted(family, setting, customers))


@pytest.fixture(scope="module")
def compared():
    return cl.compare(Customers(X, seed=0), [2, 3, 4])


def test_six_families_are_compared(compared):
    assert {one.family.name for one in compared.candidates} == {
        "K-Means", "Gaussian mixture", "Ward", "Mini-batch K-Means", "DBSCAN", "HDBSCAN",
    }  # fmt: skip
    assert compared.skipped == []


def test_a_group_of_one_and_a_column_of_one_value_are_no_trouble():
    """Warnings are errors here, so numpy has none to give."""
    lonely = Customers(np.column_stack([np.vstack([X[:80], [[60.0, 60.0]]]), np.ones(81)]), seed=0)
    found = cl.compare(lonely, [2, 3])
    assert found.skipped == []
    best = next(one for one in found.candidates if one.family.name == "Gaussian mixture")
    assert sorted(np.bincount(best.labels))[0] == 1
    limits = leaderboard.Limits(0.0, 1.0, 0.0, 2, 3)
    board = leaderboard.leaderboard(lonely, found.candidates, limits)
    board = stability.with_stability(board, lonely, found.candidates, limits, 3)
    assert np.isfinite(board.silhouette).all()
    assert np.isfinite(null.null_scores(lonely, best, [2, 3], 1)[["silhouette", "stability"]].to_numpy()).any()


def test_three_plain_groups_are_found_by_every_family_with_k(compared):
    for one in compared.candidates:
        if one.setting == {"k": 3}:
            assert adjusted_rand_score(TRUE, one.labels) == 1.0, one.family.name


def test_new_rows_are_placed_where_their_neighbours_are(compared):
    for one in compared.candidates:
        assert adjusted_rand_score(one.model.predict(X + 1e-6), one.labels) > 0.99, one.family.name


def test_a_setting_is_told_in_words():
    assert cl.FAMILIES[0].describe({"k": 5}) == "k=5"
    assert cl.FAMILIES[4].describe({"eps": 0.21434, "neighbours": 10}) == "eps=0.214, neighbours=10"


def test_the_same_seed_gives_the_same_groups_bit_for_bit(compared):
    again = cl.compare(Customers(X, seed=0), [2, 3, 4])
    assert all((a.labels == b.labels).all() for a, b in zip(compared.candidates, again.candidates, strict=True))


def test_a_family_that_fails_is_set_aside_with_its_reason_and_stops_no_other():
    equal = np.repeat([[0.0, 0], [1, 1], [5, 5]], 40, axis=0)
    compared = cl.compare(Customers(equal, seed=0), [2, 3])
    told = {one["family"]: one["reason"] for one in compared.skipped}
    assert "exactly equal" in told["DBSCAN"]
    assert {"K-Means", "Ward"} <= {one.family.name for one in compared.candidates}


def test_more_groups_than_different_customers_are_not_found_but_stop_nothing():
    compared = cl.compare(Customers(np.repeat([[0.0, 0], [1, 1]], 30, axis=0), seed=0), [2, 3])
    assert ("K-Means", "k=3") in {(one["family"], one["setting"]) for one in compared.skipped}


def test_no_number_of_groups_to_try_is_an_error():
    with pytest.raises(cl.ClusteringError, match="k_min is above k_max"):
        cl.compare(Customers(X, seed=0), range(8, 4))


def test_rows_in_no_group_are_placed_with_the_nearest_and_counted_as_noise():
    far = np.vstack([X, [[4.0, 60.0], [60.0, 4.0]]])
    found = cl.compare(Customers(far, seed=0), [3], [cl.FAMILIES[4]]).candidates
    assert len(found) == 3
    for one in found:
        assert set(one.labels) == {0, 1, 2}
        assert one.noise_share >= 2 / 302


def test_the_knee_is_where_the_curve_is_farthest_below_the_line_between_its_ends():
    assert cl.knee(np.array([1.0, 1.1, 1.2, 1.3, 9.0])) == 1.3


def test_equal_customers_have_no_density_to_find():
    with pytest.raises(cl.ClusteringError, match="exactly equal"):
        cl.knee(np.zeros(10))


@pytest.mark.parametrize("family", cl.FAMILIES, ids=lambda family: family.name)
def test_neither_the_order_of_customers_nor_the_currency_changes_a_partition(family):
    table = shop()
    before = partition(table, family).predict(table[RFM])
    shuffled = partition(table.sample(frac=1, random_state=1), family).predict(table[RFM])
    assert (before == shuffled).all()
    cents = table.assign(monetary=table.monetary * 100)
    assert adjusted_rand_score(before, partition(cents, family).predict(cents[RFM])) == 1.0


@pytest.mark.parametrize("family", cl.FAMILIES, ids=lambda family: family.name)
def test_a_saved_clusterer_is_the_same_bytes_again_and_places_raw_rows_alike(family, tmp_path):
    table = shop()
    model = partition(table, family)
    one, two = save_model(tmp_path / "a.skops", model), save_model(tmp_path / "b.skops", partition(table, family))
    assert one.read_bytes() == two.read_bytes()
    read = load_model(one)
    assert list(read.feature_names_in_) == RFM
    assert (read.predict(table[RFM]) == model.predict(table[RFM])).all()


@pytest.mark.parametrize("family", cl.FAMILIES, ids=lambda family: family.name)
def test_the_margin_of_every_family_is_between_0_and_1_and_varies(family):
    table = shop()
    found = cl.margin(partition(table, family), table[RFM])
    assert found.shape == (400,)
    assert found.min() >= 0
    assert found.max() <= 1


def test_the_margin_is_1_at_a_centre_and_0_halfway_between_two():
    from sklearn.neighbors import KNeighborsClassifier
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import FunctionTransformer

    model = make_pipeline(FunctionTransformer(), KNeighborsClassifier(1).fit([[0.0], [4.0]], [0, 1]))
    assert cl.margin(model, np.array([[0.0], [1.0], [2.0], [4.0]])) == pytest.approx([1, 1 - 1 / 3, 0, 1])


def test_a_column_is_divided_by_the_median_size_of_what_is_not_0():
    found = inputs.ByTypical().fit_transform([[0.0, 0], [-2, 0], [4, 0], [6, 0]])
    assert found[:, 0].tolist() == [0, -0.5, 1, 1.5]
    assert found[:, 1].tolist() == [0, 0, 0, 0]


def test_feature_groups_become_principal_components_and_categories_are_left_out():
    dictionary = pd.DataFrame({"feature": [*RFM, "country"], "group": ["rfm"] * 3 + ["attributes"]})
    table = shop().assign(country="FR")
    assert inputs.of_groups(dictionary, ["rfm", "attributes"], table) == RFM
    prepared = inputs.preparation(0.8).fit_transform(inputs.in_order(table, RFM))
    assert prepared.shape[1] in (1, 2)
    with pytest.raises(cl.ClusteringError, match=r"prices is no group.*rfm, attributes"):
        inputs.of_groups(dictionary, ["prices"], table)
    with pytest.raises(cl.ClusteringError, match="hold no numbers"):
        inputs.of_groups(dictionary, ["attributes"], table)


def test_an_input_that_is_not_there_is_named():
    with pytest.raises(cl.ClusteringError, match="inputs: age"):
        inputs.in_order(shop(), ["age"])
