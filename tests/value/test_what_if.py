"""The list under other assumptions: the same as 07's where nothing was changed, and by hand where something was."""

import numpy as np
import pandas as pd
import pytest

from patrons.value import actions, arms, gains, spread, what_if

ADVICE = {"Loyal": "thank them"}
PRICES = gains.assumed([0.5], [[0.2], [0.1]], [2.0], [100.0], ["0 to 45 days", "46 to 90 days"])


def customers(count=3):
    rows = {
        "customer_id": [f"c{place}" for place in range(count)],
        "segment": "Loyal",
        "churn_probability": 0.5,
        "value": [100.0 - place for place in range(count)],
        "value_if_kept": [100.0 - place for place in range(count)],
        "value_if_lost": 0.0,
        "band": 0,
        "ratio": 1.0,
        "reason_1": "",
        "reason_2": "",
        "reason_3": "",
    }
    return pd.DataFrame(rows)


def test_with_the_assumptions_of_before_list_and_plan_are_those_of_before():
    rng = np.random.default_rng(0)
    forecast = spread.Spread(np.array([80.0]), rng.uniform(0.5, 2, (2, 500)), np.array([40, 40]), 0.1)
    lot, happened = arms.Lot(0.2, 7, "2025-12-24"), rng.uniform(0.5, 1, 500)
    assumed = gains.assumed([0.2, 0.3, 0.4], [[0.2, 0.3, 0.4], [0.1, 0.2, 0.3]], [1, 2, 4], [90], ["a", "b"])
    first = actions.campaign(customers(60), forecast, assumed, ADVICE, lot, 0.4, happened)
    again = what_if.kept(customers(60), forecast, lot, 0.4, happened)
    tried = what_if.tried(again, first.listed, what_if.moved(assumed, {what_if.MARGIN: 0.3}), ADVICE)
    assert (first.listed.arm == arms.HOLD_OUT).sum() > 0
    assert tried.plan == pytest.approx(first.plan)
    pd.testing.assert_frame_equal(tried.listed, first.listed)
    pd.testing.assert_frame_equal(tried.curve, first.curve)


def test_twice_the_save_chance_brings_twice_as_much_before_the_cost():
    again = what_if.kept(customers(), spread.exact(), arms.Lot(0, 1, ""))
    listed = customers().assign(arm="")
    before = what_if.tried(again, listed, PRICES, ADVICE).listed
    after = what_if.tried(again, listed, what_if.moved(PRICES, {what_if.SAVES: 0.4}), ADVICE).listed
    assert before.expected_gain[0] == pytest.approx(0.5 * 0.2 * 0.5 * 100 - 2)  # 3
    assert after.expected_gain[0] == pytest.approx(0.5 * 0.4 * 0.5 * 100 - 2)  # 8


def test_a_dearer_contact_pays_for_fewer():
    again = what_if.kept(customers(), spread.exact(), arms.Lot(0, 1, ""))
    dear = what_if.moved(PRICES, {what_if.COST: 4.96})  # c0 brings 5, c1 4.95, c2 4.9
    assert what_if.tried(again, customers().assign(arm=""), dear, ADVICE).pays == 1


def test_other_likely_values_move_their_ranges_along_and_shares_stay_below_one():
    assumed = gains.assumed([0.25, 0.5, 0.75], [[0.1, 0.2, 0.4], [0.05, 0.1, 0.2]], [1, 2, 4], [9], ["a", "b"])
    moved = what_if.moved(assumed, {what_if.MARGIN: 0.8, what_if.SAVES: 0.1, what_if.COST: 3}).set_index("assumption")
    assert moved.loc["margin rate"].tolist() == pytest.approx([0.4, 0.8, 1.0])  # 1.2 would be more than all of it
    assert moved.loc["chance that a contact saves, after b"].tolist() == pytest.approx([0.025, 0.05, 0.1])
    assert moved.loc["cost of a contact"].tolist() == pytest.approx([1.5, 3, 6])
    assert moved.loc["budget"].tolist() == [9, 9, 9]
    free = what_if.moved(gains.assumed([0.5], [[0.2]], [0.0], [9]), {what_if.COST: 1.5})
    assert free.loc[2, ["low", "likely", "high"]].tolist() == [1.5, 1.5, 1.5]


def test_what_was_tried_is_told_as_lines_of_a_params_file():
    assert what_if.as_params(what_if.moved(PRICES, {what_if.MARGIN: 0.25})) == (
        "07_customer_value:\n  margin_rate: [0.25, 0.25, 0.25]\n  save_chance: [[0.2, 0.2, 0.2], [0.1, 0.1, 0.1]]\n"
        "  contact_cost: [2.0, 2.0, 2.0]\n"
    )
