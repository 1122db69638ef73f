"""What ``churn.json`` says of today's customers."""

import pandas as pd

from patrons.churn import record


def test_the_flags_of_today_are_counted_by_segment_among_those_who_can_be_kept():
    scored = pd.DataFrame({"customer_id": ["a", "b", "c", "d"], "flagged": [True, False, True, True]})
    scored["churn_probability"] = [0.9, 0.2, 0.6, 0.99]
    kept = pd.Series([True, True, True, False])
    labels = pd.DataFrame({"customer_id": ["d", "c", "b", "a"], "segment": ["Gone", "New", "Loyal", "Loyal"]})
    assert record.of_today(scored, kept, None) == {"today": {"customers": 3, "flagged": 2, "expected": 2}}
    assert record.of_today(scored, kept, labels)["today"]["segments"] == [
        {"segment": "Loyal", "customers": 2, "flagged": 1},
        {"segment": "New", "customers": 1, "flagged": 1},
    ]
