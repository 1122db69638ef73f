import numpy as np

from patrons.churn import ties
from patrons.evaluation.metrics import Interval


def test_a_tie_is_an_interval_that_ends_next_to_nothing_and_a_wide_one_is_none():
    assert ties.tied(Interval(0.0003, -0.0004, 0.001))
    assert ties.tied(Interval(0.0005, 0.0002, 0.0008))  # surely better, and by nothing that matters
    assert not ties.tied(Interval(0.004, -0.02, 0.03))  # nobody knows: the better mean is taken
    assert not ties.tied(Interval(0.01, 0.008, 0.012))


def test_choices_one_after_the_other_give_up_no_more_than_one_may():
    gain = Interval(0.0005, 0.0001, 0.0011)
    assert ties.tied(gain, given_up=0.0009)
    assert not ties.tied(gain, given_up=0.001)  # .0021 together


def test_a_gain_is_the_mean_over_folds():
    truth = [np.array([0, 1, 0, 1]), np.array([0, 0, 1, 1])]
    right, wrong = [np.array([0.1, 0.9, 0.2, 0.8])] * 2, [np.array([0.9, 0.1, 0.8, 0.2])] * 2
    who = [np.arange(4)] * 2
    assert ties.gain(truth[:1], right[:1], wrong[:1], who[:1], 0).value == 1.0
    assert ties.gain(truth, right, right, who, 0) == (0.0, 0.0, 0.0)
