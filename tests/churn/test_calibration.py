import numpy as np
import pandas as pd
import pytest

from patrons.churn import calibration
from patrons.churn.ensemble import Calibrated
from patrons.evaluation.metrics import at_threshold, profits, threshold_for_recall

RNG = np.random.default_rng(1)
CHANCE = RNG.uniform(0, 1, 6000)
TRUTH = (RNG.random(6000) < CHANCE).astype(int)
FOLD = np.repeat([0, 1, 2], 2000)


def out_of_fold(score, days_apart=90):
    day = pd.Timestamp("2024-01-01") + pd.to_timedelta(FOLD * days_apart, unit="D")
    return pd.DataFrame(
        {
            "churned": TRUTH,
            "forest": score,
            "fold": FOLD,
            "as_of": day,
            "known_on": day + pd.Timedelta(days=90),
            "recency_days": 9,
        }
    )


def test_calibration_is_used_only_where_it_improves_later_probabilities():
    assert calibration.best(calibration.compare(out_of_fold(CHANCE), "forest")) == "none"
    assert calibration.best(calibration.compare(out_of_fold(CHANCE**3), "forest")) != "none"
    assert len(calibration.compare(out_of_fold(CHANCE**3)[:2000], "forest")) == 1  # no later fold to judge by


def test_a_calibrator_is_fitted_only_on_outcomes_that_were_known_on_the_day_it_is_judged():
    assert len(calibration.compare(out_of_fold(CHANCE**3, days_apart=30), "forest")) == 1  # none was known in time
    halved = out_of_fold(CHANCE**3, days_apart=45)  # the last fold alone has one that was: the first
    assert [(set(FOLD[fit]), set(FOLD[val])) for fit, val in calibration._pairs(halved) if len(fit)] == [({0}, {2})]
    table = out_of_fold(CHANCE**3).drop(columns=["as_of", "known_on"])
    assert [set(FOLD[fit]) for fit, _ in calibration._pairs(table)] == [{1, 2}, {0, 2}, {0, 1}]


@pytest.mark.parametrize("method", ["sigmoid", "isotonic"])
def test_a_calibrator_brings_probabilities_back_to_what_happens(method):
    calibrated = Calibrated(None, method).fit(CHANCE**3, TRUTH).calibrate(CHANCE**3)
    assert np.abs(calibrated - CHANCE).mean() < 0.05
    assert (np.diff(calibrated[np.argsort(CHANCE)]) >= -1e-12).all()


def test_the_threshold_keeps_its_recall_on_simulated_truth():
    threshold = threshold_for_recall(TRUTH[:3000], CHANCE[:3000], 0.8)
    assert at_threshold(TRUTH[3000:], CHANCE[3000:], threshold)["recall"] == pytest.approx(0.8, abs=0.03)


def test_the_highest_profit_is_at_the_chance_that_pays_the_contact():
    curve = profits(TRUTH, CHANCE, value=100, cost=3, chance=0.1)  # 0.3 of churn pays
    assert curve.threshold[curve.gain.idxmax()] == pytest.approx(0.3, abs=0.05)
    assert curve.gain[0] == 0
    assert profits(TRUTH, CHANCE, value=0, cost=1, chance=0.1).gain.idxmax() == 0  # nobody


def test_the_profit_of_three_customers_by_hand():
    curve = profits(np.array([1, 0, 1]), np.array([0.9, 0.5, 0.5]), value=10, cost=1, chance=0.5)
    assert curve.contacted.tolist() == [0, pytest.approx(1 / 3), 1]
    assert curve.gain.tolist() == [0, pytest.approx(4 / 3), pytest.approx(7 / 3)]
