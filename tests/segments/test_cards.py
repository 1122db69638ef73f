import numpy as np
import pandas as pd
import pytest

from patrons.segments.cards import advice, cards, earlier_churn, medians

RFM = pd.DataFrame(
    {
        "recency_days": [1, 2, 3, 400, 410, 420],
        "frequency": [30, 31, 32, 1, 1, 1],
        "monetary": [900.0, 950, 990, 10, 11, 12],
    }
)
SEGMENT = pd.Series(["Champions"] * 3 + ["Lost"] * 3)


def test_a_card_says_size_revenue_the_typical_member_and_what_to_do():
    table = cards(RFM, SEGMENT)
    first = table.loc["Champions"]
    assert (first.customers, first.revenue, first.recency_days_median) == (3, 2840, 2)
    assert np.isnan([first.recency_days_low, first.recency_days_high]).all()  # three values have no interval
    assert table.share.sum() == pytest.approx(1)
    assert table.revenue_share.sum() == pytest.approx(1)
    assert table.index[0] == "Champions"
    assert "discount" in first.action
    assert first.against
    assert table.contact["Lost"] != table.action["Lost"] == "spend nothing on them"


def test_medians_are_shown_with_their_intervals():
    texts = medians(cards(RFM, SEGMENT), "EUR")
    assert texts.loc["Champions", "spent, EUR"] == "950 (too few for an interval)"
    texts = medians(cards(pd.concat([RFM, RFM]), pd.concat([SEGMENT, SEGMENT])), "EUR")
    assert texts.loc["Champions", "spent, EUR"] == "950 (900 to 990)"


def test_the_churn_of_earlier_members_by_hand():
    known = earlier_churn(pd.Series(["a", "a", "b", "b"]), pd.Series([1, 0, 1, 1]))
    assert known.churn_rate.to_dict() == {"a": 0.5, "b": 1.0}
    assert (known.earlier_customers == 2).all()
    assert (known.churn_low < known.churn_rate).all()


def test_the_advice_names_the_days_of_silence():
    table = cards(RFM, SEGMENT).join(earlier_churn(SEGMENT, pd.Series([0, 0, 0, 1, 1, 0])))
    shown = advice(table, 90).set_index("segment")
    assert shown["silent in 90 days"].to_dict() == {"Champions": 0, "Lost": pytest.approx(2 / 3)}
    assert shown.suggestion["Lost"] == "spend nothing on them"
