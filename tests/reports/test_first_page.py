"""The answers for a manager, from toy results: what they say, and when there is none."""

import re

import numpy as np
import pandas as pd
import pytest

from patrons.evaluation.metrics import Interval
from patrons.files import write_json
from patrons.reports import answers as answers_module
from patrons.reports import contacts, dates, first_page, pages, pictures
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
HEADER = {"currency": "EUR", "facts": [("Period", "a year", "")], "tested": {}}
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


def page(tmp_path, currency="EUR"):
    return first_page.content(tmp_path, pages.read_stages(tmp_path), currency)


def answers(tmp_path, record=VALUE, churn="", metrics=METRICS, rows=(), more=None, **statuses):
    """What the first page says of 06 and 07 with these results: answers by question, and doubts."""
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
    content = page(tmp_path)
    return {point["question"]: point["text"] for point in content["points"]}, [
        doubt["text"] for doubt in content["doubts"]
    ]


LEAVING, SPEND = "Who is at risk?", "What will they spend?"
ASSUMED = (
    "Margin, cost of a contact (a call, letter or mail) and the chance that it keeps a customer are assumed, not "
    "measured. Page 7 lists them: set them to your own."
)


def test_without_doubts_only_the_assumptions_are_named(tmp_path):
    points, doubts = answers(tmp_path)
    assert points == {
        LEAVING: "We would warn of 40% of the customers. In the test we spotted 70% of those who left, and 60% of the "
        "warnings were right.",
        SPEND: "We expect about 900 EUR in the next 180 days. It may be anything from 800 to 1,000 EUR (95% interval).",
        "Whom to contact?": "Contact 10 customers, for 20 EUR. If the assumptions hold, they bring about 30 EUR beyond "
        "that cost.",
    }
    assert doubts == ["A warning is a chance, not a certainty.", "In the test 2% more. 950 before.", ASSUMED]


def test_a_gain_that_may_be_a_loss_is_told(tmp_path):
    answers(tmp_path, VALUE | {"plan": PLAN | {"low": -5.0}})
    assert page(tmp_path)["points"][-1]["lines"] == [
        "With all that is uncertain, it may be anything from -5 to 50 EUR (95% interval), perhaps a loss."
    ]


def test_who_is_held_out_is_to_be_left_alone(tmp_path):
    doubts = answers(tmp_path, VALUE | {"campaign": "2024-02-10-0123abcd", "too_few": "Too few."})[1]
    assert doubts[-2].startswith("Neither suggestions nor contacts have been tested here. So leave 0 more customers ")
    assert doubts[-1] == "Too few."


def test_doubts_of_07_are_told_once(tmp_path):
    doubts = answers(tmp_path, VALUE | {"doubts": {"churn": ["No churn."], "value": ["No value.", "No value."]}})[1]
    assert doubts.count("No value.") == 1


def test_a_plan_of_nobody_says_so(tmp_path):
    points, doubts = answers(tmp_path, VALUE | {"plan": PLAN | {"contacts": 0}})
    assert points["Whom to contact?"] == "Nobody: under the assumptions, no contact brings more than it costs."
    assert ASSUMED not in doubts


def test_failed_gates_are_a_doubt_in_words_and_make_contacts_a_trial(tmp_path):
    points, doubts = answers(tmp_path, rows=gates(BEATS, OFF))
    assert doubts[0] == (
        "The model behind the warnings failed 2 of 3 checks: not shown to beat the simple rule “expected orders”; its "
        "probabilities are off by 10.9 percentage points (10 allowed). Use the model to rank customers; its counts are "
        "rough."
    )
    assert points["Whom to contact?"].startswith("As a trial, contact 10 customers")
    doubts = answers(tmp_path, rows=gates(SEASON))[1]
    assert doubts[0].endswith(
        "its probabilities are off by 20.3 percentage points on 29 December 2024, the day nearest in season to today "
        "(10 allowed). Use the model to rank customers; its counts are rough."
    )
    begins = answers(tmp_path, VALUE | {"plan": None}, rows=gates(OFF))[0]["Whom to contact?"]
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
    points, doubts = answers(tmp_path, rows=gates(row, OFF))
    assert failure in doubts[0]
    assert doubts[0].endswith("Do not rely on it.")
    assert points["Whom to contact?"].startswith("Nobody yet: the forecast of who leaves")


