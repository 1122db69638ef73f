import numpy as np
import pandas as pd
import pytest

from patrons.segments import traits


def test_differences_by_hand():
    # ranks 1 2 3 4, standard deviation sqrt(5)/2; means 1.5 and 3.5
    apart = traits.differences(pd.DataFrame({"x": [10.0, 20, 30, 400]}), np.array([5, 5, 8, 8]))
    assert apart.x.to_dict() == {5: pytest.approx(-4 / 5**0.5, abs=1e-6), 8: pytest.approx(4 / 5**0.5, abs=1e-6)}


def test_one_group_differs_from_nobody():
    assert traits.differences(pd.DataFrame({"x": [1.0, 2]}), np.array([0, 0])).x.to_dict() == {0: 0}


def test_what_sets_apart_is_not_what_groups_were_made_from_nor_its_copy():
    rng = np.random.default_rng(0)
    inside = np.repeat([1.0, 0.0], 200)
    table = pd.DataFrame({"frequency": inside + rng.normal(0, 0.1, 400)})
    table["visits"] = table.frequency * 2 + 1  # says the same
    table["basket"] = 3 * inside + rng.normal(0, 2, 400)
    table["noise"] = rng.normal(size=400)
    dictionary = pd.DataFrame(
        {"feature": ["basket"], "meaning": ["mean lines; missing without one"], "unit": ["lines an order"]}
    )
    apart = traits.set_apart(table, pd.Series(np.where(inside, "a", "b")), ["frequency"], dictionary)
    first = apart[apart.segment == "a"].iloc[0]
    assert first.feature == "basket"
    assert first.meaning == "basket: mean lines (lines an order)"
    assert first.difference > 0.5
    assert first.here == pytest.approx(table.basket[:200].mean())
    assert traits.as_text(apart)["a"].startswith("high basket")
    shown = traits.as_table(apart, ["b", "a"])
    assert list(shown.segment.unique()) == ["b", "a"]
    assert list(shown) == ["segment", "what", "difference", "mean here", "mean elsewhere"]


def test_what_two_features_share_is_not_asked_of_the_first_customers_alone(monkeypatch):
    monkeypatch.setattr(traits, "COMPARED", 100)
    order, rng = np.arange(1_000.0), np.random.default_rng(0)
    late = np.where(order < 100, rng.permutation(1_000), order)  # only later customers have both alike
    assert traits.similarity(pd.DataFrame({"one": order, "other": late})).loc["one", "other"] > 0.6


def test_a_profile_is_in_standard_deviations_of_ranks():
    # ranks 1 to 6: mean 2 here, 5 there, standard deviation sqrt(35/12)
    recency = pd.DataFrame({"recency_days": [1, 2, 3, 400, 410, 420]})
    profile = traits.by_segment(recency, pd.Series(["Champions"] * 3 + ["Lost"] * 3))
    assert profile.recency_days["Lost"] == pytest.approx(3 / (35 / 12) ** 0.5)


def test_keys_are_no_features():
    table = pd.DataFrame({"customer_id": [1], "as_of": [pd.Timestamp("2024-01-01")], "orders": [2], "country": ["DE"]})
    assert list(traits.numeric(table)) == ["orders"]


def test_the_widest_of_many_differences_seldom_exceeds_what_picking_explains():
    rng = np.random.default_rng(0)
    segment = pd.Series(np.repeat(["a", "b", "c"], [50, 100, 150]))
    limit, beyond = traits.by_chance(segment, 20), 0
    assert limit == pytest.approx(3.34 * np.sqrt(1 / 50 + 1 / 250), abs=0.01)  # the normal quantile of 1 - .025 / 60
    for _ in range(60):
        nothing = traits.by_segment(pd.DataFrame(rng.normal(size=(300, 20))), segment)
        beyond += nothing.abs().max(axis=None) > limit
    assert beyond <= 6
