import numpy as np
import pandas as pd
import pytest

from patrons.evaluation.shares import rates_by, together, wilson


def test_the_wilson_interval_is_the_published_one():
    # Newcombe (1998), table I, method 3: 81 of 263; 15 of 148; 0 of 20; 1 of 29
    low, high = wilson(pd.Series([81, 15, 0, 1]), pd.Series([263, 148, 20, 29]))
    assert low.round(4).tolist() == [0.2553, 0.0624, 0.0, 0.0061]
    assert high.round(4).tolist() == [0.3662, 0.1605, 0.1611, 0.1718]


def test_rates_are_counted_in_each_group():
    rates = rates_by(pd.Series([1, 0, 0, 1, 1]), np.array(["b", "b", "a", "b", "b"]))
    assert rates["rows"].to_dict() == {"a": 1, "b": 4}
    assert rates.positives.to_dict() == {"a": 0, "b": 3}
    assert rates.rate.to_dict() == {"a": 0, "b": 0.75}
    assert rates.low.to_dict() == {"a": 0, "b": wilson(pd.Series([3]), pd.Series([4]))[0][0]}


def test_a_row_without_a_group_does_not_count():
    assert rates_by(pd.Series([1, 0, 1]), pd.Series(["a", "a", None]))["rows"].to_dict() == {"a": 2}


def test_intervals_of_several_groups_hold_at_once():
    assert together(1) == 0.95
    assert together(5) == pytest.approx(0.99)
    outcome, groups = pd.Series([1, 0] * 10), np.repeat(list("abcde"), 4)
    rates = rates_by(outcome, groups, at_once=True)
    low, high = wilson(pd.Series([2]), pd.Series([4]), 0.99)
    assert rates.low.tolist() == pytest.approx([low[0]] * 5)
    assert rates.high.tolist() == pytest.approx([high[0]] * 5)


def test_the_highest_of_many_equal_shares_is_covered_as_promised_only_at_once():
    rng = np.random.default_rng(0)
    groups, missed = np.repeat(np.arange(20), 200), {True: 0, False: 0}
    for _ in range(200):
        outcome = pd.Series((rng.random(len(groups)) < 0.3).astype(int))
        for at_once in missed:
            picked = rates_by(outcome, groups, at_once).sort_values("rate").iloc[-1]
            missed[at_once] += picked.low > 0.3
    assert missed[False] > 50  # of 200: a plain interval of the picked one misses often
    assert missed[True] <= 10
