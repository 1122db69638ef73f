"""What ``churn.json`` says of today's customers."""

import pandas as pd

from patrons.churn import customers, record
from patrons.churn.origins import Tried


def test_the_flags_of_today_are_counted_by_segment_among_those_who_can_be_kept():
    scored = pd.DataFrame({"customer_id": ["a", "b", "c", "d"], "flagged": [True, False, True, True]})
    scored["churn_probability"] = [0.9, 0.2, 0.6, 0.99]
    kept = pd.Series([True, True, True, False])
    labels = pd.DataFrame({"customer_id": ["d", "c", "b", "a"], "segment": ["Gone", "New", "Loyal", "Loyal"]})
    counts = {"customers": 3, "flagged": 2, "expected": 2, "expected_range": None}
    assert record.of_today(scored, kept, None, Tried([], None)) == {"today": counts}
    assert record.of_today(scored, kept, labels, Tried([], None))["today"]["segments"] == [
        {"segment": "Loyal", "customers": 2, "flagged": 1},
        {"segment": "New", "customers": 1, "flagged": 1},
    ]


def test_how_few_and_how_many_it_may_be_is_as_wide_as_days_differed():
    scored = pd.DataFrame({"churn_probability": [0.5] * 100})
    assert customers.expected_range(scored, 0.0, 6) is None
    # of 6 days the 97.5% quantile of t is 2.447: expit(-2.447 * 0.5) = 0.227
    assert customers.expected_range(scored, 0.5, 6) == (23, 77)
    assert customers.expected_range(scored, 0.5, 1000) == (27, 73)
    sure = pd.DataFrame({"churn_probability": [0.0, 1.0, None]})
    assert customers.expected_range(sure, 0.5, 6) == (1, 1)
    assert customers.expected_range(sure, 0.5, 1) is customers.expected_range(sure[:0], 0.5, 6) is None
