"""Gains worked out by hand: churn probability x chance saved x value x margin - cost."""

import numpy as np
import pandas as pd
import pytest

from patrons.value import actions
from patrons.value import narrative as value_words
from patrons.value.spread import Spread, exact

SURE = actions.draw(margin_rate=[0.5], save_chance=[0.2], contact_cost=[3.0], seed=0)  # worth 0.1 of what is at stake
PEOPLE = pd.DataFrame(
    {
        "customer_id": ["a", "b", "c", "d"],
        "segment": ["X", "X", "Y", "Y"],
        "churn_probability": [0.5, 0.1, 0.9, 0.5],
        "value": [100.0, 100.0, 200.0, 60.0],
        "reason_1": "silent for 80 days",
        "reason_2": "",
        "reason_3": "",
    }
)
STAKE = (PEOPLE.churn_probability * PEOPLE.value).to_numpy()  # 50, 10, 180, 30
ONE = np.zeros(4, dtype=int)


def test_the_gain_is_that_of_the_formula():
    gain = actions.gains(STAKE, ONE, exact(), SURE)
    assert gain.expected_gain.tolist() == pytest.approx([2.0, -2.0, 15.0, 0.0])
    assert gain.gain_low.tolist() == pytest.approx(gain.gain_high.tolist())


def test_a_range_makes_an_interval_and_keeps_the_mean():
    drawn = actions.draw([0.5], [0.2], [1.0, 3.0, 5.0], seed=0)
    gain = actions.gains(STAKE, ONE, exact(), drawn)
    assert gain.expected_gain.tolist() == pytest.approx([2.0, -2.0, 15.0, 0.0], abs=0.1)
    assert (gain.gain_high - gain.gain_low).to_numpy() == pytest.approx(3.1, abs=0.3)  # triangular on 1 to 5


def spread_of(*ratios):
    """Two groups, below and from 150; how far off each was in the test."""
    return Spread(np.array([150.0]), np.array([np.resize(one, 500) for one in ratios]))


def test_the_uncertainty_of_values_reaches_the_gain_of_its_group_only():
    spread = spread_of(1.0, [0.5, 1.0])  # mirrored: from half to double
    gain = actions.gains(STAKE, spread.group(PEOPLE.value.to_numpy()), spread, SURE)
    assert (gain.gain_high - gain.gain_low).tolist() == pytest.approx([0, 0, 18.0 * 1.5, 0])


def test_a_test_that_was_off_widens_the_gain_both_ways_and_does_not_move_it():
    gain = actions.gains(STAKE[2:3], np.array([1]), spread_of(1.0, 2.0), SURE)
    assert gain.iloc[0].tolist() == pytest.approx([15.0, 9.0 - 3, 36.0 - 3])


def test_the_break_even_is_cost_over_chance_and_margin():
    assert actions.break_even(STAKE, ONE, exact(), SURE) == pytest.approx((30.0, 30.0, 30.0))
    assert actions.break_even(STAKE * np.nan, ONE, exact(), SURE) == pytest.approx((30.0, 30.0, 30.0))


def test_at_the_break_even_the_gain_is_none():
    ratios = np.random.default_rng(0).lognormal(0.3, 0.5, 500)
    spread = Spread(np.array([]), ratios[None])
    drawn = actions.draw([0.2, 0.5, 0.6], [0.1, 0.3], [1, 2, 6], seed=1)
    needed, low, high = actions.break_even(STAKE, ONE, spread, drawn)
    assert low < needed < high
    assert actions.gains(np.array([needed]), ONE[:1], spread, drawn).expected_gain[0] == pytest.approx(0)


def test_the_break_even_pools_groups_by_what_is_at_stake():
    spread = spread_of(0.5, 1.5)
    group = spread.group(PEOPLE.value.to_numpy())  # 90 at stake in the first, 180 in the second
    pooled = 0.5 / 3 + 1.5 * 2 / 3
    assert actions.break_even(STAKE, group, spread, SURE) == pytest.approx((30, 30 / pooled, 30 * pooled))


