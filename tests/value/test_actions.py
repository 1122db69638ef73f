"""The list of contacts: its order, what it says to do, and what it says of itself."""

import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from patrons.churn.reasons import REASONS
from patrons.plots import axes
from patrons.value import actions, arms, gains, list_narrative, plots, table, tables
from patrons.value.spread import exact

SURE = gains.draw(margin_rate=[0.5], save_chance=[[0.2]], contact_cost=[3.0], seed=0)  # worth 0.1 of what is at stake
PEOPLE = pd.DataFrame(
    {
        "customer_id": ["a", "b", "c", "d"],
        "segment": ["X", "X", "Y", "Y"],
        "churn_probability": [0.5, 0.1, 0.9, 0.5],
        "value": [100.0, 100.0, 200.0, 60.0],
        "value_if_kept": [100.0, 100.0, 200.0, 60.0],
        "value_if_lost": 0.0,
        "band": 0,
        "ratio": 1.0,
        "reason_1": "silent for 80 days",
        "reason_2": "",
        "reason_3": "",
    }
)
STAKES = actions.stakes_of(PEOPLE, exact())  # 50, 10, 180, 30


def times(*factors):
    """The stakes, so many times as high."""
    return STAKES._replace(more=STAKES.more * factors)


RETURNED = pd.DataFrame(
    {"customer_id": list("abcd"), "returned_unmatched": [50.0, 100.0, 874.0, np.nan], "monetary": [100.0, 100, 1000, 1]}
)


def test_who_ranks_high_by_cancelled_orders_is_to_be_checked_first():
    listed = actions.contact_list(PEOPLE, gains.gains(STAKES, exact(), SURE), 2, {"Y": "call"})
    checked = actions.with_checks(listed, RETURNED)
    assert checked.suggested_action.tolist() == [
        "check first: cancellations of 87% of the spend are not taken off it",
        "contact",  # half, and no more
        "not within the budget",  # nor to be called
        "leave: a contact costs more than it brings",
    ]
    assert checked.certain.tolist() == [False, *listed.certain[1:]]
    assert listed.certain[0]
    assert list_narrative.to_check(checked) == (
        "1 of the first 4 may be there only because of orders they later cancelled: check before you call them."
    )
    many = pd.DataFrame({"suggested_action": ["contact"] * 9 + ["check first: 60%"] * 4})
    assert list_narrative.to_check(many).startswith("1 of the first 10 and 4 of all to contact may be there")


@pytest.mark.parametrize("today", [RETURNED.assign(returned_unmatched=0.1), RETURNED[["customer_id"]]])
def test_without_cancellations_nothing_is_to_be_checked(today):
    listed = actions.contact_list(PEOPLE, gains.gains(STAKES, exact(), SURE), 2, {})
    assert actions.with_checks(listed, today).equals(listed)
    assert list_narrative.to_check(listed) == ""


def test_the_list_is_not_one_of_risk_and_says_so():
    def told(stakes, contacts, days=90):
        listed = actions.contact_list(PEOPLE, gains.gains(stakes, exact(), SURE), contacts, {})
        return list_narrative.not_by_risk(arms.with_arms(listed, contacts, arms.Lot(0.2, 0, "")), scores, days)

    scores = PEOPLE[["customer_id"]].assign(flagged=[True, False, True, False])
    assert (
        told(times(1, 30, 1, 1), 2)
        ==
        # b, c, a, d
        (
            "The list is in the order of expected gain, not of risk. Number 1, at a risk of 10%, comes before others "
            "at up to 90%. Page 6 warns of 1 of the 2 to contact as likely not to order in 90 days."
        )
    )
    assert told(times(1, 30, 1, 1), 2, None).endswith("Page 6 warns of 1 of the 2 to contact as likely to churn.")
    assert "Number 1, at a risk of 50%, comes before others at up to 90%" in told(times(30, 30, 1, 1), 1)
    assert "not of risk. Page 6 warns of 0 of the 0" in told(times(30, 30, 1, 1), 0)