ACTIVE = {"recall_active": 0.63, "precision_active": 0.54}
OF_A_LOG = {
    "current": "customers who ordered in the last 90 days",
    "horizon_days": 90,
    "came_back_rate": 0.47,
    "season": {"day": "2024-12-20", "forecast": 0.44, "happened": 0.7},
    "threshold": 0.3,
    "test_day": "2025-09-25",
    "found": [0.56, 0.89],
    "today": {
        "customers": 1849,
        "flagged": 665,
        "expected": 781,
        "expected_range": [500, 1100],
        "segments": [
            {"segment": "Loyal", "customers": 1091, "flagged": 5},
            {"segment": "Promising", "customers": 758, "flagged": 660},
            {"segment": "Gone", "customers": 0, "flagged": 0},
        ],
    },
}


def until(tmp_path, day, **more):
    """A log whose newest order is of this day."""
    write_json(tmp_path / "01_eda" / "dataset.json", {"period": ["2024-01-04", day]} | more)


def test_of_a_log_those_who_can_still_be_kept_are_spoken_of(tmp_path):
    until(tmp_path, "2025-12-23")
    points, doubts = answers(tmp_path, metrics=METRICS | ACTIVE, more=OF_A_LOG)
    assert points[LEAVING] == (
        "We expect about 781 of the 1,849 recent buyers not to order between 24 December 2025 and 23 March 2026. We "
        "warn of 665, mostly “Promising”: in the test, 54% of such warnings were right."
    )
    assert doubts[:3] == [
        "At a similar time of year (20 December 2024), 44% were forecast not to order and 70% did not. It may be more "
        "than forecast now, too.",
        "A warning means a chance of 30% or more not to order. It is no certainty.",
        "47% of those who skip 90 days come back in the 90 days after.",
    ]
    assert page(tmp_path)["points"][0]["picture"].bars == [
        ("Promising", "660 of 758", 60.5, 69.5),
        ("Loyal", "5 of 1,091", 0.5, 100.0),
    ]


def test_who_has_gone_quiet_gets_no_warning_and_the_page_says_so_beside_those_who_do(tmp_path):
    until(tmp_path, "2025-12-23")
    names = {"Loyal": 1100, "Promising": 800, "Lapsed regulars": 300, "Lost": 200}
    cards = [{"segment": name, "customers": count, "share": count / 2400} for name, count in names.items()]
    write_json(tmp_path / "04_label_creation" / "segments.json", cards)
    write_json(tmp_path / "04_label_creation" / "notebook.ipynb", EMPTY)
    answers(tmp_path, metrics=METRICS | ACTIVE, more=OF_A_LOG)
    write_json(tmp_path / "series.json", {})
    [at_risk] = [point for point in page(tmp_path)["points"] if point["question"] == LEAVING]
    # 2,400 customers less 1,849 recent buyers; of Loyal 9 and of Promising 42 are among them, of the others everyone
    assert at_risk["lines"] == [
        "That is 42% of them. It may be anything from 500 to 1,100 (95% interval): the forecasts of one day tend to be "
        "all too high or all too low.",
        "In the test on 25 September 2025 we spotted 63% of those who did not order; over all days tried 56% to 89%. "
        "Of 100 warned of, 54 did not order and 46 did.",
        "Recent buyers ordered between 25 September 2025 and 23 December 2025. The other 551 customers have gone "
        "quiet already, most of them “Lapsed regulars” and “Lost”. They get no warning and are not on the list. To win "
        "them back is another task.",
    ]


@pytest.mark.parametrize(("failed", "counted"), [((), True), ((OFF,), True), ((SEASON,), True), ((RANKS,), False)])
def test_a_model_that_cannot_be_relied_on_counts_nobody(tmp_path, failed, counted):
    answers(tmp_path, metrics=METRICS | ACTIVE, rows=gates(*failed), more=OF_A_LOG)
    [at_risk] = [point for point in page(tmp_path)["points"] if point["question"] == LEAVING]
    assert at_risk["text"].startswith("We expect about 781 of the 1,849 recent buyers not to order") == counted
    assert ("It may be anything from 500 to 1,100" in str(at_risk["lines"])) == counted
    assert ("its counts are rough" in str(page(tmp_path)["doubts"])) == (failed in ((OFF,), (SEASON,)))


