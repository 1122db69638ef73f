"""Gains worked out by hand: churn probability x chance saved x margin x (spend if kept - if lost) - cost."""

import numpy as np
import pandas as pd
import pytest

from patrons.value import gains
from patrons.value.actions import ranking
from patrons.value.spread import Spread, exact

SURE = gains.draw(margin_rate=[0.5], save_chance=[[0.2]], contact_cost=[3.0], seed=0)  # worth 0.1 of what may be lost
PEOPLE = pd.DataFrame(
    {
        "customer_id": ["a", "b", "c", "d"],
        "segment": ["X", "X", "Y", "Y"],
        "churn_probability": [0.5, 0.1, 0.9, 0.5],
        "value": [100.0, 100.0, 200.0, 60.0],
    }
)
ONE = np.zeros(4, dtype=int)
STAKES = gains.Stakes(
    PEOPLE.churn_probability.to_numpy(), PEOPLE.value.to_numpy(), ONE, ONE, np.ones(4)
)  # 50, 10, 180, 30


def test_the_gain_is_that_of_the_formula():
    gain = gains.gains(STAKES, exact(), SURE)
    assert gain.expected_gain.tolist() == pytest.approx([2.0, -2.0, 15.0, 0.0])
    assert gain.gain_low.tolist() == pytest.approx(gain.gain_high.tolist())


def test_a_contact_saves_less_after_a_longer_silence():
    """The same customer, with 50 to lose, in the first band (a tenth is kept) and the second (a twentieth)."""
    bands = gains.draw([0.5], [[0.2], [0.1]], [3.0], seed=0)
    stakes = gains.Stakes(np.full(2, 0.5), np.full(2, 100.0), ONE[:2], np.array([0, 1]), np.ones(2))
    assert gains.gains(stakes, exact(), bands).expected_gain.tolist() == pytest.approx([2.0, -0.5])
    assert gains.profit(stakes, np.arange(2), exact(), bands).gain.tolist() == pytest.approx([0.0, 2.0, 1.5])
    assert [level for level, _, _ in gains.break_even(stakes, exact(), bands)] == pytest.approx([30.0, 60.0])


def test_an_error_of_the_churn_forecast_widens_gain_and_plan_and_moves_neither():
    """Log odds of 1 in 1 and of 9 in 1, one standard deviation of 1.5 up or down."""
    unsure = gains.draw([0.5], [[0.2]], [3.0], seed=0, log_odds_error=1.5)
    gain, plan = gains.gains(STAKES, exact(), unsure), gains.plan(STAKES, np.array([0, 2]), exact(), unsure)
    assert gain.expected_gain.tolist() == pytest.approx([2.0, -2.0, 15.0, 0.0])
    assert plan.gain == pytest.approx(17.0)
    reach = 1.5 * 1.88  # of 25 equally likely shifts the outermost but one
    low, high = (100 / (1 + np.exp(-sign * reach)) * 0.1 - 3 for sign in (-1, 1))
    assert gain[["gain_low", "gain_high"]].iloc[0].tolist() == pytest.approx([low, high], abs=0.3)
    assert plan.low < 17 - 5
    assert plan.high > 17 + 3


def test_what_a_kept_customer_spends_more_rises_with_the_chance_of_no_order():
    """Of expected spend 15 at 1/2 and a ratio of 1/5 it is 15 x .8 / (1 - .4) = 20. With log odds .41 x 1.96 up the
    chance is .691 and it is 12 / (1 - .553): what may be lost is 1.85 times 10; as far down .309 and 12 / (1 - .247).
    """
    stakes = gains.Stakes(np.full(1, 0.5), np.full(1, 20.0), ONE[:1], ONE[:1], np.full(1, 0.2))
    low, same, high = stakes.shifted(np.array([-1.96, 0, 1.96]) * 0.41)[0] / stakes.lost[0]
    assert (low, same, high) == pytest.approx((0.493, 1.0, 1.853), abs=0.001)
    unsure = gains.draw([0.5], [[0.2]], [0.1], seed=0, log_odds_error=0.41)
    plan, gain = gains.plan(stakes, ONE[:1], exact(), unsure), gains.gains(stakes, exact(), unsure).iloc[0]
    assert (plan.gain, plan.low, plan.high) == pytest.approx((0.9, 0.41, 1.72), abs=0.1)
    assert gain.tolist() == pytest.approx([plan.gain, plan.low, plan.high])