def test_the_list_is_in_the_order_of_gain_and_says_what_to_do():
    gain = gains.gains(STAKES, exact(), SURE).round(9)
    listed = actions.contact_list(PEOPLE, gain, 1, {"Y": "call"})
    assert listed.customer_id.tolist() == ["c", "a", "d", "b"]
    assert listed["rank"].tolist() == [1, 2, 3, 4]
    assert listed.suggested_action.tolist() == [
        "contact: call",
        "not within the budget",
        "leave: a contact costs more than it brings",
        "leave: a contact costs more than it brings",
    ]


def test_a_gain_whose_interval_includes_zero_is_marked():
    gain = pd.DataFrame({"expected_gain": [2.0, 1.0], "gain_low": [1.0, -1.0], "gain_high": [3.0, 2.0]})
    listed = actions.contact_list(PEOPLE.head(2), gain, 2, {})
    assert listed.certain.tolist() == [True, False]
    assert listed.suggested_action.tolist() == ["contact", "contact, the gain is not certain"]
    assert "includes zero" in list_narrative.loss(gains.Plan(2, 6.0, 3.0, -1.0, 5.0))
    assert list_narrative.loss(gains.Plan(2, 6.0, 3.0, 1.0, 5.0)) == ""


def test_the_reasons_of_06_come_along_and_nothing_else_of_it():
    values = PEOPLE[["customer_id"]].assign(expected_spend=PEOPLE.value)
    scores = PEOPLE[["customer_id", "churn_probability", *REASONS]].assign(reason_4="x", flagged=True)
    people = actions.candidates(values, PEOPLE.set_index("customer_id").segment, scores)
    assert set(people) == set(PEOPLE) - {"value_if_kept", "value_if_lost", "band", "ratio"}
    people = table.at_stake(people)
    listed = actions.contact_list(people, gains.gains(STAKES, exact(), SURE), 1, {})
    assert listed.reason_1.eq("silent for 80 days").all()


def test_the_first_reason_of_a_list_raises_the_risk_wherever_anything_does():
    up, down = "raises the risk: ", "lowers the risk: "
    scores = pd.DataFrame(
        {
            "reason_1": [down + "a", up + "a", down + "a", down + "a", down + "a"],
            "reason_2": [down + "b", up + "b", "", down + "b", down + "b"],
            "reason_3": [down + "c", up + "c", "", down + "c", down + "c"],
            "raising": [up + "late", up + "a", "", up + "a", up + "b"],
        }
    )
    assert actions.raising_first(scores)[list(REASONS)].to_numpy().tolist() == [
        [up + "late", down + "a", down + "b"],
        [up + "a", up + "b", up + "c"],
        [down + "a", "", ""],
        [up + "a", down + "b", down + "c"],  # told once, though it lowers the risk beside all customers
        [up + "b", down + "a", down + "c"],
    ]
    earlier = scores.drop(columns="raising")
    pd.testing.assert_frame_equal(actions.raising_first(earlier), earlier)  # results of an earlier version


def test_where_no_value_is_known_the_likeliest_to_leave_come_first():
    people = PEOPLE.assign(value=np.nan, value_if_kept=np.nan, value_if_lost=np.nan)
    gain = gains.gains(times(np.nan), exact(), SURE)
    listed = actions.contact_list(people, gain, 0, {})
    assert listed.customer_id.tolist() == ["c", "a", "d", "b"]
    assert listed.suggested_action.eq("what a contact brings is not known").all()
    advised = actions.contact_list(people, gain, 0, {"Y": "call"}).suggested_action
    assert advised[0] == "what a contact brings is not known; if you contact: call"
    assert list(tables.top(listed, "", 180)) == ["rank", "customer", "segment", "risk", "why worry", "what to do"]


def test_a_budget_pays_so_many_contacts():
    assert actions.affordable(10.0, SURE, 100) == 3
    assert actions.affordable(1000.0, SURE, 4) == 4


