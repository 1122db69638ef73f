"""Values that models cannot compute with are told by the feature that has them."""

import math

import pandas as pd
import pytest

from patrons.scoring.beyond import BEYOND, explain, explained, typical
from patrons.scoring.rows import CATEGORY, NUMBER, Feature

FEATURES = [
    Feature("days", NUMBER, True, example=30.0, low=1.0, high=365.0),
    Feature("spend", NUMBER, True, example=100.0, low=10.0, high=1000.0),
    Feature("orders", NUMBER, False, example=3.0, low=1.0, high=20.0),
    Feature("land", CATEGORY, False, example="NL", values=["NL"]),
]
USUAL = typical(FEATURES)
HINT = f"{BEYOND}: look for one that is far too large or negative"


def answer(row):
    """A model of logarithms: None of what is negative, and of days beyond a million."""
    return (
        None if row["days"] < 0 or row["spend"] < 0 or row["days"] > 1e6 or row["land"] == "broken" else {"churn": 0.5}
    )


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ({"days": -5.0}, "days is -5, in training 1 to 365"),
        ({"days": 1e14, "orders": 1e9}, "days is 1e+14, in training 1 to 365"),  # orders is odd, and does no harm
        ({"spend": -1e6, "days": -1.0}, "spend is -1e+06, in training 10 to 1,000; days is -1, in training 1 to 365"),
        ({"spend": -2.0, "orders": math.nan}, "spend is -2, in training 10 to 1,000"),
    ],
)
def test_the_features_in_the_way_are_named_with_what_was_usual(values, reason):
    assert explained({**USUAL, **values}, FEATURES, answer) == f"{BEYOND}: {reason}"


def test_nobody_is_blamed_where_usual_values_would_not_do_either():
    assert explained({**USUAL, "land": "broken", "days": 500.0}, FEATURES, answer) == HINT
    assert explained({**USUAL, "land": "broken"}, FEATURES, answer) == HINT


def test_rows_of_a_table_are_explained_and_others_left_alone():
    inputs = pd.DataFrame([USUAL, {**USUAL, "days": -5.0}, USUAL])
    answers = pd.DataFrame({"error": [None, BEYOND, "other"]}, dtype=object)
    errors = list(explain(answers, inputs, FEATURES, answer).error)
    assert errors == [None, f"{BEYOND}: days is -5, in training 1 to 365", "other"]
