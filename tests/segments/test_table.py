import numpy as np
import pandas as pd
import pytest

from patrons.segments import table
from patrons.segments.names import Earlier, SegmentsError

RNG = np.random.default_rng(0)
GROUPS = np.repeat([0, 1, 2], 40)
TABLE = pd.DataFrame(
    {
        "tenure": np.repeat([5, 60, 30], 40) + RNG.normal(0, 4, 120),
        "MonthlyCharges": np.repeat([90, 85, 20], 40) + RNG.normal(0, 5, 120),
        "NumOfProducts": RNG.integers(1, 4, 120),
    }
)
NAMES = {
    0: "Short tenure, high monthly charges",
    1: "Long tenure, high monthly charges",
    2: "Low monthly charges",
}


def test_names_say_what_sets_a_group_most_apart():
    assert table.name_groups(TABLE, GROUPS) == NAMES


def test_renumbering_the_groups_renames_nobody():
    renumbered = np.array([7, 9, 4])[GROUPS]
    assert table.name_groups(TABLE, renumbered) == {7: NAMES[0], 9: NAMES[1], 4: NAMES[2]}


def test_another_order_of_customers_renames_nobody():
    order = RNG.permutation(120)
    assert table.name_groups(TABLE.iloc[order], GROUPS[order]) == NAMES


@pytest.mark.parametrize("factor", [0.001, 1 / 12, 137, 1e6])
def test_another_unit_or_currency_renames_nobody(factor):
    scaled = TABLE.assign(tenure=TABLE.tenure * factor, MonthlyCharges=TABLE.MonthlyCharges * factor**0.5)
    assert table.name_groups(scaled, GROUPS) == NAMES


def test_missing_numbers_do_not_count():
    gaps = TABLE.assign(MonthlyCharges=TABLE.MonthlyCharges.mask(TABLE.index % 10 == 0))
    assert table.name_groups(gaps, GROUPS) == NAMES


def test_an_attribute_that_repeats_another_is_not_said_twice():
    repeated = TABLE.assign(TotalMonths=TABLE.tenure + RNG.normal(0, 0.1, 120))
    for name in table.name_groups(repeated, GROUPS).values():
        assert not ("tenure" in name and "total months" in name)


def test_groups_with_the_same_words_are_told_apart_by_degree():
    line = pd.DataFrame({"balance": np.arange(80.0)})
    names = table.name_groups(line, np.repeat([3, 2, 1, 0], 20))
    assert names[3] == "Low balance (more so)"
    assert names[2] == "Low balance (less so)"
    assert names[0] == "High balance (more so)"
    assert len(set(names.values())) == 4


def test_the_same_words_in_another_order_are_the_same_name():
    attributes = pd.DataFrame({"age": [60, 61, 80, 81, *range(8)], "fee": [80, 81, 60, 61, *range(8)]})
    names = table.name_groups(attributes, np.repeat([0, 1, 2], [2, 2, 8]))
    assert set(names.values()) == {"High age, high fee (more so)", "High age, high fee (less so)", "Low age, low fee"}


def test_groups_that_do_not_differ_are_refused():
    same = pd.DataFrame({"x": [1.0, 2, 1, 2]})
    with pytest.raises(SegmentsError, match="2 groups are alike in x"):
        table.name_groups(same, np.array([0, 0, 1, 1]))


def test_customers_in_no_group_are_called_so():
    names = table.name_groups(TABLE, np.array([0, 1, -1])[GROUPS])
    assert names[-1] == "In no group"
    assert len(set(names.values())) == 3


def test_counts_are_few_or_many():
    attributes = pd.DataFrame({"NumOfProducts": [1.0, 1, 3, 3]})
    assert table.name_groups(attributes, np.array([0, 0, 1, 1])) == {0: "Few products", 1: "Many products"}


def test_an_earlier_name_stays_while_every_word_of_it_is_true():
    earlier = {0: Earlier(1, "High monthly charges, short tenure"), 1: Earlier(2, "Short tenure, high monthly charges")}
    named = table.name_groups(TABLE, GROUPS, earlier)
    assert named[0] == "High monthly charges, short tenure"  # the same words in another order: still true
    assert named[1] == NAMES[1]  # their tenure is long now
    again = {label: Earlier(label, name) for label, name in named.items()}
    assert table.name_groups(TABLE, GROUPS, again) == named


def test_advice_follows_from_where_the_churn_interval_lies():
    segment, churned = (
        pd.Series(["a", "b", "c"]).repeat(200),
        np.repeat([1, 0, 1, 0, 1, 0], [150, 50, 20, 180, 80, 120]),
    )
    cards = table.cards(pd.DataFrame({"fee": np.ones(600)}), segment, pd.Series(churned), None)
    advised = {name: next(k for k, v in table.ADVICE.items() if v[0] == cards.action[name]) for name in "abc"}
    assert advised == {"a": "above", "b": "below", "c": "about"}
    assert cards.contact["b"] == table.ADVICE["below"][1]


def test_medians_are_shown_with_their_intervals():
    texts = table.medians(CARDS, SEGMENT, ["a", "b"]).set_index("segment")
    assert texts.fee["b"] == "2 (too few for an interval)"
    texts = table.medians(pd.DataFrame({"fee": [1.0, 2, 3] * 2}), pd.Series(["b"] * 6), ["b"])
    assert texts.fee[0] == "2 (1 to 3)"


CARDS = pd.DataFrame({"fee": [10.0, 20, 1, 2, 3]})
SEGMENT, CHURNED = pd.Series(["a", "a", "b", "b", "b"]), pd.Series([0, 0, 1, 1, 0])


def test_a_card_says_size_churn_and_the_typical_member():
    cards = table.cards(CARDS, SEGMENT, CHURNED, None)
    assert list(cards.index) == ["b", "a"]  # who loses most comes first
    b = cards.loc["b"]
    assert (b.customers, b.share, b.churn_rate, b.fee_median) == (3, 0.6, pytest.approx(2 / 3), 2)
    assert b.low < b.churn_rate < b.high
    assert "revenue_share" not in cards


def test_revenue_is_there_where_there_is_money():
    cards = table.cards(CARDS, SEGMENT, CHURNED, CARDS.fee)
    assert cards.revenue_share.to_dict() == {"a": pytest.approx(30 / 36), "b": pytest.approx(6 / 36)}


def test_what_else_marks_a_segment_is_frequent_in_it_and_rare_elsewhere():
    plans = pd.DataFrame({"plan": ["pro", "pro", "free", "free", "pro"], "same": ["x"] * 5})
    marked = table.typical(plans, SEGMENT).marked_by
    assert marked["a"] == "plan pro: 100%, elsewhere 33%"
    assert marked["b"] == "plan free: 67%, elsewhere 0%"


def test_a_missing_category_is_a_value_of_its_own():
    customers = pd.DataFrame({"customer_id": ["x", "y"], "plan": ["pro", None], "fee": [1.0, 2.0]})
    assert table.categories(customers).to_dict("list") == {"plan": ["pro", "missing"]}
