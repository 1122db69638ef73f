import numpy as np
import pytest

from patrons.evaluation import conformal

CLASSES = ["Champions", "Lost", "Loyal"]


def test_the_threshold_by_hand():
    # nine rows at 80 %: ceil(10 * 0.8) = 8 of them must be at or above it, so it is the second lowest
    likelihood = np.arange(1, 10) / 10
    probabilities = np.column_stack([likelihood, 1 - likelihood, np.zeros(9)])
    assert conformal.threshold(np.repeat("Champions", 9), probabilities, CLASSES, 0.8) == pytest.approx(0.2)
    assert (
        conformal.threshold(np.repeat("Champions", 3), probabilities[:3], CLASSES, 0.9) == 0
    )  # too few rows: all names


def test_a_set_holds_what_reaches_the_threshold_or_the_likeliest_that_reach_the_level():
    probabilities = np.array([[0.95, 0.03, 0.02], [0.42, 0.05, 0.53], [0.45, 0.30, 0.25]])
    chosen = conformal.sets(probabilities, 0.4, 0.9)
    assert chosen.astype(int).tolist() == [[1, 0, 0], [1, 0, 1], [1, 0, 0]]
    wavering = conformal.sets(probabilities, 0.6, 0.9)  # none is at 60 %: the likeliest that reach 90 % together
    assert wavering.astype(int).tolist() == [[1, 0, 0], [1, 0, 1], [1, 1, 1]]


@pytest.mark.parametrize("level", [0.8, 0.9])
def test_sets_hold_the_truth_as_often_as_promised_even_where_probabilities_are_wrong(level):
    rng = np.random.default_rng(1)
    true = rng.dirichlet([0.6, 0.6, 0.6], 6000)
    truth = np.array(CLASSES)[(rng.random((6000, 1)) > true.cumsum(axis=1)).sum(axis=1)]
    probabilities = true**3 / (true**3).sum(axis=1, keepdims=True)  # far too sure of itself
    threshold = conformal.threshold(truth[:3000], probabilities[:3000], CLASSES, level)
    plain = probabilities[3000:] >= threshold
    assert conformal.covered(truth[3000:], plain, CLASSES).mean() == pytest.approx(level, abs=0.02)
    chosen = conformal.sets(probabilities[3000:], threshold, level)
    assert conformal.covered(truth[3000:], chosen, CLASSES).mean() >= level - 0.02
    assert chosen.any(axis=1).all()


def test_coverage_is_the_share_of_sets_that_hold_the_truth():
    chosen = np.array([[True, False, False], [True, True, False], [False, True, False], [False, False, True]])
    coverage = conformal.coverage(np.array(["Champions", "Lost", "Champions", "Loyal"]), chosen, CLASSES)
    assert coverage.value == 0.75
    assert 0.2 < coverage.low < 0.75 < coverage.high < 1
