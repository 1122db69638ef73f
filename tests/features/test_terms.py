"""Ratios, differences and products of a table's numbers, computed alike for a table and for one row."""

import numpy as np
import pandas as pd
import pytest

from patrons.errors import FeaturesError
from patrons.features import table as attributes
from patrons.features.terms import Term, combined, made_of, terms

TABLE = pd.DataFrame(
    {
        "customer_id": ["a", "b", "c"],
        "TotalCharges": [72.0, 10.0, np.nan],
        "tenure": [6, 0, 3],
        "e-mail age": [1.0, 2.0, 3.0],
        "plan": ["x", "y", "x"],
    }
)
NUMBERS = ["TotalCharges", "tenure", "e-mail age"]


def test_terms_are_computed_by_hand_and_missing_where_a_divisor_is_nought():
    made = terms(["TotalCharges / tenure", "TotalCharges - tenure", "tenure * tenure"], NUMBERS)
    columns = combined(TABLE, made)
    assert columns.TotalCharges_per_tenure.tolist() == pytest.approx([12, np.nan, np.nan], nan_ok=True)
    assert columns.TotalCharges_minus_tenure.tolist() == pytest.approx([66, 10, np.nan], nan_ok=True)
    assert columns.tenure_times_tenure.tolist() == [36, 0, 9]


def test_one_row_has_what_the_table_has():
    term = Term("TotalCharges", "/", "tenure")
    assert [float(term.of(row)) for row in TABLE.to_dict("records")] == pytest.approx(
        combined(TABLE, [term]).TotalCharges_per_tenure.tolist(), nan_ok=True
    )


def test_a_name_may_hold_a_sign_and_blanks():
    assert terms(["TotalCharges  / e-mail  age", "e-mail age - tenure"], NUMBERS) == [
        Term("TotalCharges", "/", "e-mail age"),
        Term("e-mail age", "-", "tenure"),
    ]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("TotalCharges / tenur", "takes 'tenur', which is no number of the table; did you mean 'tenure'?"),
        ("plan * tenure", "takes 'plan', which is no number of the table"),
        ("TotalCharges", "is neither 'a / b', 'a - b' nor 'a \\* b' of two numbers"),
    ],
)
def test_what_is_no_term_is_refused_with_what_was_meant(text, says):
    with pytest.raises(FeaturesError, match=says):
        terms([text], NUMBERS)


def test_the_dictionary_declares_what_is_made():
    made = terms(["TotalCharges / tenure"], NUMBERS)
    rows = attributes.dictionary(combined(TABLE, made), made).set_index("feature")
    assert rows.meaning["TotalCharges_per_tenure"] == "TotalCharges over tenure; missing where that is 0"
    assert rows.group["TotalCharges_per_tenure"] == "interactions"
    assert list(rows.index) == ["TotalCharges", "tenure", "e-mail age", "plan", "TotalCharges_per_tenure"]


@pytest.mark.parametrize(
    ("interactions", "numbers", "columns"),
    [
        (["a / b"], ["a", "b"], ["a", "b", "a_per_b"]),
        (["a / b_per_c", "a_per_b / c"], ["a", "a_per_b", "b_per_c", "c"], []),
    ],
)
def test_two_columns_of_one_name_are_refused(interactions, numbers, columns):
    with pytest.raises(FeaturesError, match="Two columns would have the name"):
        terms(interactions, numbers, columns)


def test_what_is_made_of_a_column_that_is_left_out_is_known():
    table = pd.DataFrame(columns=["a", "b", "c", "a_per_b", "c_minus_a", "b_times_c"])
    assert made_of(table, ["a_per_b", "c_minus_a", "b_times_c"], ["a", "winter_share"]) == ["a_per_b", "c_minus_a"]
