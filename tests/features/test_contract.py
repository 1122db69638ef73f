from datetime import date

import numpy as np
import pandas as pd
import pytest

from patrons.errors import FeaturesError
from patrons.features.contract import checked

END = date(2024, 6, 1)


def described(**changed):
    table = pd.DataFrame(
        {
            "customer_id": ["a", "b"],
            "as_of": pd.Timestamp("2024-03-01"),
            "recency_days": [1, 30],
            "tenure_days": [1, 90],
            "frequency": [1, 4],
            "gap_days": [np.nan, 20.0],
            "churned": [0, 1],
            "known_on": pd.Timestamp("2024-05-30"),
        }
    )
    return table.assign(**changed)


def test_a_sound_table_comes_back_as_it_is():
    pd.testing.assert_frame_equal(checked(described(), END), described())
    today = described().drop(columns=["churned", "known_on"])
    assert checked(today, END) is today


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"customer_id": ["a", "a"]}, "1 of 2 rows have the same customer twice"),
        ({"gap_days": [np.inf, 1.0]}, "1 of 2 rows have a number that is infinite"),
        ({"recency_days": [0, 30]}, "a last order on or after the day"),
        ({"tenure_days": [1, 29]}, "a first order after the last"),
        ({"frequency": [1, 0]}, "no order"),
        ({"as_of": pd.Timestamp("2024-06-02")}, "a day of description after the log"),
        ({"churned": [0, 2]}, "neither 0 nor 1"),
        ({"churned": [0, np.nan]}, "neither 0 nor 1"),
        ({"known_on": pd.Timestamp("2024-06-02")}, "before it was known"),
        ({"known_on": pd.Timestamp("2024-03-01")}, "before it was known"),
    ],
)
def test_each_broken_promise_is_named_with_its_rows(changed, message):
    with pytest.raises(FeaturesError, match=message):
        checked(described(**changed), END)


def test_every_broken_promise_is_listed_at_once():
    with pytest.raises(FeaturesError, match=r"infinite.*no order"):
        checked(described(frequency=[0, 1], gap_days=[np.inf, 1.0]), END)
