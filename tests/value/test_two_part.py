"""What a kept customer spends more than a lost one: worked out by hand, and found again in a simulated world."""

from datetime import date

import numpy as np
import pandas as pd
import pytest

from patrons.btyd import gamma_gamma, mbgnbd
from patrons.value import forecast, gains, stake_check, two_part
from patrons.value.forecast import Days
from patrons.value.spend_model import Fits
from patrons.value.spread import exact
from patrons.value.two_part import Horizons, Split

HORIZONS = Horizons(90, 180)


def test_expected_spend_divides_into_that_of_who_is_kept_and_of_who_is_lost():
    """Of 10 at a chance of 1/2, where the lost spend a quarter: 16 and 4, and half of each is 10."""
    kept, lost = two_part.divided(np.array([10.0, 10.0]), np.array([0.5, 0.0]), 0.25)
    assert kept.tolist() == pytest.approx([16.0, 10.0])
    assert lost.tolist() == pytest.approx([4.0, 2.5])


def test_the_gain_counts_what_a_kept_customer_spends_more():
    """1/2 x (16 - 4) = 6 may be lost, not 1/2 x 10: saved with 1/5 and a margin of 1/2 that is 0.60 before the cost."""
    kept, lost = two_part.divided(np.array([10.0]), np.array([0.5]), 0.25)
    stakes = gains.Stakes(np.array([0.5]), kept - lost, np.zeros(1, int), np.zeros(1, int), np.full(1, 0.25))
    assert stakes.lost.tolist() == [pytest.approx(6.0)]
    gain = gains.gains(stakes, exact(), gains.draw([0.5], [[0.2]], [0.1], seed=0))
    assert gain.expected_gain.tolist() == [pytest.approx(0.5)]


def test_the_ratio_is_that_with_which_the_lost_were_to_spend_what_they_spent():
    """Each was expected to spend 10 at a chance of 1/2; who did not order spent 4 on average: as above."""
    half = np.full(4, 0.5)
    assert two_part.ratio(np.full(4, 10.0), half, np.array([0.0, 16.0, 0.0, 0.0])) == pytest.approx(0.25)
    assert two_part.ratio(np.full(4, 10.0), half, np.zeros(4)) == 0.0
    assert two_part.ratio(np.full(4, 10.0), half, np.full(4, 99.0)) == 1.0


def test_bands_are_equal_parts_of_the_horizon():
    split = Split(90, np.zeros(3), None)
    assert split.band([1, 30, 31, 60, 61, 90]).tolist() == [0, 0, 1, 1, 2, 2]
    assert [split.named(band) for band in range(3)] == ["0 to 30 days", "31 to 60 days", "61 to 90 days"]
    assert Split(91, np.zeros(2), None).named(1) == "46 to 91 days"


def world(customers, seed):
    """Who could be kept on a day, and what became of them: the lost spend .3 of what the kept do, later .1."""
    rng = np.random.default_rng(seed)
    orders, recency = rng.gamma(2.0, 0.5, customers), rng.integers(1, 91, customers)
    chance, kept = np.exp(-orders), rng.gamma(3.0, 40.0, customers) * (1 + orders)
    ratio = np.where(recency <= 45, 0.3, 0.1)
    ordered = rng.random(customers) >= chance
    spent = rng.gamma(1.0, np.where(ordered, kept, ratio * kept))
    expected = chance * ratio * kept + (1 - chance) * kept
    return pd.DataFrame(
        {
            "customer_id": np.arange(customers),
            "as_of": pd.Timestamp("2024-01-01"),
            "recency_days": recency,
            "expected": expected,
            "orders": orders,
            "ordered": ordered,
            "spent": spent,
        }
    )


def test_planted_ratios_are_found_by_band_and_few_take_those_of_all():
    rows = world(20_000, seed=0)
    split = two_part.learn(rows, HORIZONS, 2)
    assert split.ratios.tolist() == [pytest.approx(0.3, abs=0.03), pytest.approx(0.1, abs=0.03)]
    assert split.chance(rows.orders) == pytest.approx(np.exp(-rows.orders.to_numpy()).clip(0.02, 0.98), abs=0.1)
    few = two_part.learn(rows.head(300), HORIZONS, 3).ratios
    assert len(set(few)) < 3


def test_the_parts_add_up_to_what_is_expected():
    candidates = pd.DataFrame({"customer_id": ["a", "b", "c"], "churn_probability": [0.2, 0.9, 0.5], "value": 100.0})
    today = pd.DataFrame({"customer_id": ["c", "b", "a"], "recency_days": [91, 80, 3]})
    at_stake = two_part.at_stake(candidates, today, Split(90, np.array([0.5, 0.1, 0.0]), None))
    assert at_stake.customer_id.tolist() == ["a", "b"]  # the third cannot be kept
    assert at_stake.band.tolist() == [0, 2]
    p = at_stake.churn_probability
    assert (p * at_stake.value_if_lost + (1 - p) * at_stake.value_if_kept).tolist() == pytest.approx([100.0, 100.0])
    assert at_stake.value_if_lost.tolist() == pytest.approx([50 / 0.9, 0.0])