def test_the_profit_curve_adds_up_the_gains_of_the_first():
    gain = actions.gains(STAKE, ONE, exact(), SURE)
    order = actions.order(PEOPLE, gain)
    curve = actions.profit(STAKE, ONE, order, exact(), SURE)
    assert curve.contacted.tolist() == [0, 1, 2, 3, 4]
    assert curve.gain.tolist() == pytest.approx([0, 15, 17, 17, 15])
    assert curve.cost.tolist() == pytest.approx([0, 3, 6, 9, 12])
    assert actions.plan(STAKE, ONE, order[:2], exact(), SURE) == pytest.approx((2, 6, 17, 17, 17))


def test_chance_widens_the_interval_of_few_contacts():
    ratios = np.random.default_rng(0).lognormal(0.0, 0.05, 500)
    few, many = np.arange(4), np.arange(400)
    spread = Spread(np.array([]), ratios[None], np.array([400]))
    stake, group = np.full(400, 100.0), np.zeros(400, dtype=int)
    plans = [actions.plan(stake, group, chosen, spread, SURE) for chosen in (few, many)]
    width = [(one.high - one.low) / (one.gain + one.cost) for one in plans]
    assert width[0] / width[1] == pytest.approx(10, rel=0.2)


RETURNED = pd.DataFrame({"customer_id": ["a", "b", "c", "d"], "returned_value_share": [0.5, 1.0, 0.874, np.nan]})


def test_who_ranks_high_by_cancelled_orders_is_to_be_checked_first():
    listed = actions.listed(PEOPLE, actions.gains(STAKE, ONE, exact(), SURE), 2, {"Y": "call"})
    told = actions.with_checks(listed, RETURNED)
    assert told.suggested_action.tolist() == [
        "check first: 87% of what was bought was cancelled",
        "contact",  # half, and no more
        "not within the budget",  # nor to be called
        "leave: a contact costs more than it brings",
    ]
    assert value_words.to_check(told) == (
        "1 of the first 4 rank high by orders that were cancelled: check before you call."
    )
    many = pd.DataFrame({"suggested_action": ["contact"] * 9 + ["check first: 60%"] * 4})
    assert value_words.to_check(many).startswith("1 of the first 10 and 4 of all to contact rank high")


@pytest.mark.parametrize("today", [RETURNED.assign(returned_value_share=0.1), RETURNED[["customer_id"]]])
def test_without_cancellations_nothing_is_to_be_checked(today):
    listed = actions.listed(PEOPLE, actions.gains(STAKE, ONE, exact(), SURE), 2, {})
    assert actions.with_checks(listed, today).equals(listed)
    assert value_words.to_check(listed) == ""


def test_the_list_is_not_one_of_risk_and_says_so():
    listed = actions.listed(PEOPLE, actions.gains(STAKE * [1, 30, 1, 1], ONE, exact(), SURE), 2, {})
    scores = PEOPLE[["customer_id"]].assign(flagged=[True, False, True, False])
    assert listed.customer_id.tolist() == ["b", "c", "a", "d"]
    assert value_words.not_by_risk(listed, scores, 2) == (
        "This list is by expected gain, not by risk: number 1, at 10%, stands above others at up to 90%. "
        "1 of the 2 to contact are flagged as likely to leave (06)."
    )
    listed = actions.listed(PEOPLE, actions.gains(STAKE * [30, 30, 1, 1], ONE, exact(), SURE), 1, {})
    assert "number 1, at 50%, stands above others at up to 90%" in value_words.not_by_risk(listed, scores, 1)
    assert "not by risk. 0 of the 0" in value_words.not_by_risk(listed, scores, 0)


def test_no_contact_costs_and_brings_nothing():
    nobody = np.array([], dtype=int)
    assert actions.plan(STAKE, ONE, nobody, exact(), SURE) == pytest.approx((0, 0, 0, 0, 0))


