import numpy as np
import pytest
from sklearn.metrics import average_precision_score, f1_score, log_loss, roc_auc_score

from patrons.evaluation import scores

TRUTH = np.array([1, 1, 0, 1, 0, 0, 0, 0, 0, 0])
SCORE = np.array([0.9, 0.8, 0.7, 0.6, 0.3, 0.1, 0.1, 0.1, 0.1, 0.05])
ONES = np.ones((1, 10))


def test_scores_of_rows_as_they_are_are_those_of_scikit_learn_ties_included():
    rng = np.random.default_rng(0)
    truth, score = rng.integers(0, 2, 400), rng.integers(1, 20, 400) / 20
    values = {name: metric(truth, score, np.ones((1, 400)))[0] for name, metric in scores.RANKING.items()}
    assert values["roc_auc"] == pytest.approx(roc_auc_score(truth, score))
    assert values["pr_auc"] == pytest.approx(average_precision_score(truth, score))
    assert values["log_loss"] == pytest.approx(log_loss(truth, score))
    assert scores.at(0.5)["f1"](truth, score, np.ones((1, 400)))[0] == pytest.approx(f1_score(truth, score >= 0.5))


def test_a_row_that_weighs_two_is_a_row_drawn_twice():
    weights = np.array([[2, 0, 1, 1, 3, 0, 1, 1, 0, 1]], dtype=float)
    rows = np.repeat(np.arange(10), weights[0].astype(int))
    for metric in (*scores.RANKING.values(), *scores.at(0.5).values()):
        assert metric(TRUTH, SCORE, weights)[0] == pytest.approx(metric(TRUTH[rows], SCORE[rows], ONES)[0])


def test_the_top_decile_of_ten_is_the_first_and_holds_a_third_of_three():
    assert scores.RANKING["recall_at_top_decile"](TRUTH, SCORE, ONES)[0] == pytest.approx(1 / 3)
    assert scores.RANKING["lift_top_decile"](TRUTH, SCORE, ONES)[0] == pytest.approx(1 / 0.3)


def test_an_interval_holds_the_score_and_narrows_with_more_rows():
    rng, auc = np.random.default_rng(0), {"auc": scores.RANKING["roc_auc"]}
    few, many = (
        scores.intervals(auc, truth, truth + rng.normal(0, 1, rows))["auc"]
        for rows in (100, 5000)
        for truth in [rng.integers(0, 2, rows)]
    )
    for interval in (few, many):
        assert interval.low < interval.value < interval.high
    assert many.high - many.low < (few.high - few.low) / 3


def test_the_interval_of_a_share_is_close_to_the_textbook_one():
    truth = np.tile([0, 1], 200)  # standard error of a mean of 400 values with variance 1/4: 0.025
    interval = scores.intervals({"": scores.at(0.5)["accuracy"]}, truth, np.ones(400), repeats=2000)[""]
    assert interval.high - interval.low == pytest.approx(2 * 1.96 * 0.025, rel=0.1)


def test_a_model_compared_with_itself_differs_by_nothing():
    assert scores.difference(scores.RANKING["roc_auc"], TRUTH, SCORE, SCORE, repeats=50) == (0, 0, 0)


def test_a_difference_over_two_folds_is_the_mean_of_theirs_and_varies_less():
    rng, auc = np.random.default_rng(0), scores.RANKING["roc_auc"]
    folds = [(truth, truth + rng.normal(0, 1, 300), rng.normal(0, 1, 300)) for truth in rng.integers(0, 2, (2, 300))]
    one, two = (scores.difference(auc, *fold, repeats=2000) for fold in folds)
    both = scores.mean_difference(auc, folds, np.arange(600).reshape(2, 300), repeats=2000)
    assert both.value == pytest.approx((one.value + two.value) / 2)
    assert both.high - both.low == pytest.approx(np.hypot(one.high - one.low, two.high - two.low) / 2, rel=0.1)


def test_a_customer_who_is_in_every_fold_is_one_customer():
    """The same rows in four folds say what one fold says: rows resampled alone would make the interval half as wide."""
    rng, auc = np.random.default_rng(0), scores.RANKING["roc_auc"]
    truth = rng.integers(0, 2, 300)
    fold = (truth, truth + rng.normal(0, 1, 300), rng.normal(0, 1, 300))
    once = scores.mean_difference(auc, [fold], [np.arange(300)])
    assert scores.mean_difference(auc, [fold] * 4, [np.arange(300)] * 4) == pytest.approx(once)
    rows = scores.mean_difference(auc, [fold] * 4, np.arange(1200).reshape(4, 300))
    assert rows.high - rows.low == pytest.approx((once.high - once.low) / 2, rel=0.15)


def test_an_interval_over_clusters_covers_what_it_says():
    """300 customers on 5 days whose outcomes hang together: a mean share, covered by 95 of 100 intervals."""
    rng, covered = np.random.default_rng(1), 0
    for seed in range(120):
        chance = rng.beta(1, 1, 300)
        days = [(rng.random(300) < chance).astype(int) for _ in range(5)]
        mean = scores.mean(
            scores.at(0.5)["accuracy"], [(day, np.ones(300)) for day in days], [np.arange(300)] * 5, 200, seed
        )
        covered += mean.low <= 0.5 <= mean.high
    assert 0.88 <= covered / 120 <= 1


def test_without_both_outcomes_there_is_no_auc():
    interval = scores.intervals({"auc": scores.RANKING["roc_auc"]}, np.ones(10, int), SCORE, repeats=20)["auc"]
    assert all(np.isnan(interval))


def test_without_a_customer_every_score_is_missing():
    none = np.array([])
    intervals = scores.intervals(scores.RANKING, none, none)
    assert set(intervals) == set(scores.RANKING)
    assert all(np.isnan(interval).all() for interval in intervals.values())


def test_bands_of_silence_are_judged_one_by_one():
    truth, silence = np.array([0, 1, 0, 1, 1, 1]), np.array([10, 20, 100, 120, 800, 900])
    bands = scores.by_band(truth, np.array([0.1, 0.2, 0.6, 0.5, 0.9, 0.8]), silence, 90).set_index("silence")
    assert bands.customers.to_dict() == {"0 to 30 days": 2, "90 to 180 days": 2, "over 360 days": 2}
    assert bands.value["0 to 30 days"] == 1
    assert bands.value["90 to 180 days"] == 0
    assert np.isnan(bands.value["over 360 days"])


@pytest.mark.slow
def test_intervals_cover_the_true_value_in_95_percent_of_simulated_repeats():
    rng, rows, repeats = np.random.default_rng(7), 400, 600
    true = {"roc_auc": 0.760250, "brier": 1.0}  # scores a standard deviation apart: Phi(1 / sqrt 2)
    inside = dict.fromkeys(true, 0)
    for _ in range(repeats):
        truth = rng.integers(0, 2, rows)
        score = truth + rng.normal(0, 1, rows)  # so the mean square of score - truth is 1
        metrics = {name: scores.RANKING[name] for name in true}
        intervals = scores.intervals(metrics, truth, score, 300, int(rng.integers(1e9)))
        inside["roc_auc"] += intervals["roc_auc"].low <= true["roc_auc"] <= intervals["roc_auc"].high
        inside["brier"] += intervals["brier"].low <= true["brier"] <= intervals["brier"].high
    assert inside["roc_auc"] / repeats == pytest.approx(0.95, abs=0.02)
    assert inside["brier"] / repeats == pytest.approx(0.95, abs=0.02)
