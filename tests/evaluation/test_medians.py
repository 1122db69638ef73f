import numpy as np
import pytest

from patrons.evaluation.medians import median_interval, median_text
from patrons.evaluation.metrics import Interval


def test_ten_values_by_hand():
    # of Bin(10, 1/2), P(X < 2) = 11/1024 < 0.025 <= P(X <= 2) = 56/1024: from the second value to the ninth
    assert median_interval(np.arange(1.0, 11)) == (5.5, 2, 9)


def test_an_interval_takes_six_values():
    # of five, all lie on one side of the true median in 2/32 of samples: more than 5%; of six, in 2/64
    assert median_interval(np.arange(6.0)) == (2.5, 0, 5)
    few = median_interval(np.array([3.0, 1, 2, 5, 4]))
    assert few.value == 3
    assert np.isnan([few.low, few.high]).all()


def test_the_text_has_the_interval_where_there_is_one():
    assert median_text(Interval(2.5, 0, 5), "{:.1f}".format) == "2.5 (0.0 to 5.0)"
    assert median_text(Interval(3, np.nan, np.nan), str) == "3 (too few for an interval)"


def test_the_true_median_is_inside_about_as_often_as_promised():
    rng = np.random.default_rng(0)
    inside = [low <= 1 <= high for _, low, high in (median_interval(rng.lognormal(0, 1, 60)) for _ in range(500))]
    assert np.mean(inside) == pytest.approx(0.96, abs=0.025)