def test_a_stake_that_was_too_high_on_the_tested_day_reaches_every_interval_and_moves_no_gain():
    """What a kept customer spent more was half of what was foretold: each draw lies between half and all of it."""
    half = gains.draw([0.5], [[0.2]], [3.0], seed=0, happened=[0.5])
    gain = gains.gains(STAKES, exact(), half)
    assert gain.expected_gain.tolist() == pytest.approx([2.0, -2.0, 15.0, 0.0])
    share = (0.5125, 0.9875)
    assert gain[["gain_low", "gain_high"]].iloc[2].tolist() == pytest.approx([18 * one - 3 for one in share], abs=0.3)
    plan = gains.plan(STAKES, np.array([0, 2]), exact(), half)
    assert plan[2:] == pytest.approx((17.0, *(23 * one - 6 for one in share)), abs=0.3)
    assert gains.break_even(STAKES, exact(), half)[0] == pytest.approx((30, 30 / share[1], 30 / share[0]), rel=0.02)


def test_who_leaves_for_certain_does_so_at_any_error():
    certain = gains.Stakes(np.array([0.0, 1.0]), np.array([100.0, 100.0]), ONE[:2], ONE[:2], np.ones(2))
    unsure = gains.draw([0.5], [[0.2]], [3.0], seed=0, log_odds_error=1.5)
    assert gains.gains(certain, exact(), unsure).to_numpy() == pytest.approx(np.repeat([[-3.0], [7.0]], 3, axis=1))


def test_a_range_makes_an_interval_and_keeps_the_mean():
    assumptions = gains.draw([0.5], [[0.2]], [1.0, 3.0, 5.0], seed=0)
    gain = gains.gains(STAKES, exact(), assumptions)
    assert gain.expected_gain.tolist() == pytest.approx([2.0, -2.0, 15.0, 0.0], abs=0.1)
    assert (gain.gain_high - gain.gain_low).to_numpy() == pytest.approx(3.1, abs=0.3)  # triangular on 1 to 5


def spread_of(*ratios):
    """Two groups, below and from 150; how far off each was in the test."""
    return Spread(np.array([150.0]), np.array([np.resize(one, 500) for one in ratios]))


def test_the_uncertainty_of_values_reaches_the_gain_of_its_group_only():
    spread = spread_of(1.0, [0.5, 1.0])  # mirrored: from half to double
    gain = gains.gains(STAKES._replace(group=spread.group(PEOPLE.value.to_numpy())), spread, SURE)
    assert (gain.gain_high - gain.gain_low).tolist() == pytest.approx([0, 0, 18.0 * 1.5, 0])


def test_a_test_that_was_off_widens_the_gain_both_ways_and_does_not_move_it():
    gain = gains.gains(STAKES.of(slice(2, 3))._replace(group=np.array([1])), spread_of(1.0, 2.0), SURE)
    assert gain.iloc[0].tolist() == pytest.approx([15.0, 9.0 - 3, 36.0 - 3])


def test_the_break_even_is_cost_over_chance_and_margin():
    assert gains.break_even(STAKES, exact(), SURE)[0] == pytest.approx((30.0, 30.0, 30.0))
    unknown = STAKES._replace(more=STAKES.more * np.nan)
    assert gains.break_even(unknown, exact(), SURE)[0] == pytest.approx((30.0, 30.0, 30.0))


def test_at_the_break_even_the_gain_is_none():
    ratios = np.random.default_rng(0).lognormal(0.3, 0.5, 500)
    spread = Spread(np.array([]), ratios[None])
    assumptions = gains.draw([0.2, 0.5, 0.6], [[0.1, 0.3]], [1, 2, 6], seed=1)
    needed, low, high = gains.break_even(STAKES, spread, assumptions)[0]
    assert low < needed < high
    just = gains.Stakes(np.array([0.5]), np.array([needed / 0.5]), ONE[:1], ONE[:1], np.ones(1))
    assert gains.gains(just, spread, assumptions).expected_gain[0] == pytest.approx(0)


