import numpy as np
import pandas as pd
import pytest

from patrons.evaluation.metrics import Interval
from patrons.segments import classification_narrative as narrative
from patrons.segments.assessment import Assessment
from patrons.segments.later import Forecast

ACCURACY = Interval(0.97, 0.957, 0.981)
BETTER, WORSE, EVEN = Interval(1, 0.5, 2), Interval(-1, -2, -0.5), Interval(0, -1, 1)


def held_out(gain=BETTER, weakest=0.94):
    scores = {"accuracy": ACCURACY, "macro_f1": ACCURACY}
    return Assessment(
        names=["Lost", "Loyal"],
        probabilities=np.empty((0, 2)),
        predictions=np.empty(0),
        scores=scores,
        baseline={"accuracy": Interval(0.305, 0.27, 0.34)},
        gain={"accuracy": gain, "macro_f1": gain},
        log_loss=ACCURACY,
        reliability=pd.DataFrame(),
        calibration_error=0.01,
        recalls=pd.DataFrame({"rate": [weakest, 0.99], "low": 0.9, "high": 1.0}, index=["Lost", "Loyal"]),
    )


def test_segments_that_are_left_out_are_named():
    assert narrative.left_out({"Lost": 9, "Whale": 1}) == (
        "Too small to be learnt, so the model never predicts them and no score counts them: Lost (9 to learn "
        "from), Whale (1 to learn from)."
    )
    assert narrative.left_out({}) == ""


def test_why_there_is_nothing_to_learn():
    assert narrative.nothing_to_learn(["Loyal"], {"Whale": 1}) == (
        "There is nothing to learn: only Loyal has enough customers. Too small to be learnt, so the model never "
        "predicts them and no score counts them: Whale (1 to learn from). New customers get each segment with its "
        "share of today's customers as its probability. More customers or fewer segments would help."
    )
    none, alone = narrative.nothing_to_learn([], {"Whale": 1}), narrative.nothing_to_learn(["Loyal"], {})
    assert none.startswith("There is nothing to learn: no segment has enough customers. Too small")
    assert alone.startswith("There is nothing to learn: there is only one segment. New customers")


def test_the_lead_of_the_best_family():
    assert narrative.lead("XGBoost", Interval(0.006, 0.0004, 0.012)) == (
        "XGBoost is better than a random forest, which is the yardstick (macro-F1 +0.006, 95% interval +0.000 to "
        "+0.012)."
    )
    assert narrative.lead("neural network", Interval(0.001, -0.01, 0.012)).startswith(
        "Neural network cannot be told apart from a random forest"
    )
    assert narrative.lead("random forest", EVEN) == "No other model beats the random forest, which is the yardstick."


def test_placement_and_distillation():
    assert narrative.placement(held_out(), 1740, ["recency_days", "monetary"]) == (
        "97.0% of 1,740 customers that the model had not seen land in their segment (95% interval 95.7% to 98.1%). It "
        "was not shown recency days, monetary, of which segments are made. Always naming the largest segment is right "
        "for 30.5%."
    )
    assert narrative.cross_validated({"accuracy": ACCURACY}, 5) == (
        "In 5-fold cross-validation the share is 97.0% (95% interval 95.7% to 98.1%). That is slightly "
        "optimistic, as the same folds chose the model."
    )
    assert narrative.distillation({"accuracy": ACCURACY}) == (
        "Shown what was hidden, a random forest repeats the segment of 97.0% of customers."
    )


def test_the_weakest_segment():
    assert narrative.weakest_title(held_out()) == "Lost is hardest: 94% are recognised"
    assert narrative.weakest(held_out()) == (
        "Lost is the hardest to recognise: 94% of its customers land in it (95% interval 90% to 100%, for all "
        "segments at once)."
    )


def test_how_often_likely_segments_held_is_told_with_the_days_and_what_lacks():
    origins = pd.DataFrame({"value": [0.86, 0.93], "low": [0.85, 0.92], "high": [0.87, 0.94], "segments": [1.26, 1.5]})
    assert narrative.promise(origins, 0.9) == (
        "The model names all segments that are likely, 1.3 a customer. On the latest day the right one was among them "
        "for 86.0% (95% interval 85.0% to 87.0%). That is short of the 90% aimed at. On 2 days it was 86% to 93%. "
        "Neither model nor threshold had seen those outcomes. The interval covers customers, not seasons."
    )
    assert "short of" not in narrative.promise(origins, 0.87)
    assert "No likely segments are given" in narrative.promise(origins.head(0), 0.9)


@pytest.mark.parametrize(
    ("assessment", "verdict"),
    [
        (held_out(), "places customers of every segment well enough to be used"),
        (held_out(weakest=0.41), "is not to be used: it recognises 41% of Lost, under the 60% wanted"),
        (held_out(gain=EVEN), "is not to be used: it is no better than always saying the largest segment"),
    ],
)
def test_the_verdict_says_why_not(assessment, verdict):
    assert narrative.verdict(assessment, 0.6) == verdict
    assert assessment.is_fit_for_use(0.6) == verdict.startswith("places")
    assert narrative.limits({}, verdict).endswith(f"where a customer will be later. It {verdict}.")


def test_a_later_segment_against_persistence():
    accuracy, macro_f1 = Interval(0.037, 0.027, 0.048), Interval(0.029, 0.017, 0.041)
    stays = {"accuracy": Interval(0.729, 0, 1)}
    forecast = Forecast(90, {"accuracy": Interval(0.766, 0, 1)}, stays, {"accuracy": accuracy, "macro_f1": macro_f1})
    assert narrative.later_title(forecast) == "90 days ahead, 77% are predicted; 73% stay where they are"
    assert narrative.later(forecast) == (
        "90 days ahead, the model names the right segment for 76.6% of customers. To say that everyone stays where "
        "they are is right for 72.9% (difference +3.7%, 95% interval +2.7% to +4.8%; macro-F1 +0.029, 95% interval "
        "+0.017 to +0.041). The model is better than that guess."
    )


def test_a_model_is_better_by_two_scores_only_where_both_say_so():
    assert narrative.both(BETTER, BETTER) == "is better than"
    assert narrative.both(WORSE, WORSE) == "is worse than"
    assert narrative.both(BETTER, EVEN) == "cannot be told apart from"


def test_near_copies_and_calibration():
    assert narrative.near_copies(["active_days", "active_months"]) == (
        "The model sees columns that say nearly the same as what was hidden: active days, active months (rank "
        "correlation above 0.95). So this shows how well it repeats segments, not how well it knows a stranger."
    )
    assert narrative.calibration_title(0.0123) == (
        "Predicted and observed shares differ by 1.2 percentage points on average"
    )