def test_expected_spend_stands_beside_what_was_spent_before_and_the_year_before(tmp_path):
    until(tmp_path, "2025-12-23")
    same = "A year earlier it was much the same: in the 180 days from 2024-12-29 on, customers spent 35% less."
    spent = VALUE["expected_spend"] | {"ratio": 0.613, "season": same}
    points, _ = answers(tmp_path, VALUE | {"expected_spend": spent})
    assert points[SPEND] == (
        "We expect about 900 EUR between 24 December 2025 and 21 June 2026, 39% less than in as many days before. It "
        "may be anything from 800 to 1,000 EUR (95% interval)."
    )
    assert page(tmp_path)["points"][1]["lines"] == [same.replace("2024-12-29", "29 December 2024")]


def on_the_list(folder, *actions):
    """A list of as many customers, all drawn to be contacted but the last."""
    rows = [
        {"customer_id": n, "segment": "Loyal", "churn_probability": 0.5, "expected_gain": 3.0, "value": 9.0}
        | {"reason_1": "", "arm": "contact" if n + 1 < len(actions) else "", "suggested_action": action}
        for n, action in enumerate(actions)
    ]
    path = folder / "07_customer_value" / "actions.csv"
    path.parent.mkdir(parents=True, exist_ok=True)
    pd.DataFrame(rows).to_csv(path, index=False, encoding="utf-8-sig")
    (folder / "06_churn").mkdir(exist_ok=True)
    known = [str(row["customer_id"]) for row in rows]
    pd.DataFrame({"customer_id": known, "flagged": True}).to_parquet(folder / "06_churn" / "churn_scores.parquet")


def test_what_bounds_the_contacts_and_what_the_error_of_the_test_would_leave_is_said(tmp_path):
    on_the_list(tmp_path, "contact", "contact", "not within the budget")
    error = {"value": 0.25, "low": 0.1, "high": 0.4}
    points, _ = answers(tmp_path, VALUE | {"stake_error": error, "corrected": 20.0})
    assert points["Whom to contact?"].startswith(
        "Contact 10 customers, for 20 EUR: as many as the assumed budget buys. If the assumptions hold, they bring 20 "
        "to 30 EUR beyond that cost."
    )
    assert page(tmp_path)["points"][-1]["lines"] == [
        "The lower amount is corrected for the test. There, what a contact could save was put 25% too high.",
        "With all that is uncertain, it may be anything from 10 to 50 EUR (95% interval).",
    ]
    on_the_list(tmp_path, "contact", "leave: a contact costs more than it brings")
    points, _ = answers(tmp_path, VALUE | {"stake_error": error | {"low": -0.1}, "corrected": None})  # may be chance
    assert points["Whom to contact?"].startswith("Contact 10 customers, for 20 EUR. If")
    assert len(page(tmp_path)["points"][-1]["lines"]) == 1


def test_an_answer_has_two_sentences_and_a_sentence_two_numbers(tmp_path):
    until(tmp_path, "2025-12-23")
    spent = VALUE | {"expected_spend": VALUE["expected_spend"] | {"ratio": 0.6, "season": "x"}}
    points = answers(tmp_path, spent, metrics=METRICS | ACTIVE, more=OF_A_LOG)[0] | {
        f"{question} (of a table)": text for question, text in answers(tmp_path)[0].items()
    }
    for text in points.values():
        plain = re.sub(r" \(95% interval\)|\d+ [A-Z][a-z]+ \d{4}", "", text)  # a day is no number to keep in mind
        sentences = re.split(r"(?<=[.!?]) (?=[A-Z“])", plain)
        assert len(sentences) <= 2, text
        assert all(len(re.findall(r"\d[\d,.]*", sentence)) <= 2 for sentence in sentences), text


def test_what_is_to_be_checked_before_a_call_is_a_doubt(tmp_path):
    assert "3 of the first 10 check." in answers(tmp_path, VALUE | {"check": "3 of the first 10 check."})[1]


def test_where_nothing_could_be_learnt_that_is_answers(tmp_path):
    metrics = {"test_churn_rate": 0.5, "gates_failed": 1}
    points, doubts = answers(tmp_path, churn="Of 12 rows 1 churned.", metrics=metrics)
    assert (points[LEAVING], doubts[0]) == ("That cannot be forecast.", "Of 12 rows 1 churned.")


@pytest.mark.parametrize("state", [{"stale": True}, {"status": "failed"}, {"status": "not run"}])
def test_a_07_that_failed_or_is_out_of_date_says_nothing(tmp_path, state):
    assert list(answers(tmp_path, s7=state)[0]) == [LEAVING]