def scored(rows):
    return forecast.Tested(rows.spent.to_numpy(), rows.expected.to_numpy(), pd.DataFrame(), {}, "", None)


def test_the_division_is_held_against_a_day_that_it_had_not_seen():
    earlier, cutoff = world(3000, seed=1), world(3000, seed=2)
    rows = pd.concat([earlier, cutoff.assign(as_of=pd.Timestamp("2024-07-01"))], ignore_index=True)
    when = Days([date(2024, 1, 1)], date(2024, 7, 1), date(2024, 12, 28))
    checked = stake_check.checked(rows, rows, when, scored(cutoff), HORIZONS, 2)
    table = checked.bands
    assert table.silence.tolist() == ["0 to 45 days", "46 to 90 days"]
    assert table.customers.sum() == 3000
    assert table.ordering.to_numpy() == pytest.approx(table.ordering_spent, rel=0.1)
    assert table.gone.to_numpy() == pytest.approx(table.gone_spent, rel=0.25)
    assert (table.stake > table.counted_twice).all()
    assert checked.happened == pytest.approx(checked.expected, rel=0.15)
    assert checked.too_high.low < 0 < checked.too_high.high
    assert stake_check.checked(rows, rows, when._replace(earlier=[], cutoff=None), None, HORIZONS, 2) is None
    assert stake_check.checked(rows[rows.as_of == "2024-07-01"], rows, when, scored(cutoff), HORIZONS, 2) is None


def test_a_noisy_chance_puts_the_stake_too_high_and_the_check_says_by_how_much():
    """Expected spend knows more than the chance does: 1 / (1 - p (1 - r)) bends upwards, so its error adds."""
    rng, (earlier, cutoff) = np.random.default_rng(3), (world(20_000, seed=1), world(20_000, seed=2))
    chance, ratio = np.exp(-cutoff.orders), np.where(cutoff.recency_days <= 45, 0.3, 0.1)
    true = (chance * (1 - ratio) * cutoff.expected / (1 - chance * (1 - ratio))).mean()
    earlier, cutoff = (one.assign(orders=one.orders * rng.lognormal(0, 1, len(one))) for one in (earlier, cutoff))
    rows = pd.concat([earlier, cutoff.assign(as_of=pd.Timestamp("2024-07-01"))], ignore_index=True)
    when = Days([date(2024, 1, 1)], date(2024, 7, 1), date(2024, 12, 28))
    checked = stake_check.checked(rows, rows, when, scored(cutoff), HORIZONS, 2)
    foretold = np.average(checked.bands.stake, weights=checked.bands.customers)
    assert foretold / true - 1 > 0.1
    assert checked.too_high.value == pytest.approx(foretold / true - 1, abs=0.05)
    assert 0 < checked.too_high.low < checked.too_high.value < checked.too_high.high
    assert np.median(checked.ratios) == pytest.approx(checked.happened / checked.expected, rel=0.02)


def test_who_ordered_counts_by_the_odds_of_not_ordering():
    """Chances of 1/2 and 3/4, so once and three times: spent (10 + 3 x 20) / 4 less 5, where 40 and 8 were foretold."""
    rows = pd.DataFrame({"ordered": [True, True, False], "spent": [10.0, 20.0, 5.0]})
    parts = stake_check.parts_of(rows, np.array([0.5, 0.75, 0.5]), np.full(3, 40.0), np.full(3, 8.0))
    assert stake_check.more(parts.sum(axis=0)).tolist() == pytest.approx([40 - 8, 17.5 - 5])


def test_the_chance_of_no_order_is_that_of_leaving_or_of_a_longer_gap():
    """With r = alpha = a = b = 1, one order 2 weeks ago: here with 1/(1 + 3) and silent for 3 more weeks with 3/6."""
    p, history = mbgnbd.Fitted(1.0, 1.0, 1.0, 1.0), (np.zeros(1), np.zeros(1), np.full(1, 2.0))
    assert mbgnbd.chance_of_none(p, *history, 3.0) == pytest.approx([1 - 1 / 4 * 1 / 2])
    assert mbgnbd.chance_of_none(p, *history, 0.0) == pytest.approx([1.0])


def test_without_an_earlier_day_the_model_says_what_comes_after_a_longer_silence():
    orders, value = mbgnbd.Fitted(0.8, 4.0, 0.6, 2.5), gamma_gamma.Fitted(6.0, 3.0, 15.0)
    today = pd.DataFrame({"recency_days": [10.0, 60.0], "tenure_days": [200.0, 150.0], "active_days": [8, 2]})
    today = today.assign(frequency=today.active_days, monetary=100.0 * today.active_days)
    fits, nothing = Fits(orders, value, None, None), pd.DataFrame()
    split = two_part.split(nothing, fits, today, HORIZONS, 3)
    assert len(set(split.ratios)) == 1
    assert 0 < split.ratios[0] < 0.5
    assert two_part.split(nothing, fits, today, Horizons(90, 90), 3).ratios.tolist() == [0.0, 0.0, 0.0]