def test_the_list_is_in_the_order_of_gain_and_says_what_to_do():
    gain = actions.gains(STAKE, ONE, exact(), SURE).round(9)
    listed = actions.listed(PEOPLE, gain, 1, {"Y": "call"})
    assert listed.customer_id.tolist() == ["c", "a", "d", "b"]
    assert listed["rank"].tolist() == [1, 2, 3, 4]
    assert listed.suggested_action.tolist() == [
        "contact: call",
        "not within the budget",
        "leave: a contact costs more than it brings",
        "leave: a contact costs more than it brings",
    ]


def test_a_gain_whose_interval_includes_zero_is_marked():
    gain = pd.DataFrame({"expected_gain": [2.0, 1.0], "gain_low": [1.0, -1.0], "gain_high": [3.0, 2.0]})
    listed = actions.listed(PEOPLE.head(2), gain, 2, {})
    assert listed.certain.tolist() == [True, False]
    assert listed.suggested_action.tolist() == ["contact", "contact, the gain is not certain"]
    assert "includes zero" in actions.doubt(actions.Plan(2, 6.0, 3.0, -1.0, 5.0))
    assert actions.doubt(actions.Plan(2, 6.0, 3.0, 1.0, 5.0)) == ""


def test_the_reasons_of_06_come_along_and_nothing_else_of_it():
    values = PEOPLE[["customer_id"]].assign(expected_spend=PEOPLE.value)
    scores = PEOPLE.drop(columns=["segment", "value"]).assign(reason_4="x", flagged=True)
    people = value_words.people(values, PEOPLE.set_index("customer_id").segment, scores)
    assert set(people) == set(PEOPLE)
    listed = actions.listed(people, actions.gains(STAKE, ONE, exact(), SURE), 1, {})
    assert listed.reason_1.eq("silent for 80 days").all()


def test_where_no_value_is_known_the_likeliest_to_leave_come_first():
    people = PEOPLE.assign(value=np.nan)
    gain = actions.gains(np.full(4, np.nan), ONE, exact(), SURE)
    listed = actions.listed(people, gain, 0, {})
    assert listed.customer_id.tolist() == ["c", "a", "d", "b"]
    assert listed.suggested_action.eq("what a contact brings is not known").all()
    told = actions.listed(people, gain, 0, {"Y": "call"}).suggested_action
    assert told[0] == "what a contact brings is not known; if you contact: call"
    assert {"value", "gain (95% interval)"}.isdisjoint(value_words.top(listed))


def test_a_budget_pays_so_many_contacts():
    assert actions.affordable(10.0, SURE, 100) == 3
    assert actions.affordable(1000.0, SURE, 4) == 4


@pytest.mark.parametrize("wrong", [[], [3, 2], [-1, 2], [1, 2, 3, 4]])
def test_what_is_no_range_is_refused(wrong):
    with pytest.raises(actions.ActionsError, match=r"give one number, \[low, high\]"):
        actions.ends("margin_rate", wrong)


def test_the_same_seed_draws_the_same():
    first, second = (actions.draw([0.1, 0.3], [0.1], [1, 2], seed=5) for _ in range(2))
    assert first.margin_rate.tolist() == second.margin_rate.tolist()


def test_the_top_of_the_list_is_short_and_in_words():
    listed = pd.DataFrame(
        {
            "rank": [1, 2],
            "customer_id": [17, 18],
            "segment": ["Loyal", "Lost"],
            "churn_probability": [0.254, np.nan],
            "value": [1234.5, 10.0],
            "expected_gain": [20.4, np.nan],
            "gain_low": [-3.0, np.nan],
            "gain_high": [50.0, np.nan],
            "certain": [False, False],
            "reason_1": ["silent for 40 days", None],
            "reason_2": ["2 orders", None],
            "reason_3": [None, None],
            "suggested_action": ["contact", "what a contact brings is not known"],
        }
    )
    first, second = value_words.top(listed).to_dict("records")
    assert first["churn"] == "25%"
    assert first["gain (95% interval)"] == "20 (-3 to 50)"
    assert first["main reason of the churn forecast"] == "silent for 40 days"
    assert (second["gain (95% interval)"], second["main reason of the churn forecast"]) == ("–", "")
    assert len(value_words.top(listed, 1)) == 1