def test_a_failed_gate_and_an_unlearnt_forecast_are_doubts_of_churn():
    rows = gates(OFF)
    assert narrative.doubts_of_churn({"problem": "", "gates": rows}) == [
        "The churn model failed 1 of 2 checks: its probabilities are off by 10.9 percentage points (10 allowed)."
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
    card = {"segment": "Lost", "customers": 5, "share": 0.5, "revenue_share": brought, "action": "win back"}
    write_json(tmp_path / "04_label_creation" / "segments.json", [card])
    write_json(tmp_path / "04_label_creation" / "notebook.ipynb", EMPTY)
    content = page(tmp_path, "")
    [who, revenue] = content["points"]
    assert who["text"] == "The 5 customers form one segment, “Lost”."
    assert revenue["text"] == f"“Lost” are 50% of the customers and bring {brought:.0%} of the revenue.{advice}"
    assert [doubt["text"] for doubt in content["doubts"]] == ([answers_module.UNTRIED] if advice else [])


@pytest.mark.parametrize(
    ("spent", "comparison"),
    [(106.0, "6% too low"), (80.0, "25% too high"), (100.2, "right")],
)
def test_how_far_the_total_of_the_test_was_off_is_told(spent, comparison):
    tested = forecast.Tested(np.array([spent]), np.array([100.0]), pd.DataFrame(), {}, "", Interval(0.1, 0.0, 0.2))
    assert narrative.off(tested, 0.2) == f"In the period that was tested, the forecast of all spend was {comparison}."


def test_the_largest_of_several_segments_is_named(tmp_path):
    card = {"segment": "Lost", "customers": 1500, "share": 0.75, "revenue_share": None, "action": "win back"}
    cards = [card, card | {"segment": "Loyal", "customers": 500, "share": 0.25}]
    write_json(tmp_path / "04_label_creation" / "segments.json", cards)
    write_json(tmp_path / "04_label_creation" / "notebook.ipynb", EMPTY)
    who, revenue = page(tmp_path, "")["points"]
    assert who["text"] == "The 2,000 customers fall into 2 segments. The largest is “Lost”, with 75% of them."
    assert who["picture"] == ("Share of customers", [("Lost", "75%", 75.0, 100.0), ("Loyal", "25%", 25.0, 100.0)])
    assert revenue["text"].startswith("The data does not say what a customer pays")


MONITORED = {
    "verdict": "none",
    "reason": "No need to train anew: the latest forecasts erred 4% more than those the model was released with.",
    "days_matured": 3,
    "drifted_features": 5,
    "features": 40,
    "broken": [],
}
JUDGED = f"{MONITORED['reason']} That is judged by 3 months whose outcomes are known."


@pytest.mark.parametrize(
    ("changes", "told", "doubts"),
    [
        ({}, JUDGED, []),
        (
            {"verdict": "retrain", "reason": "Train anew: the model is 400 days old.", "days_matured": 1},
            "Train anew: the model is 400 days old. That is judged by 1 month whose outcomes are known. "
            "Page 8 says how.",
            [],
        ),
        ({"reason": "There is nothing to judge yet.", "days_matured": 0}, "There is nothing to judge yet.", []),
        ({"broken": ["A is gone.", "B is large."]}, JUDGED, ["A is gone.", "B is large."]),
        ({"broken": ["A.", "B.", "C.", "D."]}, JUDGED, ["A.", "B.", "The chapter names 2 more troubles."]),
    ],
)
def test_what_monitoring_says_stands_among_what_changed(tmp_path, changes, told, doubts):
    write_json(tmp_path / "08_monitoring" / "monitoring.json", MONITORED | {"since_last_run": ["Nothing."]} | changes)
    write_json(tmp_path / "08_monitoring" / "notebook.ipynb", EMPTY)
    content = page(tmp_path, "")
    first, last = content["changes"]
    assert first == "Nothing."
    assert last == told
    assert [doubt["text"] for doubt in content["doubts"]] == doubts
    assert (content["points"], content["watch"]["number"]) == ([], "8")


def test_the_first_to_contact_are_shown_and_those_held_out_are_not(tmp_path):
    listed = pd.DataFrame(
        {
            "rank": [1, 2, 3],
            "customer_id": ["007", "8", "9"],
            "segment": ["Loyal", "Loyal", "New"],
            "churn_probability": [0.114, 0.5, 0.9],
            "expected_gain": [61.98, 50.0, 2.0],
            "value": [14880.3, 20.0, 3.0],
            "value_if_kept": [15900.4, 30.0, 14.2],
            "value_if_lost": [2100.0, 10.0, 0.0],
            "late": [True, False, False],
            "reason_1": ["lowers the risk: 5 orders", "x", "raises the risk: <b>few</b> orders"],
            "arm": ["contact", "hold out", "contact"],
            "suggested_action": ["contact: thank them", "hold out", "check: cancelled"],
        }
    )
    path = tmp_path / "07_customer_value" / "actions.csv"
    path.parent.mkdir()
    listed.to_csv(path, index=False, encoding="utf-8-sig")
    known = pd.DataFrame({"customer_id": ["007", "8", "9"], "flagged": [False, True, True]})
    (tmp_path / "06_churn").mkdir()
    known.to_parquet(tmp_path / "06_churn" / "churn_scores.parquet")
    first = contacts.first(contacts.listed(tmp_path), "EUR", 180, "23 March 2026")
    assert first["head"] == ["Customer", "Segment", "Risk", "Expected gain", "Why", "What to do"]
    assert first["rows"] == [
        [
            "007",
            "Loyal",
            "11%",
            "62 EUR",
            "15,900 EUR in 180 days if they order by 23 March 2026, 2,100 if not; silent for longer than usual",
            "Contact: thank them",
        ],
        [
            "9",
            "New",
            "90%",
            "2 EUR",
            "14.2 EUR in 180 days if they order by 23 March 2026, 0 if not; <b>few</b> orders",
            "Check: cancelled",
        ],
    ]
    assert (first["all"], first["warned"], first["held"]) == (2, 1, 1)
    assert first["segments"] == {"Loyal": 1, "New": 1}
    assert contacts.first(contacts.listed(tmp_path)[:0], "EUR", 180, "") is None
    path.unlink()
    assert contacts.listed(tmp_path) is None


def test_what_risk_means_stands_below_the_list_with_its_days():
    gain = "Expected gain: what a contact brings beyond its cost, if the assumptions hold."
    span = dates.ahead({"period": ["2024-01-04", "2025-12-23"]}, 90)
    chance = "Risk: the chance that a customer does not order between 24 December 2025 and 23 March 2026."
    found = {"head": ["Customer", "Expected gain"], "all": 1429, "warned": 317}
    order = "The list goes by gain, not by risk: 1,112 of the 1,429 carry no warning."
    assert contacts.note(span, found) == f"{chance} {gain} {order}"
    order = "The list goes by gain, not by risk."
    assert contacts.note(None, found | {"warned": 1429}) == f"Risk: the chance of losing the customer. {gain} {order}"
    assert contacts.note(None, found | {"head": ["Customer"]}) == "Risk: the chance of losing the customer."


def test_bars_beyond_six_are_one_and_none_are_drawn_of_one_segment():
    assert pictures.shares("x", {"one": 3.0}) is pictures.amounts("x", {}) is pictures.flags("x", []) is None
    assert pictures.shares("x", {"one": 0.0, "two": 0.0}) is None
    segments = [{"segment": str(flagged), "customers": 10, "flagged": flagged} for flagged in range(1, 9)]
    assert pictures.flags("x", segments).bars[-1] == ("2 others", "3 of 20", 15.0, 100.0)
    drawn = pictures.amounts("x", {str(number): float(number) for number in range(1, 9)}, " EUR").bars
    assert [bar.label for bar in drawn] == ["8", "7", "6", "5", "4", "3", "2 others"]
    assert drawn[-1] == ("2 others", "3 EUR", 37.5, 0.0)


@pytest.mark.parametrize(("numbers", "shown"), [(0, 0), (1, 1), (2, 2), (5, 4), (7, 6), (11, 8)])
def test_the_grid_of_key_numbers_comes_out_even(numbers, shown):
    assert len(pages.even([{"value": str(number)} for number in range(numbers)])) == shown


def test_without_monitoring_nothing_is_said_of_it(tmp_path):
    write_json(tmp_path / "08_monitoring" / "notebook.ipynb", EMPTY)
    assert page(tmp_path, "")["changes"] == []
    metrics = {"drifted_features": 5.0, "days_matured": 0, "retrain": 0.0}
    assert (
        list(pages.key_numbers([{"name": "08_monitoring", "metrics": metrics}], HEADER)) == []
    )  # nothing is judged yet
    judged = metrics | {"loss_excess": 0.042, "days_matured": 3}
    [loss] = pages.key_numbers([{"name": "08_monitoring", "metrics": judged}], HEADER)
    assert (loss["value"], loss["detail"]) == ("+4%", "3 months judged; below zero is better")


def test_season_and_the_gate_that_looks_at_it_are_one_doubt(tmp_path):
    season = {"day": "2024-12-29", "forecast": 0.33, "happened": 0.53}
    happened = "33% were forecast not to order and 53% did not"
    told = f"At a similar time of year (29 December 2024), {happened}. It may be more than "
    more = {"season": season}
    assert answers(tmp_path, rows=gates(SEASON), more=more)[1][0] == (
        f"{told}forecast now, too. The model behind the warnings failed 1 of 2 checks: this one. Use the model to "
        "rank customers; its counts are rough."
    )
    assert answers(tmp_path, rows=gates(SEASON, BEATS), more=more)[1][0] == (
        f"{told}forecast now, too. The model behind the warnings failed 2 of 3 checks: this one, and not shown to "
        "beat the simple rule “expected orders”. Use the model to rank customers; its counts are rough."
    )
    assert answers(tmp_path, rows=gates(), more=more)[1][0] == f"{told}forecast now, too."


def test_a_segment_in_which_nearly_all_are_flagged_is_called_in_the_order_of_the_list(tmp_path):
    segments = [
        {"segment": "Promising", "customers": 748, "flagged": 746},
        {"segment": "Loyal", "customers": 100, "flagged": 95},
        {"segment": "Lost", "customers": 3, "flagged": 3},
    ]
    answers(
        tmp_path, metrics=METRICS | ACTIVE, more=OF_A_LOG | {"came_back_rate": 0.5, "today": {"segments": segments}}
    )
    assert page(tmp_path)["points"][0]["lines"] == [
        "We warn of nearly every recent buyer in “Promising”, so the warning singles out nobody there. Contact in the "
        "order of the list."
    ]


def test_each_segment_is_told_in_words(tmp_path):
    typical = {"frequency_median": 10.0, "recency_days_median": 22.0, "monetary_median": 2169.66}
    loyal = {"segment": "Loyal", "customers": 3, "share": 0.3, "revenue_share": 0.7, "action": "x", **typical}
    new = {"segment": "New", "customers": 7, "share": 0.7, "set_apart": "low tenure"}
    write_json(tmp_path / "04_label_creation" / "segments.json", [loyal, new])
    write_json(tmp_path / "04_label_creation" / "notebook.ipynb", EMPTY)
    assert page(tmp_path)["points"][0]["lines"] == [
        "New: low tenure.",
        "Loyal: typically 10 orders, the last 22 days ago, 2,170 EUR in all.",
    ]


def test_how_far_the_stake_was_off_stands_on_the_first_page(tmp_path):
    assert "It was put 72% too high." in answers(tmp_path, VALUE | {"stake": "It was put 72% too high."})[1]


def test_a_page_opens_with_its_own_answers(tmp_path):
    answers(tmp_path)
    write_json(tmp_path / "05_classification" / "metrics.json", {"accuracy_held_out": 0.97})
    decided = {"kind": "decision", "text": "The model is good enough.", "figure": None, "alt": None}
    write_json(tmp_path / "05_classification" / "findings.json", [decided])
    write_json(tmp_path / "05_classification" / "notebook.ipynb", EMPTY)
    write_json(tmp_path / "series.json", {})
    leads = page(tmp_path)["leads"]
    assert sorted(leads) == ["05_classification.html", "06_churn.html", "07_customer_value.html"]
    assert [point["question"] for point in leads["07_customer_value.html"]["points"]] == [SPEND, "Whom to contact?"]
    assert leads["05_classification.html"]["points"][0]["text"] == (
        "Of customers that the model had not seen, 97% were placed in their segment. The model is good enough."
    )


def test_where_a_later_segment_cannot_be_told_page_5_opens_with_today_alone(tmp_path):
    folder = tmp_path / "05_classification"
    write_json(
        folder / "metrics.json", {"accuracy_held_out": 0.97, "accuracy_later": 0.8, "accuracy_persistence": 0.79}
    )
    write_json(folder / "segment_later.json", {"used": False, "reason": "no model does better"})
    write_json(folder / "notebook.ipynb", EMPTY)
    [lead] = page(tmp_path)["leads"]["05_classification.html"]["points"]
    assert lead["text"] == "Of customers that the model had not seen, 97% were placed in their segment."
    assert lead["lines"] == [
        "They were kept out of the learning, but are no newcomers. How well those are placed was not tested."
    ]
