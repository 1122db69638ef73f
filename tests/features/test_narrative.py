from datetime import date

import numpy as np
import pandas as pd

from patrons.features import narrative

LIMITS = pd.DataFrame(
    {
        "feature": ["order_value", "returns", "gap_days", "orders_7d"],
        "upper": [90.0, np.inf, 30.0, np.inf],
        "clipped": [0.12, 0.0, 0.02, 0.0],
    }
)
DROPPED = pd.DataFrame({"dropped": ["spend_rate", "units"], "kept": ["monetary", "lines"], "correlation": [0.97, 0.99]})


def test_the_number_of_features_and_groups_is_said_and_whether_returns_are_known():
    groups = pd.DataFrame({"group": ["rfm", "basket"], "features": [7, 16]})
    assert narrative.counted(groups, True) == "Each customer is described by 23 features in 2 groups."
    assert narrative.counted(groups, False) == (
        "Each customer is described by 23 features in 2 groups. "
        "The log marks no cancellations, so returns are not among them."
    )


def test_who_todays_customers_are():
    today = pd.DataFrame({"frequency": [1, 1, 3, 9], "recency_days": [10, 20, 30, 40]})
    assert "described. 2 more cancelled all that they ordered. 50%" in narrative.customers(today, 6)
    assert narrative.customers(today, 4) == (
        "4 customers are described. 50% of those described have ordered once, and half have been silent for more "
        "than 25 days."
    )


def test_a_table_says_who_churned_and_not_when():
    assert narrative.churn_of_table(pd.DataFrame({"churned": [1, 0, 0, 0]})) == (
        "25.0% of the customers churned. The table has no dates: it does not say whether an attribute was known "
        "before a customer left, or how long before."
    )


def test_what_clipping_changes():
    assert narrative.clipping(LIMITS) == (
        "Clipping moves extreme values to a limit. It changes 1.0% of the rows of a typical feature, and at most "
        "12.0%, of “order value”. 2 of 4 features, in which half of the rows or more are alike, are left as they are."
    )
    assert narrative.clipping(LIMITS.iloc[[0, 2]]) == (
        "Clipping moves extreme values to a limit. It changes 7.0% of the rows of a typical feature, and at most "
        "12.0%, of “order value”."
    )
    assert narrative.clipping(LIMITS.iloc[[1]]) == "No number lies beyond the limits: nothing is clipped."
    assert narrative.clipping(LIMITS.head(0)) == "No number lies beyond the limits: nothing is clipped."


def test_what_is_left_out_because_it_correlates():
    assert narrative.correlated(DROPPED, 0.95) == (
        "2 features are left out: another one correlates with each beyond 0.95."
    )
    assert narrative.correlated(DROPPED.head(1), 0.95) == (
        "1 feature is left out: another one correlates with it beyond 0.95."
    )
    assert narrative.correlated(DROPPED.head(0), 0.9) == "No two features correlate beyond 0.9: none is left out."


def test_how_many_components_hold_four_fifths_of_the_variance():
    ratios = np.array([0.5, 0.25, 0.15, 0.1])
    assert narrative.needed(ratios) == 3
    assert narrative.components(ratios) == "3 components hold 90% of what varies"


def test_what_models_may_know():
    days = [date(2024, 1, 1), date(2024, 2, 1)]
    assert narrative.decided(130, days) == (
        "Models may know 130 features of a customer, on 2 days from 2024-01-01 to 2024-02-01."
    )
    assert narrative.decided(9, days[:1]) == "Models may know 9 features of a customer, on 2024-01-01."
