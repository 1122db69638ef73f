"""The answers for a manager, from toy results: what they say, and when there is none."""

import numpy as np
import pandas as pd
import pytest

from patrons.evaluation.metrics import Interval
from patrons.files import write_json
from patrons.reports import first_page, pages
from patrons.value import forecast, narrative

PLAN = {"contacts": 10, "cost": 20.0, "gain": 30.0, "low": 10.0, "high": 50.0}
VALUE = {
    "horizon_days": 180,
    "expected_spend": {
        "value": 900.0,
        "low": 800.0,
        "high": 1000.0,
        "off": "In the test 2% more.",
        "before": "950 before.",
    },
    "top_decile_share": 0.4,
    "tested_on": "2025-07-01",
    "plan": PLAN,
    "doubts": {"churn": [], "value": []},
}
EMPTY = {"cells": [], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
METRICS = {"test_churn_rate": 0.5, "flagged_share": 0.4, "recall": 0.7, "precision": 0.6, "gates_failed": 0}


BEATS = {"gate": "better than expected orders (MBG/NBD) (lower end of the gain)", "value": -0.01, "limit": "above 0"}
OFF = {"gate": "calibration error", "value": 0.1089, "limit": "at most 0.1"}
RANKS = {"gate": "ROC AUC, lower end", "value": 0.55, "limit": "at least 0.6"}
LEAKS = {"gate": "rows dated after the day they describe", "value": 3.0, "limit": "at most 0"}
PASSED = {
    "gate": "ROC AUC on validated rows minus in the test",
    "value": 0.0,
    "limit": "at most 0.1",
    "verdict": "passed",
}


SEASON = OFF | {"gate": "calibration error of 2024-12-29, the nearest in season to today", "value": 0.203}


def gates(*failed):
    """The rows of these gates, failed, and of one that was passed."""
    return [*({**row, "verdict": "failed"} for row in failed), PASSED]


def answers(tmp_path, record=VALUE, churn="", metrics=METRICS, rows=(), more=None, **statuses):
    """Question to sentences and caveat, of 06 and 07 with these results."""
    results = {"06_churn": ("churn.json", {"problem": churn, "gates": list(rows)} | (more or {}), metrics)}
    results["07_customer_value"] = ("value.json", record, {})
    for name, (file, content, recorded) in results.items():
        write_json(tmp_path / name / file, content)
        write_json(tmp_path / name / "metrics.json", recorded)
        write_json(
            tmp_path / name / "notebook.ipynb", {"cells": [], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
        )
    states = {name: {"status": "succeeded"} | statuses.get(name[:2].replace("0", "s"), {}) for name in results}
    write_json(tmp_path / "series.json", {"stages": states})
    points = first_page.points(tmp_path, pages.read_stages(tmp_path), "EUR")
    return {point["question"]: (point["text"], point["caveat"]) for point in points}


def test_without_doubts_only_the_assumptions_are_named(tmp_path):
    points = answers(tmp_path)
    assert points["Who is leaving?"][1] == "A flag is a chance, not a certainty."
    assert points["What are they worth?"] == (
        "They are expected to spend 900 EUR in the next 180 days (95% interval 800 to 1,000). A tenth of the customers "
        "brings 40% of that. 950 before. In the test 2% more.",
        "",
    )
    assert points["Whom to contact?"] == (
        "Contact the 10 customers whose arm is “contact” in "
        f"data/processed/{tmp_path.name}/07_customer_value/actions.csv. That costs 20 EUR and should bring 30 beyond "
        "its cost (95% interval 10 to 50). They are those whom a contact is expected to gain most from, not those "
        "likeliest to go.",
        "This holds only if the assumptions on margin, cost and the chance of keeping a customer do.",
    )


def test_who_is_held_out_is_to_be_left_alone(tmp_path):
    caveat = answers(tmp_path, VALUE | {"campaign": "2024-02-10-0123abcd"})["Whom to contact?"][1]
    assert caveat.endswith("Leave those alone who are held out: “patrons trial” then shows what the contacts did.")


def test_doubts_of_07_stand_by_what_rests_on_them(tmp_path):
    points = answers(tmp_path, VALUE | {"doubts": {"churn": ["No churn."], "value": ["No value."]}})
    assert points["What are they worth?"][1] == "No value."
    assert points["Whom to contact?"][1].endswith("keeping a customer do. No churn. No value.")


@pytest.mark.parametrize("plan", [None, PLAN | {"contacts": 0}])
def test_doubts_are_named_even_where_no_customer_can_be(tmp_path, plan):
    points = answers(tmp_path, VALUE | {"plan": plan, "doubts": {"churn": ["No churn."], "value": []}})
    assert points["Whom to contact?"][1].endswith("No churn.")


def test_failed_gates_are_a_caveat_in_words_and_make_contacts_a_trial(tmp_path):
    points = answers(tmp_path, rows=gates(BEATS, OFF))
    text, caveat = points["Who is leaving?"]
    assert "found 70%" in text
    assert caveat == (
        "The churn model failed 2 of 3 checks: not shown to beat the simple rule “expected orders”; its probabilities "
        "are off by 10.9 points (10 allowed). Use it to rank, not to count."
    )
    assert points["Whom to contact?"][0].startswith("As a trial, contact the 10 customers whose arm")
    caveat = answers(tmp_path, rows=gates(SEASON))["Who is leaving?"][1]
    assert caveat.endswith(
        "its probabilities are off by 20.3 points on 2024-12-29, the day nearest in season to today (10 allowed). Use "
        "it to rank, not to count."
    )
    begins = answers(tmp_path, VALUE | {"plan": None}, rows=gates(OFF))["Whom to contact?"][0]
    assert begins.startswith("As a trial, begin with those most likely to leave")


@pytest.mark.parametrize(
    ("row", "failure"),
    [
        (RANKS, "it may rank little better than chance (its ROC AUC may be as low as 0.55, required: at least 0.6)"),
        (LEAKS, "cannot be known (“rows dated after the day they describe” 3, required: at most 0)"),
        (RANKS | {"value": None}, "“ROC AUC, lower end” could not be measured"),
    ],
)
def test_a_model_that_cannot_rank_or_may_have_peeked_is_not_to_be_relied_on(tmp_path, row, failure):
    caveat = answers(tmp_path, rows=gates(row, OFF))["Who is leaving?"][1]
    assert failure in caveat
    assert caveat.endswith("Do not rely on it.")


def test_of_a_log_those_who_can_still_be_kept_are_spoken_of(tmp_path):
    active = {"recall_active": 0.63, "precision_active": 0.54}
    season = {"day": "2024-12-20", "forecast": 0.44, "happened": 0.7}
    more = {"current": "customers who ordered in the last 90 days", "horizon_days": 90, "came_back_rate": 0.47}
    more |= {"today": {"customers": 1849, "flagged": 665}, "season": season, "threshold": 0.3, "found": [0.56, 0.89]}
    points = answers(tmp_path, metrics=METRICS | active, more=more)
    assert points["Who will not order in the next 90 days?"] == (
        "665 of the 1,849 customers who ordered in the last 90 days are flagged: their chance not to order in the "
        "next 90 is 30% or more. In the test, flags found 63% of those who did not order, and 54% of flags were right.",
        "No order in 90 days is no farewell: 47% of such customers ordered in the 90 days after. On the other days "
        "that were tried flags found 56% to 89%. On 2024-12-20, the day tried that is nearest in season to today, 44% "
        "was forecast and 70% happened: it may be more than forecast now, too.",
    )
    assert answers(tmp_path)["Who is leaving?"][0] == (
        "In the test, 50% churned. Flagging 40% of the customers found 70% of them, and 60% of flags were right."
    )


def test_what_is_to_be_checked_before_a_call_comes_first(tmp_path):
    caveat = answers(tmp_path, VALUE | {"check": "3 of the first 10 check."})["Whom to contact?"][1]
    assert caveat.startswith("3 of the first 10 check. This holds only if the assumptions")


def test_where_nothing_could_be_learnt_that_is_answers(tmp_path):
    metrics = {"test_churn_rate": 0.5, "gates_failed": 1}
    points = answers(tmp_path, churn="Of 12 rows 1 churned.", metrics=metrics)
    assert points["Who is leaving?"] == ("That cannot be forecast.", "Of 12 rows 1 churned.")


@pytest.mark.parametrize("state", [{"stale": True}, {"status": "failed"}, {"status": "not run"}])
def test_a_07_that_failed_or_is_out_of_date_says_nothing(tmp_path, state):
    assert list(answers(tmp_path, s7=state)) == ["Who is leaving?"]


def test_a_failed_gate_and_an_unlearnt_forecast_are_doubts_of_churn():
    rows = gates(OFF)
    assert narrative.doubts_of_churn({"problem": "", "gates": rows}) == [
        "The churn model failed 1 of 2 checks: its probabilities are off by 10.9 points (10 allowed)."
    ]
    assert narrative.doubts_of_churn({"problem": "", "gates": rows[1:]}) == []
    unlearnt = {"problem": "Too few.", "gates": rows}
    assert narrative.doubts_of_churn(unlearnt | {"horizon_days": 90}) == [
        "Who will not order in 90 days could not be forecast: everyone has the same churn probability, the share that "
        "did not."
    ]
    assert narrative.doubts_of_churn(unlearnt | {"horizon_days": None}) == [
        "Who will churn could not be forecast: everyone has the same churn probability, the share that churned."
    ]


def test_unsettled_fits_and_a_forecast_that_is_not_tested_are_doubts_of_value():
    unsettled, untested = narrative.doubts_of_value("At a bound.", None)
    assert "does not settle" in unsettled
    assert "too short" in untested


@pytest.mark.parametrize(("low", "doubts"), [(0.01, 0), (-0.01, 1)])
def test_a_forecast_that_does_not_beat_the_simple_rule_is_a_doubt(low, doubts):
    none = np.zeros(1)
    tested = forecast.Tested(none, none, pd.DataFrame(), {}, "spent before", Interval(0.1, low, 0.2))
    listed = narrative.doubts_of_value("", tested)
    assert len(listed) == doubts
    assert all("spent before" in doubt for doubt in listed)


@pytest.mark.parametrize(("brought", "advice"), [(0.7, " Suggested: win back."), (0.3, "")])
def test_the_advice_to_those_who_bring_most_is_that_of_their_segment(tmp_path, brought, advice):
    card = {"segment": "At risk", "customers": 5, "share": 0.5, "revenue_share": brought, "action": "win back"}
    write_json(tmp_path / "04_label_creation" / "segments.json", [card])
    write_json(tmp_path / "04_label_creation" / "notebook.ipynb", EMPTY)
    [who, revenue] = first_page.points(tmp_path, pages.read_stages(tmp_path), "")
    assert who["text"] == "The 5 customers form one segment, “At risk”."
    assert revenue["text"] == f"“At risk” are 50% of the customers and bring {brought:.0%} of the revenue.{advice}"
    assert ("not been tested here" in revenue["caveat"]) == bool(advice)


@pytest.mark.parametrize(
    ("spent", "comparison"),
    [(106.0, "6% more was spent than"), (80.0, "20% less was spent than"), (100.2, "as much was spent as")],
)
def test_how_far_the_total_of_the_test_was_off_is_told(spent, comparison):
    tested = forecast.Tested(np.array([spent]), np.array([100.0]), pd.DataFrame(), {}, "", Interval(0.1, 0.0, 0.2))
    assert narrative.off(tested, 0.2) == f"In the period that was tested, {comparison} expected."


def test_the_largest_of_several_segments_is_named(tmp_path):
    card = {"segment": "At risk", "customers": 1500, "share": 0.75, "revenue_share": None, "action": "win back"}
    cards = [card, card | {"segment": "Loyal", "customers": 500, "share": 0.25}]
    write_json(tmp_path / "04_label_creation" / "segments.json", cards)
    write_json(tmp_path / "04_label_creation" / "notebook.ipynb", EMPTY)
    who, revenue = first_page.points(tmp_path, pages.read_stages(tmp_path), "")
    assert who["text"] == "The 2,000 customers fall into 2 segments. The largest is “At risk”, with 75% of them."
    assert revenue["text"].startswith("The data does not say what a customer pays")


MONITORED = {
    "verdict": "none",
    "reason": "No need to train anew: the latest forecasts erred 4% more than those the model was released with.",
    "days_matured": 3,
    "drifted_features": 5,
    "features": 40,
    "broken": [],
}


@pytest.mark.parametrize(
    ("changes", "text", "caveat"),
    [
        (
            {},
            f"{MONITORED['reason']} That is judged by 3 months whose outcomes are known.",
            "For information: 5 of 40 descriptions of customers look different from before.",
        ),
        (
            {"verdict": "retrain", "reason": "Train anew: the model is 400 days old.", "days_matured": 1},
            "Train anew: the model is 400 days old. That is judged by 1 month whose outcomes are known. “patrons "
            "retrain NAME” does it.",
            "For information: 5 of 40 descriptions of customers look different from before.",
        ),
        (
            {"reason": "There is nothing to judge yet.", "days_matured": 0, "drifted_features": 0},
            "There is nothing to judge yet.",
            "",
        ),
        (
            {"broken": ["A is gone.", "B is a hundred times as large."]},
            None,
            "A is gone. B is a hundred times as large.",
        ),
        ({"broken": ["A.", "B.", "C.", "D."]}, None, "A. B. The chapter names 2 more."),
    ],
)
def test_what_monitoring_says_stands_last(tmp_path, changes, text, caveat):
    write_json(tmp_path / "08_monitoring" / "monitoring.json", MONITORED | changes)
    write_json(tmp_path / "08_monitoring" / "notebook.ipynb", EMPTY)
    [point] = first_page.points(tmp_path, pages.read_stages(tmp_path), "")
    assert point["question"] == "Has the world moved?"
    assert point["text"] == (text.replace("NAME", tmp_path.name) if text else point["text"])
    assert point["caveat"] == caveat


def test_without_monitoring_nothing_is_said_of_it(tmp_path):
    write_json(tmp_path / "08_monitoring" / "notebook.ipynb", EMPTY)
    assert first_page.points(tmp_path, pages.read_stages(tmp_path), "") == []
    metrics = {"drifted_features": 5.0, "days_matured": 0, "retrain": 0.0}
    assert list(pages.key_numbers([{"name": "08_monitoring", "metrics": metrics}], "")) == []  # nothing is judged yet
    judged = metrics | {"loss_excess": 0.042, "days_matured": 3}
    [loss] = pages.key_numbers([{"name": "08_monitoring", "metrics": judged}], "")
    assert (loss["value"], loss["detail"]) == ("+4%", "3 months judged; below zero is better")
