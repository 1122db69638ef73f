"""Gains worked out by hand: churn probability x chance saved x value x margin - cost."""

import numpy as np
import pandas as pd
import pytest

from patrons.value import gains
from patrons.value.actions import ranking
from patrons.value.spread import Spread, exact

SURE = gains.draw(margin_rate=[0.5], save_chance=[0.2], contact_cost=[3.0], seed=0)  # worth 0.1 of what is at stake
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
    gain = gains.gains(STAKE, ONE, exact(), SURE)
    assert gain.expected_gain.tolist() == pytest.approx([2.0, -2.0, 15.0, 0.0])
    assert gain.gain_low.tolist() == pytest.approx(gain.gain_high.tolist())


def test_a_range_makes_an_interval_and_keeps_the_mean():
    assumptions = gains.draw([0.5], [0.2], [1.0, 3.0, 5.0], seed=0)
    gain = gains.gains(STAKE, ONE, exact(), assumptions)
    assert gain.expected_gain.tolist() == pytest.approx([2.0, -2.0, 15.0, 0.0], abs=0.1)
    assert (gain.gain_high - gain.gain_low).to_numpy() == pytest.approx(3.1, abs=0.3)  # triangular on 1 to 5


def spread_of(*ratios):
    """Two groups, below and from 150; how far off each was in the test."""
    return Spread(np.array([150.0]), np.array([np.resize(one, 500) for one in ratios]))


def test_the_uncertainty_of_values_reaches_the_gain_of_its_group_only():
    spread = spread_of(1.0, [0.5, 1.0])  # mirrored: from half to double
    gain = gains.gains(STAKE, spread.group(PEOPLE.value.to_numpy()), spread, SURE)
    assert (gain.gain_high - gain.gain_low).tolist() == pytest.approx([0, 0, 18.0 * 1.5, 0])


def test_a_test_that_was_off_widens_the_gain_both_ways_and_does_not_move_it():
    gain = gains.gains(STAKE[2:3], np.array([1]), spread_of(1.0, 2.0), SURE)
    assert gain.iloc[0].tolist() == pytest.approx([15.0, 9.0 - 3, 36.0 - 3])


def test_the_break_even_is_cost_over_chance_and_margin():
    assert gains.break_even(STAKE, ONE, exact(), SURE) == pytest.approx((30.0, 30.0, 30.0))
    assert gains.break_even(STAKE * np.nan, ONE, exact(), SURE) == pytest.approx((30.0, 30.0, 30.0))


def test_at_the_break_even_the_gain_is_none():
    ratios = np.random.default_rng(0).lognormal(0.3, 0.5, 500)
    spread = Spread(np.array([]), ratios[None])
    assumptions = gains.draw([0.2, 0.5, 0.6], [0.1, 0.3], [1, 2, 6], seed=1)
    needed, low, high = gains.break_even(STAKE, ONE, spread, assumptions)
    assert low < needed < high
    assert gains.gains(np.array([needed]), ONE[:1], spread, assumptions).expected_gain[0] == pytest.approx(0)


def test_the_break_even_pools_groups_by_what_is_at_stake():
    spread = spread_of(0.5, 1.5)
    group = spread.group(PEOPLE.value.to_numpy())  # 90 at stake in the first, 180 in the second
    pooled = 0.5 / 3 + 1.5 * 2 / 3
    assert gains.break_even(STAKE, group, spread, SURE) == pytest.approx((30, 30 / pooled, 30 * pooled))


def test_the_profit_curve_adds_up_the_gains_of_the_first():
    gain = gains.gains(STAKE, ONE, exact(), SURE)
    order = ranking(PEOPLE, gain)
    curve = gains.profit(STAKE, ONE, order, exact(), SURE)
    assert curve.contacted.tolist() == [0, 1, 2, 3, 4]
    assert curve.gain.tolist() == pytest.approx([0, 15, 17, 17, 15])
    assert curve.cost.tolist() == pytest.approx([0, 3, 6, 9, 12])
    assert gains.plan(STAKE, ONE, order[:2], exact(), SURE) == pytest.approx((2, 6, 17, 17, 17))


def test_chance_widens_the_interval_of_few_contacts():
    ratios = np.random.default_rng(0).lognormal(0.0, 0.05, 500)
    few, many = np.arange(4), np.arange(400)
    spread = Spread(np.array([]), ratios[None], np.array([400]))
    stake, group = np.full(400, 100.0), np.zeros(400, dtype=int)
    plans = [gains.plan(stake, group, chosen, spread, SURE) for chosen in (few, many)]
    width = [(one.high - one.low) / (one.gain + one.cost) for one in plans]
    assert width[0] / width[1] == pytest.approx(10, rel=0.2)


def test_no_contact_costs_and_brings_nothing():
    nobody = np.array([], dtype=int)
    assert gains.plan(STAKE, ONE, nobody, exact(), SURE) == pytest.approx((0, 0, 0, 0, 0))


@pytest.mark.parametrize("wrong", [[], [3, 2], [-1, 2], [1, 2, 3, 4]])
def test_what_is_no_range_is_refused(wrong):
    with pytest.raises(gains.AssumptionsError, match=r"give one number, \[low, high\]"):
        gains.ends("margin_rate", wrong)


def test_the_same_seed_draws_the_same():
    first, second = (gains.draw([0.1, 0.3], [0.1], [1, 2], seed=5) for _ in range(2))
    assert first.margin_rate.tolist() == second.margin_rate.tolist()