def test_the_top_of_the_list_is_short_and_in_words():
    listed = pd.DataFrame(
        {
            "rank": [1, 2],
            "customer_id": [17, 18],
            "segment": ["Loyal", "Lost"],
            "churn_probability": [0.254, np.nan],
            "value": [1234.5, 10.0],
            "value_if_kept": [1500.0, np.nan],
            "value_if_lost": [300.0, np.nan],
            "expected_gain": [20.4, np.nan],
            "gain_low": [-3.0, np.nan],
            "gain_high": [50.0, np.nan],
            "certain": [False, False],
            "reason_1": ["raises the risk: silent for 40 days", None],
            "reason_2": ["2 orders", None],
            "reason_3": [None, None],
            "suggested_action": ["contact", "what a contact brings is not known"],
        }
    )
    first, second = tables.top(listed, "EUR", 180).to_dict("records")
    assert first["risk"] == "25%"
    assert first["expected spend in 180 days, EUR"] in ("1,234", "1,235")
    assert first["gain of a contact, EUR (95% interval)"] == "20 (-3 to 50)"
    assert first["more if kept, EUR"] == "1,200"
    assert first["why worry"] == "1,500 EUR in 180 days if they stay, 300 if not; silent for 40 days"
    assert (second["gain of a contact, EUR (95% interval)"], second["why worry"]) == ("–", "")
    assert len(tables.top(listed, "", 180, rows=1)) == 1


def test_what_lowers_the_risk_is_no_reason_to_worry():
    row = pd.Series({"churn_probability": 0.29, "value_if_kept": 6028.0, "value_if_lost": 958.0, "late": True,
                     "reason_1": "lowers the risk: 8 orders in the last 365 days"})  # fmt: skip
    told = "6,030 EUR in 180 days if they stay, 958 if not"
    assert tables.why(row, "EUR", 180, "") == f"{told}; silent for longer than usual"
    assert tables.why(row.drop("late"), "EUR", 180, "") == told


def test_where_nobody_can_be_kept_the_list_is_empty_and_every_sentence_stands():
    assumed = gains.assumed([0.5], [[0.2], [0.1]], [3.0], [100.0], ["0 to 45 days", "46 to 90 days"])
    campaign = actions.campaign(PEOPLE.head(0), exact(), assumed, {}, arms.Lot(0.2, 0, ""), log_odds_error=0.3)
    listed = actions.with_checks(campaign.listed, RETURNED)
    assert (len(listed), campaign.plan) == (0, (0, 0, 0, 0, 0))
    assert "0 of the 0" in list_narrative.not_by_risk(listed, PEOPLE.assign(flagged=True), 90)
    assert list_narrative.pays_title(campaign) == (
        "A contact is expected to pay for 0 of 0 customers, and likely to for 0"
    )
    assert plots.at_stake(listed, campaign.break_even, "spend", "title", axes(9, 4)).get_ylim() == pytest.approx(
        (1.0, 90.0)
    )
    assert tables.top(listed, "EUR", 180).empty


def test_where_nobody_can_be_kept_one_sentence_says_so_and_none_is_of_a_plan():
    assert list_narrative.nobody(90) == (
        "Nobody has ordered in the last 90 days, so there is nobody to keep: the list is empty."
    )
    story = (Path(__file__).parents[2] / "notebooks" / "07_customer_value.ipynb").read_text("utf-8")
    before, after = story.split("stage.stop(value.list_narrative.nobody(days))")
    assert not re.findall(r"list_narrative\.(?!to_check)\w+", before)
    assert not re.findall(r"stage\.(?:write|record)\(", after)


def test_the_assumed_save_chance_is_that_of_those_on_the_list_weighed_by_their_risk():
    """Of two to contact, at 60% in the first band (.2) and 20% in the second (.1): (.12 + .02) / .8."""
    people = pd.concat([PEOPLE.head(2)] * 15, ignore_index=True).assign(customer_id=[f"c{n}" for n in range(30)])
    people = people.assign(churn_probability=[0.6, 0.2] * 15, band=[0, 1] * 15)
    assumed = gains.assumed([0.5], [[0.2], [0.1]], [0.01], [100.0], ["0 to 45 days", "46 to 90 days"])
    reach = actions.campaign(people, exact(), assumed, {}, arms.Lot(0.2, 0, "")).reach
    assert reach.assumed == pytest.approx(0.14 / 0.8)
