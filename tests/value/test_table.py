import numpy as np
import pandas as pd
import pytest

from patrons.value import actions, gains, record, spread, table
from patrons.value.arms import Lot

FEATURES = pd.DataFrame({"customer_id": ["a", "b", "c"], "charge": [10.0, 20.0, 50.0]})
PANEL = pd.DataFrame({"customer_id": ["c", "a", "b"], "churned": [0, 0, 1]})
SEGMENT = pd.Series(["High", "Low"], ["c", "a"])
SCORES = pd.DataFrame({"customer_id": ["a", "b", "c"], "churn_probability": [0.8, 0.9, 0.5]}).assign(
    reason_1="", reason_2="", reason_3=""
)
ASSUMED = gains.assumed([0.5], [[0.2]], [3.0], [3.0])  # a contact brings a tenth of what is at stake, and one is paid


def campaign(spend):
    here = table.still_here(FEATURES, PANEL)
    candidates = table.at_stake(actions.candidates(table.values(here, spend, 6.0), SEGMENT, SCORES))
    return candidates, actions.campaign(candidates, spread.exact(), ASSUMED, {"High": "call"}, Lot(0.2, 0, ""))


def test_who_has_churned_is_left_out_and_value_is_what_is_paid_times_the_periods():
    candidates, _ = campaign("charge")
    assert candidates.customer_id.tolist() == ["a", "c"]
    assert candidates.value.tolist() == [60.0, 300.0]
    assert table.totals(candidates).value.to_dict() == {"High": 300.0, "Low": 60.0}


def test_the_campaign_contacts_as_many_as_pay_within_the_budget():
    _, result = campaign("charge")  # at stake: 48 and 150, so gains of 1.8 and 12
    assert (result.pays, result.affordable) == (2, 1)
    assert result.plan == pytest.approx((1, 3.0, 12.0, 12.0, 12.0))
    assert result.break_even[0] == pytest.approx((30.0, 30.0, 30.0))
    assert result.listed.suggested_action.tolist() == ["contact: call", "not within the budget"]
    assert result.curve.gain.round(6).tolist() == [0.0, 12.0, 13.8]


def test_without_values_the_list_is_by_churn_probability_and_the_record_says_what_was_assumed():
    candidates, result = campaign("")
    assert result.listed.customer_id.tolist() == ["a", "c"]
    assert (result.pays, result.plan.contacts) == (0, 0)
    assert np.isnan(result.listed.value).all()
    summary = record.of_table("", 180, table.totals(candidates), result.plan, ASSUMED)
    assert summary == {"spend": None, "assumptions": ASSUMED.to_dict("records")}


def test_the_assumptions_are_listed_as_low_likely_and_high():
    rows = gains.assumed([0.2, 0.4], [[0.1]], [1, 2, 6], [100.0]).set_index("assumption")
    assert rows.loc["margin rate"].tolist() == pytest.approx([0.2, 0.3, 0.4])
    assert rows.loc["cost of a contact"].tolist() == [1.0, 2.0, 6.0]
