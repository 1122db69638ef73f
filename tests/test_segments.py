import numpy as np
import pandas as pd
import pytest

from patrons import segments

# recent, frequent, rich; silent, rare, poor; in between, with one order
RFM = pd.DataFrame(
    {
        "recency_days": [1, 2, 3, 400, 410, 420, 4, 5, 6],
        "frequency": [30, 31, 32, 1, 1, 1, 1, 2, 1],
        "monetary": [900.0, 950, 990, 10, 11, 12, 15, 20, 18],
    }
)
GROUPS = np.repeat([0, 1, 2], 3)


def test_names_follow_from_what_was_measured():
    # positions (recency, frequency, monetary): 0 (.89, .89, .89), 1 (.22, .33, .22), 2 (.56, .33, .56)
    assert segments.name_groups(RFM, GROUPS) == {
        0: "Champions",
        1: "Hibernating",
        2: "Needs attention",
    }


def test_renumbering_the_groups_renames_nobody():
    renumbered = np.array([7, 4, 9])[GROUPS]
    assert segments.name_groups(RFM, renumbered) == {
        7: "Champions",
        4: "Hibernating",
        9: "Needs attention",
    }


def test_another_currency_or_order_of_customers_renames_nobody():
    order = np.random.default_rng(0).permutation(9)
    shuffled = RFM.assign(monetary=RFM.monetary * 137).iloc[order]
    assert segments.name_groups(shuffled, GROUPS[order]) == segments.name_groups(RFM, GROUPS)


def test_names_are_unique_even_for_groups_that_are_alike():
    names = segments.name_groups(RFM, np.arange(9))
    assert len(set(names.values())) == 9


def test_more_groups_than_names_is_an_error():
    table = pd.concat([RFM] * 2)
    with pytest.raises(segments.SegmentsError, match="18 groups"):
        segments.name_groups(table, np.arange(18))


def test_positions_go_from_worst_to_best():
    stood = segments.positions(RFM, GROUPS)
    assert stood.monetary.tolist() == pytest.approx([8 / 9, 2 / 9, 5 / 9])
    assert stood.recency[0] > stood.recency[2] > stood.recency[1]


def test_a_card_says_size_revenue_and_the_typical_member():
    cards = segments.cards(RFM, pd.Series(np.array(["a", "b", "c"])[GROUPS]))
    a = cards.loc["a"]
    assert (a.customers, a.revenue, a.recency_days_median) == (3, 2840, 2)
    assert cards.share.sum() == pytest.approx(1)
    assert cards.revenue_share.sum() == pytest.approx(1)
    assert cards.index[0] == "a"
