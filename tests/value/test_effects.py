"""Two arms compared: against examples of the literature, and on simulated campaigns of which the truth is known."""

import numpy as np
import pytest

from patrons.value import effects
from patrons.value.effects import Counts


def test_the_difference_of_two_shares_is_that_of_newcombe():
    """Newcombe (1998), table II, example (a): 56 of 70 and 48 of 80, method 10."""
    interval = effects.difference(Counts.of([(70, 56, 80, 48)]).total)
    assert interval == pytest.approx((0.2, 0.0524, 0.3339), abs=5e-5)


def test_the_save_chance_is_the_difference_over_those_who_did_not_order():
    interval = effects.save_chance(Counts.of([(200, 130, 100, 50)]).total)  # 35% and 50% did not order
    assert interval.value == pytest.approx(0.15 / 0.5)
    assert interval.low < 0.3 < interval.high


def test_where_all_hold_outs_ordered_there_was_nobody_to_save():
    assert np.isnan(effects.save_chance(Counts.of([(20, 20, 20, 20)]).total).value)


def test_strata_are_weighted_as_mantel_and_haenszel_do():
    """Two strata, by hand: 18/20 against 5/10 (weight 20/3), and 10/40 against 2/20 (weight 40/3)."""
    counts = Counts.of([(20, 18, 10, 5), (40, 10, 20, 2)])
    assert effects.stratified_difference(counts).value == pytest.approx((0.4 * 20 / 3 + 0.15 * 40 / 3) / 20)
    ratio = (2 * 10 / 30 + 30 * 20 / 60) / (5 * 20 / 30 + 18 * 40 / 60)
    assert effects.stratified_save_chance(counts).value == pytest.approx(1 - ratio)


def simulated(save_chance, repeats=20_000, size=(69, 17), silent=(0.3, 0.4, 0.45, 0.5, 0.6), seed=1):
    """Campaigns of five strata, in which a contact makes a share of those order who would not."""
    rng = np.random.default_rng(seed)
    n, m = (np.full((repeats, len(silent)), float(each)) for each in size)
    left = np.array(silent)
    return Counts(
        n, rng.binomial(size[0], 1 - left * (1 - save_chance), n.shape), m, rng.binomial(size[1], 1 - left, m.shape)
    )


def together(counts):
    return Counts(*(part.sum(axis=-1) for part in counts))


def held(interval, truth):
    return ((interval.low <= truth) & (truth <= interval.high)).mean()


@pytest.mark.parametrize("planted", [0.0, 0.1, 0.3])
def test_intervals_hold_the_truth_in_95_of_100_campaigns(planted):
    counts, share = simulated(planted), planted * 0.45
    for interval in (effects.difference(together(counts)), effects.stratified_difference(counts)):
        assert held(interval, share) == pytest.approx(0.95, abs=0.02)
        assert np.mean(interval.value) == pytest.approx(share, abs=0.002)
    for interval in (effects.save_chance(together(counts)), effects.stratified_save_chance(counts)):
        assert held(interval, planted) == pytest.approx(0.95, abs=0.02)
        assert np.median(interval.value) == pytest.approx(planted, abs=0.01)


def test_where_contacts_do_nothing_an_effect_is_found_in_5_of_100():
    interval = effects.difference(together(simulated(0.0)))
    assert ((interval.low > 0) | (interval.high < 0)).mean() == pytest.approx(0.05, abs=0.01)


@pytest.mark.parametrize("sigma", [0.8, 1.6])
def test_the_interval_of_spend_holds_the_truth_though_spend_is_heavy_tailed(sigma):
    """Logarithmic normal spend of those who order; the arms have 344 and 86 customers, 60% and 55% of whom order."""
    rng = np.random.default_rng(2)
    truth = np.exp(4 + sigma**2 / 2) * 0.05
    hits = 0
    for _ in range(3000):
        spent = [(rng.random(n) < share) * rng.lognormal(4, sigma, n) for n, share in ((344, 0.6), (86, 0.55))]
        interval = effects.means(*spent).difference
        hits += interval.low <= truth <= interval.high
    assert hits / 3000 == pytest.approx(0.95, abs=0.02)


def test_mean_spend_by_hand():
    means = effects.means(np.array([0.0, 10.0, 20.0]), np.array([0.0, 4.0]))
    assert (means.contacted, means.held, means.degrees) == (10.0, 2.0, 3)
    assert means.error == pytest.approx(np.sqrt(208 / 3 * (1 / 3 + 1 / 2)))  # squares: 200 and 8
    assert means.difference.value == 8.0
    assert means.difference.high - 8.0 == pytest.approx(3.182 * means.error, rel=1e-3)  # Student's t, 3 degrees


def test_estimates_are_combined_by_the_inverse_of_their_variances():
    interval = effects.combined([0.1, 0.4], [0.01, 0.02])
    assert interval.value == pytest.approx((0.1 * 100 + 0.4 * 50) / 150)
    assert interval.high - interval.value == pytest.approx(1.96 / np.sqrt(150), rel=1e-3)


def test_two_campaigns_together_hold_the_truth_in_95_of_100():
    one, other = simulated(0.2, 4000, silent=(0.4, 0.5)), simulated(0.2, 4000, size=(30, 30), silent=(0.4, 0.5), seed=2)
    both = Counts(*(np.concatenate(parts, axis=1) for parts in zip(one, other, strict=True)))
    assert held(effects.stratified_save_chance(both), 0.2) == pytest.approx(0.95, abs=0.02)
    parts = [together(one), together(other)]
    values = np.stack([effects.difference(part).value for part in parts], axis=1)
    variances = np.stack([effects.variance(part) for part in parts], axis=1)
    found = [effects.combined(*pair) for pair in zip(values, variances, strict=True)]
    hits = [each.low <= 0.2 * 0.45 <= each.high for each in found]
    assert np.mean(hits) == pytest.approx(0.95, abs=0.02)
