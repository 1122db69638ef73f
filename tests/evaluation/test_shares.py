import numpy as np
import pandas as pd

from patrons.evaluation.shares import rates_by, wilson


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