def test_the_break_even_pools_groups_by_what_is_at_stake():
    spread = spread_of(0.5, 1.5)
    stakes = STAKES._replace(group=spread.group(PEOPLE.value.to_numpy()))  # 90 at stake in the first, 180 in the second
    pooled = 0.5 / 3 + 1.5 * 2 / 3
    assert gains.break_even(stakes, spread, SURE)[0] == pytest.approx((30, 30 / pooled, 30 * pooled))


def test_the_profit_curve_adds_up_the_gains_of_the_first():
    gain = gains.gains(STAKES, exact(), SURE)
    order = ranking(PEOPLE, gain)
    curve = gains.profit(STAKES, order, exact(), SURE)
    assert curve.contacted.tolist() == [0, 1, 2, 3, 4]
    assert curve.gain.tolist() == pytest.approx([0, 15, 17, 17, 15])
    assert curve.cost.tolist() == pytest.approx([0, 3, 6, 9, 12])
    assert gains.plan(STAKES, order[:2], exact(), SURE) == pytest.approx((2, 6, 17, 17, 17))


def test_chance_widens_the_interval_of_few_contacts():
    ratios = np.random.default_rng(0).lognormal(0.0, 0.05, 500)
    few, many = np.arange(4), np.arange(400)
    spread = Spread(np.array([]), ratios[None], np.array([400]))
    zeros = np.zeros(400, dtype=int)
    stakes = gains.Stakes(np.ones(400), np.full(400, 100.0), zeros, zeros, np.ones(400))
    plans = [gains.plan(stakes, chosen, spread, SURE) for chosen in (few, many)]
    width = [(one.high - one.low) / (one.gain + one.cost) for one in plans]
    assert width[0] / width[1] == pytest.approx(10, rel=0.2)


def test_no_contact_costs_and_brings_nothing():
    nobody = np.array([], dtype=int)
    assert gains.plan(STAKES, nobody, exact(), SURE) == pytest.approx((0, 0, 0, 0, 0))


@pytest.mark.parametrize("wrong", [[], [3, 2], [-1, 2], [1, 2, 3, 4]])
def test_what_is_no_range_is_refused(wrong):
    with pytest.raises(gains.AssumptionsError, match=r"give one number, \[low, high\]"):
        gains.ends("margin_rate", wrong)


def test_the_same_seed_draws_the_same():
    first, second = (gains.draw([0.1, 0.3], [[0.1]], [1, 2], seed=5) for _ in range(2))
    assert first.margin_rate.tolist() == second.margin_rate.tolist()


@pytest.mark.parametrize(
    "rising", [[], [[0.1], [0.2]], [[0.1, 0.2, 0.3], [0.1, 0.2, 0.4]]], ids=["none", "rises", "rises at its high end"]
)
def test_chances_that_do_not_fall_with_silence_are_refused(rising):
    with pytest.raises(gains.AssumptionsError, match="none higher than the one before"):
        gains.draw([0.5], rising, [3.0], seed=0)


def test_chances_of_all_bands_are_drawn_together_and_triangular():
    drawn = gains.draw([0.5], [[0.05, 0.1, 0.2], [0.04, 0.08, 0.15]], [3.0], seed=0).save_chance
    assert (drawn[0] >= drawn[1]).all()
    assert np.corrcoef(drawn)[0, 1] > 0.99
    assert drawn.mean(axis=1) == pytest.approx([0.35 / 3, 0.27 / 3], rel=0.03)
    assert (drawn.min(axis=1) >= [0.05, 0.04]).all()
    assert (drawn.max(axis=1) <= [0.2, 0.15]).all()


def test_the_assumptions_are_told_by_silence():
    table = gains.assumed([0.5], [[0.1, 0.2], [0.1]], [3.0], [100.0], ["0 to 45 days", "46 to 90 days"])
    assert table.assumption.tolist()[1:3] == [
        "chance that a contact saves, after 0 to 45 days",
        "chance that a contact saves, after 46 to 90 days",
    ]
    assert table.likely.tolist() == [0.5, pytest.approx(0.15), 0.1, 3.0, 100.0]
