"""What so many contacts can show: by formula, by simulation, and in words."""

import math

import numpy as np
import pandas as pd
import pytest

from patrons.value import arms, arms_narrative, effects, power
from patrons.value.power import Reach


def found(contacted, held, silent, save_chance, repeats=40_000):
    """The share of simulated campaigns of which the interval of the difference leaves zero out."""
    rng = np.random.default_rng(0)
    ordered = rng.binomial(contacted, 1 - silent * (1 - save_chance), repeats)
    other = rng.binomial(held, 1 - silent, repeats)
    interval = effects.difference(effects.Counts(np.float64(contacted), ordered, np.float64(held), other))
    return ((interval.low > 0) | (interval.high < 0)).mean()


@pytest.mark.parametrize(
    ("contacted", "held", "save_chance", "chance"),
    [
        (214, 214, 0.1, 0.16),  # 428 customers at a churn probability of .45, half of them held out
        (342, 86, 0.1, 0.12),  # a fifth held out
        (1897, 1897, 0.1, 0.80),
        (214, 214, 0.0, 0.05),
        (342, 86, 0.356, 0.80),
    ],
)
def test_the_chance_to_find_an_effect_by_formula_and_by_simulation(contacted, held, save_chance, chance):
    assert power.power(contacted, held, 0.45, save_chance) == pytest.approx(chance, abs=0.005)
    assert found(contacted, held, 0.45, save_chance) == pytest.approx(chance, abs=0.012)


def test_how_many_are_needed_and_the_smallest_effect_agree_with_the_chance():
    assert power.needed(0.5, 0.45, 0.1) == 3793
    assert power.power(3793 / 2, 3793 / 2, 0.45, 0.1) == pytest.approx(0.8, abs=1e-3)
    assert power.needed(0.2, 0.45, 0.1) == 5904
    least = power.least(342, 86, 0.45)
    assert power.power(342, 86, 0.45, least) == pytest.approx(0.8)


@pytest.mark.parametrize(("share", "silent", "chance"), [(0.2, 0.45, 0.0), (0.2, 0.0, 0.1), (0.0, 0.45, 0.1)])
def test_where_no_number_is_enough_none_is_named(share, silent, chance):
    assert power.needed(share, silent, chance) == 0


def test_the_mean_is_over_those_with_an_arm():
    listed = pd.DataFrame(
        {"arm": ["contact"] * 80 + ["hold out"] * 20 + [""] * 100, "churn_probability": [0.4] * 100 + [0.9] * 100}
    )
    reach = power.reach(listed, 0.1)
    assert (reach.contacted, reach.held, reach.silent) == (80, 20, pytest.approx(0.4))
    assert math.isnan(power.reach(listed.assign(arm=""), 0.1).least)
    assert power.reach(listed.assign(churn_probability=np.nan), 0.1).needed == 0


LISTED = pd.DataFrame({"arm": ["contact", "hold out", "hold out"], "expected_gain": [50.0, 20.0, 10.4]})
LISTED["suggested_action"] = ["contact", arms.LEFT_ALONE, arms.LEFT_ALONE]


def test_the_callout_says_who_is_held_out_and_what_can_be_shown():
    reach = Reach(342, 86, 0.45, 0.356, 0.1, 0.12, 5904)
    assert arms_narrative.arms(LISTED, reach, "EUR") == (
        "Leave 86 of the first 428 alone: they are drawn by lot (“hold out” in column arm). “.venv/bin/patrons "
        "trial” compares what they do with what those do who are contacted. That gives up about 30.4 EUR of gain. What "
        "these 428 customers can show: if a contact keeps 36% of those who would not order, 80% of such trials find it "
        "(two-sided level 5%). If a contact keeps the 10% that are assumed, 12% of such trials find it. To find that "
        "in 80%, it takes 5,904 customers, on one list or on several: “.venv/bin/patrons trial” adds them up."
    )
    sure = arms_narrative.arms(LISTED.assign(expected_gain=np.nan), reach._replace(power=0.9), "")
    assert sure.endswith("If a contact keeps the 10% that are assumed, 90% of such trials find it.")
    assert "gives up" not in sure
    more = pd.concat([LISTED, LISTED.assign(arm="").head(2)]).assign(suggested_action=arms.LEFT_ALONE)
    below = arms_narrative.before(more, reach._replace(held=len(more) - 2))
    assert below == "2 more, further down the list, are left alone for an earlier list."
    few = arms_narrative.can_show(reach._replace(least=math.nan))
    assert few.startswith("These 428 customers are too few for such a trial to show any effect. If a contact keeps")


def test_the_first_page_says_where_one_list_is_too_small():
    reach = Reach(342, 86, 0.45, 0.356, 0.1, 0.12, 5904)
    assert arms_narrative.too_few(reach) == (
        "One list may miss the effect that is assumed: 12% of such trials find it. Page 7 says how lists add up."
    )
    for enough in ({"power": 0.8}, {"held": 0}, {"assumed": 0.0}, {"silent": 0.0}):
        assert arms_narrative.too_few(reach._replace(**enough)) == ""


@pytest.mark.parametrize(("contacted", "why"), [(10, "there are fewer than 20 to contact"), (100, "hold_out is 0")])
def test_without_hold_outs_it_is_said_that_nothing_can_be_told(contacted, why):
    reach = Reach(contacted, 0, 0.4, math.nan, 0.1, 0.0, 0)
    assert arms_narrative.arms(LISTED, reach, "EUR") == (
        f"Nobody is left alone, as {why}. So nobody can tell afterwards what the contacts did."
    )


def test_how_the_save_chance_falls_is_told_against_that_of_all():
    reach = Reach(342, 86, 0.45, 0.356, 0.08, 0.12, 5904)
    assert power.relative([[0.05, 0.1, 0.2], [0.04], [0.0, 0.04]], reach) == [1.25, 0.5, 0.25]
    assert power.relative([[0.0]], reach._replace(assumed=0.0)) == [1.0]
