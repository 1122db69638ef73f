import numpy as np
import pandas as pd
import pytest

from patrons.churn import flag_narrative, narrative
from patrons.churn.assessment import Assessment
from patrons.churn.kinds import MEAN
from patrons.churn.origins import Tried
from patrons.churn.search import SearchResult
from patrons.evaluation.metrics import Interval, profits

DAY, KNOWN = pd.Timestamp("2024-06-01"), pd.Timestamp("2024-08-30")
LOG = pd.DataFrame({"customer_id": ["a", "b"], "as_of": DAY, "known_on": KNOWN, "churned": [1, 0]})
MANY = pd.concat([LOG] * 11).assign(recency_days=[9] * 20 + [400] * 2)
EARLIER = LOG.assign(as_of=pd.Timestamp("2024-01-01"), known_on=pd.Timestamp("2024-03-31"))
TABLE = pd.DataFrame({"customer_id": list("abcd"), "group": range(4), "churned": [1, 0, 0, 0]})
PHRASES, OF_TABLE = narrative.phrases(EARLIER, MANY), narrative.phrases(TABLE[:3], TABLE[3:])
BETTER, TIE, WORSE = Interval(0.01, 0.002, 0.02), Interval(0.01, -0.01, 0.02), Interval(-0.01, -0.02, -0.005)
NARROW = Interval(0.0004, -0.0006, 0.0009)
BY_FOLD = pd.DataFrame({0: [0.7, 0.8], 1: [0.74, 0.85]}, index=["recency alone", "boosted trees"])


def assessed(active=(True, True, False, False), gains=(BETTER, TIE)):
    """Forty test customers: ten each churned with .9 and .6, and stayed with .7 and .2, in the order .9 .7 .6 .2."""
    scores = {"roc_auc": Interval(0.75, 0.5, 1.0), "lift_top_decile": Interval(1.98, 1.0, 2.0)}
    scores["brier"] = Interval(0.2, 0.1, 0.3)
    of_all = {"boosted trees": {"roc_auc": Interval(0.8, 0.7, 0.9)}}
    return Assessment(
        chosen="boosted trees",
        rival="random forest",
        best_rule="recency alone",
        rules=("recency alone",),
        truth=np.repeat([1, 0, 1, 0], 10),
        probabilities={"boosted trees": np.repeat([0.9, 0.7, 0.6, 0.2], 10)},
        intervals={"boosted trees": scores, "recency alone": {"roc_auc": Interval(0.625, 0.5, 0.7)}},
        active=np.repeat(active, 10),
        everyone=of_all,
        gains=dict(zip(("recency alone", "random forest"), gains, strict=True)),
        gap=0.02,
    )


def test_a_log_is_spoken_of_by_its_days():
    assert (PHRASES.test, PHRASES.by) == ("the test day 2024-06-01", " by 2024-08-30")
    assert PHRASES.current == "customers who ordered in the last 90 days"
    assert PHRASES.judged == "recent buyers of 2024-06-01"
    assert (PHRASES.outcome, PHRASES.noun) == ("did not order in 90 days", "no order in 90 days")
    assert PHRASES.split == (
        "Models are tested on 2024-06-01, the latest day whose outcome is known. They learn only from days whose "
        "outcome was known by then. Scores are of recent buyers, those who had ordered in the 90 days before, unless "
        "it says “everyone”."
    )
    few = narrative.phrases(EARLIER, MANY.assign(recency_days=91))  # nobody could be kept: everyone is judged
    assert few.judged == "customers of 2024-06-01"


def test_a_table_is_spoken_of_without_days():
    assert (OF_TABLE.test, OF_TABLE.by, OF_TABLE.stayed) == ("the customers kept aside", "", "stayed")
    assert (OF_TABLE.judged, OF_TABLE.outcome) == ("customers kept aside", "churned")
    assert "25% of the customers" in OF_TABLE.split
    assert not any("day " in part or "order" in part for part in OF_TABLE if part != OF_TABLE.split)


def searched(gains, **scores):
    """What a search compared: ROC AUC of each model on one fold, and what the best gains over each of the others."""
    table = pd.DataFrame({0: scores}).rename(index=lambda name: name.replace("_", " "))
    return SearchResult({}, pd.DataFrame(), pd.DataFrame(), table.rename({"mean": MEAN}), (), gains)


