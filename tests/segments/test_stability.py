"""Refits stop when they could no longer change the choice, and not before."""

import numpy as np
import pandas as pd
import pytest

from patrons.segments import clustering_narrative as narrative
from patrons.segments import leaderboard, stability

LIMITS = leaderboard.Limits(smallest_share=0.05, noise_share=0.1, stability=0.8, fewest=2, most=6)


def measured(**intervals):
    """A row for each rival, by name: the ends of the interval of its stability."""
    ends = pd.DataFrame.from_dict(intervals, orient="index", columns=["stability_low", "stability_high"])
    return ends.assign(stability=ends.mean(axis=1))


def test_all_that_nearly_tie_are_refitted_before_any_is_judged():
    rivals = measured(a=(0.9, 0.95), b=(np.nan, np.nan))
    assert stability.undecided(rivals, 0.8) == ["b"]


def test_a_rival_below_the_lower_end_of_another_is_refitted_no_more():
    # c reaches .90, and .91 is the lower end of a: to two decimals they might be equal, so it goes on
    rivals = measured(a=(0.91, 0.95), b=(0.84, 0.88), c=(0.86, 0.90))
    assert stability.undecided(rivals, 0.8) == ["a", "c"]


def test_a_row_that_is_left_alone_goes_on_only_while_it_may_break_the_limit():
    assert stability.undecided(measured(a=(0.81, 0.99)), 0.8) == []
    assert stability.undecided(measured(a=(0.79, 0.99)), 0.8) == ["a"]
    assert stability.undecided(measured(a=(0.60, 0.79)), 0.8) == []


def test_the_interval_at_which_refits_stop_holds_however_often_one_looked():
    rng, looks = np.random.default_rng(0), 4
    missed = 0
    for values in rng.normal(0.8, 0.05, (1000, looks * stability.LOOK)):
        ends = [stability.interval(values[: (look + 1) * stability.LOOK], looks) for look in range(looks)]
        missed += any(not end.low <= 0.8 <= end.high for end in ends)
    assert missed <= 50  # in at most 5% of cases does any look mislead
    # by hand: the mean of -.1 and .1 around .5 is .5, its error .1, Student's 1 - .025/2 quantile of 1 degree 25.45
    assert stability.interval([0.4, 0.6], 2).low == pytest.approx(0.5 - 2.545, abs=1e-3)


@pytest.fixture
def scripted(monkeypatch):
    """Candidates whose refits agree by numbers written down, and how often each was refitted."""
    values = {0: [0.97, 0.99] * 10, 1: [0.85, 0.87] * 10, 2: [0.96, 1.0] * 10, 3: [0.3, 0.5] * 10}
    asked = dict.fromkeys(values, 0)

    def agreements(_customers, candidate, numbers):
        asked[candidate] += len(numbers)
        return [values[candidate][number] for number in numbers]

    monkeypatch.setattr(stability, "agreements", agreements)
    return values, asked


def board(*silhouettes):
    """Candidates with a silhouette each, known to .01 up and down; the later ones have more groups."""
    middle = np.array(silhouettes)
    table = leaderboard.NONE.reindex(range(len(middle))).assign(groups=range(3, 3 + len(middle)), refits=0)
    table = table.assign(silhouette=middle, silhouette_low=middle - 0.01, silhouette_high=middle + 0.01)
    return leaderboard.with_breaks(table.assign(smallest_share=0.2, noise_share=0.0, algorithm="A"), LIMITS)


def test_what_is_stopped_early_could_not_have_won_with_all_refits(scripted):
    values, asked = scripted
    table = stability.with_stability(board(0.5, 0.5, 0.5, 0.3), None, range(4), LIMITS, 20)
    # the second is far below the others after a first look; these two are as stable as each other to the end
    assert asked == {0: 20, 1: 10, 2: 20, 3: 0}
    assert table.refits.tolist() == [20, 10, 20, 0]
    whole = table.assign(stability=[np.mean(values[row]) for row in range(4)])
    assert leaderboard.choose(table) == leaderboard.choose(whole) == 0


def test_what_may_move_into_the_place_of_one_that_breaks_the_limit_is_measured_too(scripted):
    # the last has the best silhouette and is unstable; the others move up
    table = stability.with_stability(board(0.4, 0.4, 0.4, 0.6), None, range(4), LIMITS, 20)
    assert "stability" in table.breaks[3]
    assert leaderboard.choose(table) == 0


def test_more_refits_than_asked_for_are_never_made(scripted):
    _values, asked = scripted
    stability.with_stability(board(0.5, 0.3, 0.5, 0.3), None, range(4), LIMITS, 4)
    assert asked == {0: 4, 1: 0, 2: 4, 3: 0}


def test_samples_are_told_only_where_some_are_taken():
    assert narrative.sampled(4_000) == ""
    assert narrative.sampled(5_000) == ""
    assert narrative.sampled(8_000).startswith("There are 8,000 customers, so Ward's tree joins 4,096 small groups")
    everything = narrative.sampled(1_000_000)
    assert "scores and density are of 10,000 customers drawn at random" in everything
    assert "the mixture on 20,000 customers" in everything
