import numpy as np
import pandas as pd
import pytest

from patrons.segments import cards as segment_cards

RFM = pd.DataFrame(
    {
        "recency_days": [1, 2, 3, 400, 410, 420],
        "frequency": [30, 31, 32, 1, 1, 1],
        "monetary": [900.0, 950, 990, 10, 11, 12],
    }
)
SEGMENT = pd.Series(["Champions"] * 3 + ["Lost"] * 3)


def test_a_card_says_size_revenue_the_typical_member_and_what_to_do():
    cards = segment_cards.cards(RFM, SEGMENT)
    first = cards.loc["Champions"]
    assert (first.customers, first.revenue, first.recency_days_median) == (3, 2840, 2)
    assert np.isnan([first.recency_days_low, first.recency_days_high]).all()  # three values have no interval
    assert cards.share.sum() == pytest.approx(1)
    assert cards.revenue_share.sum() == pytest.approx(1)
    assert cards.index[0] == "Champions"
    assert "discount" in first.action
    assert first.against
    assert cards.contact["Lost"] != cards.action["Lost"] == "spend nothing on them"


def test_medians_are_told_with_their_intervals():
    told = segment_cards.medians(segment_cards.cards(RFM, SEGMENT), "EUR")
    assert told.loc["Champions", "spent, EUR"] == "950 (too few for an interval)"
    twice = pd.concat([RFM, RFM]), pd.concat([SEGMENT, SEGMENT])
    assert (
        segment_cards.medians(segment_cards.cards(*twice), "EUR").loc["Champions", "spent, EUR"] == "950 (900 to 990)"
    )


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
    apart = segment_cards.set_apart(table, pd.Series(np.where(inside, "a", "b")), ["frequency"], dictionary)
    first = apart[apart.segment == "a"].iloc[0]
    assert first.feature == "basket"
    assert first.meaning == "basket: mean lines (lines an order)"
    assert first.difference > 0.5
    assert first.here == pytest.approx(table.basket[:200].mean())
    assert segment_cards.in_words(apart)["a"].startswith("high basket")


def test_the_churn_of_earlier_members_by_hand():
    known = segment_cards.earlier_churn(pd.Series(["a", "a", "b", "b"]), pd.Series([1, 0, 1, 1]))
    assert known.churn_rate.to_dict() == {"a": 0.5, "b": 1.0}
    assert (known.earlier_customers == 2).all()
    assert (known.churn_low < known.churn_rate).all()


def test_a_profile_is_in_standard_deviations_of_ranks():
    # ranks 1 to 6: mean 2 here, 5 there, standard deviation sqrt(35/12)
    profile = segment_cards.standardised(RFM[["recency_days"]], SEGMENT)
    assert profile.recency_days["Lost"] == pytest.approx(3 / (35 / 12) ** 0.5)
