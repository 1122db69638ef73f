import numpy as np
import pandas as pd
import pytest

from patrons.churn import wording

DICTIONARY = pd.DataFrame(
    [
        ("recency_days", "rfm", "days", "since the last order"),
        ("frequency", "rfm", "orders", "since the first order"),
        ("order_rate", "rfm", "orders in 30 days", "mean orders in 30 days since the first order"),
        ("spend_rate", "rfm", "EUR in 30 days", "mean spend in 30 days"),
        ("gap_min", "rhythm", "days", "shortest time between orders; missing for one"),
        ("orders_7d", "windows", "orders", "orders in the last 7 days"),
        ("spend_7d", "windows", "EUR", "spent in the last 7 days"),
        ("recency_share", "rfm", "share of tenure", "of their time as a customer has passed since the last order"),
        ("plan", "attributes", "category or number", "as the customer table has it"),
        ("silence_to_gap", "rhythm", "ratio", "silence since the last order over the mean gap; missing for one day"),
        ("silence_to_longest", "rhythm", "ratio", "silence over the longest gap; above 1 is new"),
        ("silence_excess", "rhythm", "days", "silence beyond the mean gap; missing for one day of orders"),
        ("order_value_std", "value", "EUR", "standard deviation of order values; missing for one order"),
        ("peak_share", "windows", "share", "orders in the peak season (November, December)"),
        ("joined", "number", "days before 2024-06-30", "0 to 900, half of them under 300"),
    ],
    columns=["feature", "group", "unit", "meaning"],
)


@pytest.mark.parametrize(
    ("feature", "value", "phrase"),
    [
        ("recency_days", 143, "no order for 143 days"),
        ("recency_days", 1, "no order for 1 day"),
        ("frequency", 2.0, "2 orders since the first order"),
        ("frequency", 1.0, "1 order since the first order"),
        ("order_rate", 1.04, "mean orders in 30 days since the first order: 1 order in 30 days"),
        ("spend_rate", 1.0, "mean spend in 30 days: 1 EUR in 30 days"),
        ("gap_min", 1.0, "shortest time between orders: 1 day"),
        ("orders_7d", 3.0, "3 orders in the last 7 days"),
        ("orders_7d", 1.0, "1 order in the last 7 days"),
        ("spend_7d", 12.5, "12 EUR spent in the last 7 days"),
        ("recency_share", 0.05, "5% of their time as a customer has passed since the last order"),
        ("silence_to_gap", 5.62, "silent for 5.6 times the usual gap between their orders"),
        ("silence_to_gap", np.nan, "no second order yet"),
        ("silence_to_longest", 2.0, "silent for 2 times the longest gap between their orders"),
        ("silence_excess", 30.4, "30 days past the usual gap between their orders"),
        ("silence_excess", -1.0, "1 day before the usual gap between their orders has passed"),
        ("silence_excess", np.nan, "no second order yet"),
        ("order_value_std", 84.6, "order values that vary by 85 EUR"),
        ("order_value_std", np.nan, "standard deviation of order values: none known"),
        ("peak_share", 1.0, "have ordered only in the peak season (November, December) so far"),
        ("peak_share", 0.5, "50% of their orders in the peak season (November, December)"),
        ("plan", "gold", "plan: gold"),
        ("plan", np.nan, "plan: not known"),
        ("joined", 300.0, "joined: 300 days before 2024-06-30"),
        ("joined", 1.0, "joined: 1 day before 2024-06-30"),
        ("joined", -20.0, "joined: 20 days after 2024-06-30"),
        ("joined", np.nan, "joined: not known"),
    ],
)
def test_a_feature_is_phrased_in_the_words_of_the_dictionary(feature, value, phrase):
    assert wording.phrase(feature, value, wording.entries(DICTIONARY)) == phrase


def test_what_is_next_to_nothing_is_nothing():
    assert wording.phrase("charges", 3.2e-05, {}) == "charges: 0"
    assert wording.phrase("charges", -0.004, {}) == "charges: 0"
    assert wording.phrase("charges", 0.012, {}) == "charges: 0.012"


def test_reasons_are_of_different_groups_and_explain_the_side_on_which_the_customer_is():
    texts = wording.Wording(["recency_days", "frequency", "plan"], DICTIONARY).texts
    added = np.array([[0.3, 0.2, 0.1], [-0.3, 0.1, -0.1]])
    rows = pd.DataFrame({"recency_days": [40, 2], "frequency": [1, 5], "plan": ["gold", "free"]})
    assert texts(added, rows).tolist() == [
        [
            "raises the risk: no order for 40 days",
            "raises the risk: plan: gold",
            "",
        ],  # frequency is of the group of recency
        ["lowers the risk: no order for 2 days", "lowers the risk: plan: free", ""],
    ]


def test_one_customer_has_the_texts_that_a_table_has_also_of_no_reason_and_of_missing_values():
    words = wording.Wording(["recency_days", "frequency", "plan", "joined"], DICTIONARY)
    added = np.array([[0.3, 0.2, 0.1, 0.2], [-0.3, 0.1, -0.1, 0.4], [0.1, 0.3, -0.9, -0.2], [0.0, 0.0, 0.0, 0.0]])
    rows = pd.DataFrame(
        {"recency_days": [40, np.nan, 1, -0.0], "frequency": 2.0, "plan": ["gold", None, "a", "b"], "joined": 30.0}
    )
    ones = [words.of_one(part, row) for part, row in zip(added, rows.to_dict("records"), strict=True)]
    assert words.texts(added, rows).tolist() == ones
    assert ones[3] == ["", "", ""]


def test_what_raises_the_risk_is_told_of_those_too_whose_reasons_lower_it():
    words = wording.Wording(["recency_days", "frequency", "plan"], DICTIONARY)
    rows = pd.DataFrame({"recency_days": [40, 2, 2], "frequency": [1, 5, 5], "plan": ["gold", "free", "free"]})
    # the second leans to staying, by 0.3 of recency, and its plan speaks against it; the third has nothing that raises
    added = np.array([[0.3, 0.2, 0.1], [-0.3, 0.1, 0.1], [-0.3, 0.1, -0.1]])
    assert words.texts(added, rows)[1, 0] == "lowers the risk: no order for 2 days"
    assert words.raising(added, rows).tolist() == [
        "raises the risk: no order for 40 days",
        "raises the risk: plan: free",
        "",
    ]
    assert wording.Wording([], DICTIONARY).raising(np.zeros((2, 0)), rows.head(2)).tolist() == ["", ""]
