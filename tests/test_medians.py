import numpy as np
import pytest

from patrons.medians import median_interval


def test_ten_values_by_hand():
    # of Bin(10, 1/2), P(X < 2) = 11/1024 < 0.025 <= P(X <= 2) = 56/1024: from the second value to the ninth
    assert median_interval(np.arange(1.0, 11)) == (5.5, 2, 9)


def test_few_values_reach_from_the_least_to_the_greatest():
    assert median_interval(np.array([3.0, 1, 2])) == (2, 1, 3)


def test_the_true_median_is_inside_about_as_often_as_promised():
    rng = np.random.default_rng(0)
    inside = [low <= 1 <= high for _, low, high in (median_interval(rng.lognormal(0, 1, 60)) for _ in range(500))]
    assert np.mean(inside) == pytest.approx(0.96, abs=0.025)