def test_what_was_chosen_stands_beside_a_simple_rule():
    assert narrative.validated_title("boosted trees", BY_FOLD) == (
        "Boosted trees: ROC AUC 0.800 to 0.850 on validated rows, of everyone"
    )
    result = searched({"boosted trees": NARROW, "logistic regression": BETTER}, boosted_trees=0.8, mean=0.81,
                      logistic_regression=0.7)  # fmt: skip
    assert narrative.choice(result, "recency alone", BY_FOLD) == (
        "We use the boosted trees. On validated rows, of everyone, its mean ROC AUC is 0.825 (recency alone: 0.720). "
        "The best and the worst of the 2 folds are 0.050 apart. The averaged model gains next to nothing over it "
        "(+0.000, 95% interval -0.001 to +0.001), so the simpler model is used."
    )


def test_a_best_model_that_beats_all_simpler_ones_is_used_for_that():
    gains = {"boosted trees": BETTER, "logistic regression": BETTER}
    result = searched(gains, logistic_regression=0.7, boosted_trees=0.8, mean=0.81)
    assert narrative.simplicity(result) == (
        "No simpler model is known to be as good (gain over the boosted trees: +0.010, 95% interval +0.002 to +0.020)."
    )
    result = searched({"logistic regression": BETTER, "averaged model": TIE}, logistic_regression=0.7,
                      boosted_trees=0.8, mean=0.79)  # fmt: skip
    assert narrative.simplicity(result) == (
        "No simpler model is known to be as good (gain over the logistic regression: +0.010, 95% interval +0.002 to "
        "+0.020)."
    )


def test_the_simplest_kind_needs_no_comparison_where_it_is_the_best():
    result = searched({"boosted trees": TIE}, logistic_regression=0.81, boosted_trees=0.8)
    assert narrative.simplicity(result) == "It is the simplest kind of model, too."


def test_columns_that_are_kept_are_compared_with_the_others():
    columns = pd.DataFrame(
        [("the 2 most informative", 2, 0.81, 2, BETTER), ("all that are not redundant", 9, 0.8, 0, None)],
        columns=["columns", "number", "roc_auc", "top", "gain"],
    )
    assert narrative.columns_kept(columns) == (
        "Models use 2 columns, the 2 most informative. With these, small boosted trees reach a ROC AUC of 0.810 on "
        "validated rows; with all that are not redundant, 0.800. The former is better than the latter (+0.010, 95% "
        "interval +0.002 to +0.020)."
    )
    assert narrative.columns_kept(columns[1:]) == "Models use all 9 columns."


def test_how_well_the_test_is_ranked_and_how_high_a_lift_could_be():
    judged = "recent buyers of 2024-06-01"
    assert narrative.ranking_title(assessed(), PHRASES) == f"Boosted trees: ROC AUC 0.750, {judged}"
    assert narrative.ranking(assessed(), PHRASES) == (
        f"Take two {judged}: one did not order in 90 days, the other ordered. The model tells which is which 75% of "
        "the time (recency alone: 62%; guessing: 50%). Of the tenth at highest risk, 2.0 times as many did not order "
        "in 90 days as of all; 2.0 times would be perfect."
    )


def test_the_chosen_model_is_compared_with_the_best_rule_and_the_best_other_model():
    assert narrative.against_rules(assessed(), PHRASES) == (
        "On the test day 2024-06-01, the boosted trees are better than the best simple rule, recency alone (+0.010, "
        "95% interval +0.002 to +0.020)."
    )
    assert narrative.against_models(assessed()) == (
        "In the test, the boosted trees cannot be told apart from the random forest, the next best on validated rows "
        "(+0.010, 95% interval -0.010 to +0.020). So neither clearly wins. The choice was made before the test."
    )


def test_a_chosen_model_that_is_worse_is_said_to_be_worse():
    assert narrative.winner(BETTER) == ""
    assert "The choice stays" in narrative.winner(WORSE)
    assert narrative.compared("a", "b", WORSE).startswith("a is worse than b (-0.010")
    assert narrative.compared("trees", "b", WORSE).startswith("trees are worse than b (")


def test_what_a_contact_gains_is_said_with_what_was_assumed():
    curve = profits(np.array([1, 0, 1]), np.array([0.9, 0.5, 0.5]), value=10, cost=1, chance=0.5)
    assert narrative.profit_title(curve, "EUR", 10, 1, 0.5) == (
        "If a kept customer brings 10 EUR, a contact costs 1.00 and keeps 50%\n"
        "of churners: contacting 100% of customers gains most, 2.33 a customer"
    )


def test_who_is_flagged_is_said_of_those_who_could_be_kept_with_what_the_threshold_promises():
    judged = "recent buyers of 2024-06-01"
    assert flag_narrative.flagged(assessed(), 0.65, 0.8, PHRASES) == (
        "We warn of a customer from a risk of 65% on. That is the highest threshold that spots 80% of recent buyers of "
        f"earlier days who did not order in 90 days. In the test we would have warned of 100% of {judged}. That "
        "spotted 100% of those who did not order in 90 days by 2024-08-30. It also warned of 100% of those who ordered."
    )
    assert "spots" not in flag_narrative.flagged(assessed(), 0.65, None, OF_TABLE)
    assert flag_narrative.flagged_title(assessed(), 0.5, OF_TABLE) == (
        "100% of those who churned were spotted;\n50% of the warnings were right"
    )


def test_everyone_is_a_footnote():
    bands = pd.DataFrame({"value": [0.8, 0.6]}, index=["0 to 30 days", "over 360 days"])
    assert flag_narrative.bands_title(bands) == "Hardest to rank after a silence of over 360 days: ROC AUC 0.60"
    text = flag_narrative.everyone(assessed(), 0.65, PHRASES)
    assert text.startswith(
        "Counting those who had been silent for longer, 50% of customers of 2024-06-01 did not order in 90 days. The "
        "same threshold spots 50% of these, and 50% of its warnings are right (ROC AUC 0.800 [0.700, 0.900])."
    )


@pytest.mark.parametrize(("active", "few"), [([False] * 4, "no"), ([True, False, False, False], "too few")])
def test_where_too_few_could_be_kept_everyone_is_judged_and_that_is_said(active, few):
    tested = assessed(active=active)
    assert tested.judged.all()
    assert flag_narrative.everyone(tested, 0.5, PHRASES) == (
        f"There were {few} recent buyers in the test to judge by, so everyone is judged."
    )


def test_probabilities_that_are_far_off_are_not_to_be_counted_on():
    assert narrative.calibration(assessed([True] * 4), "none", OF_TABLE) == (
        "Of customers kept aside, 60% were forecast to churn; 50% did. In ten groups from low to high risk, "
        "forecasts are off by 32 percentage points on average. Use the model to rank customers; its counts are rough. "
        "Recalibration did not improve the forecast."
    )
    assert narrative.calibration(assessed(), "sigmoid", PHRASES).endswith(
        "They are recalibrated on validated rows (sigmoid)."
    )


def test_segments_whose_forecast_lies_outside_what_happened_are_counted():
    table = pd.DataFrame({"forecast": [0.5, 0.9], "low": [0.4, 0.4], "high": [0.6, 0.6]}, index=["new", "loyal"])
    assert narrative.segments_title(table) == "In 1 of 2 segments the forecast was off by more than chance"


def test_what_the_forecast_relies_on_is_said_with_its_meaning():
    losses = pd.DataFrame({"value": [0.0264]}, index=["recency_days"])
    dictionary = pd.DataFrame({"feature": ["recency_days"], "meaning": ["days since the last order"]})
    assert narrative.main_feature(losses, dictionary) == (
        "Most important: recency days (days since the last order). With its values shuffled, the forecast ranks worse: "
        "the ROC AUC falls by 0.026."
    )


@pytest.mark.parametrize(
    ("failed", "sentence"),
    [
        ([], "The churn model passed all 9 checks: it is good enough to use."),
        (
            ["gap", "calibration error of 2024-12-29"],
            (
                "The churn model failed 2 of 9 checks: gap; calibration error of 2024-12-29. Do not rely on it. It is "
                "put into use only if someone gives a reason."
            ),
        ),
    ],
)
def test_a_model_is_good_enough_if_no_gate_failed(failed, sentence):
    assert narrative.candidate(failed, 9) == sentence


def test_flags_are_counted_among_those_who_can_be_kept():
    scored = pd.DataFrame({"flagged": [True, True, False, True], "churn_probability": [0.5, 0.9, 0.2, 0.6]})
    kept = pd.Series([True, False, True, True])
    told = scored, kept, 0.3, assessed([True] * 4), 0.65, OF_TABLE, Tried([], None)
    assert flag_narrative.flagged_today(*told, []) == (
        "Today we warn of 2 of the 3 customers who have not churned, 67% of them (in the test 50%). We expect about 1 "
        "to churn. We warn of more, so as to miss few. In the test that spotted 50% of those who churned, and 50% of "
        "the warnings were right. The threshold, found in the same way on all that is known now, is 30%."
    )
    assert "expect" not in flag_narrative.flagged_today(*told, ["shuffled outcomes"])


def test_a_card_names_the_problem_and_the_failed_gates_first():
    limits = narrative.limits(OF_TABLE, "Too few.", ["gap"])
    assert limits[:2] == ["Too few.", "Failed check: gap"]
    assert "The test is the customers kept aside; another season may differ." in limits
