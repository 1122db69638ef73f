import numpy as np
import pandas as pd
import pytest

from patrons.churn import thresholds

DAY = pd.Timestamp("2024-06-01")
ROWS = pd.DataFrame(
    {"churned": [1, 0, 1, 0, 1, 1], "score": [0.9, 0.3, 0.4, 0.1, 0.95, 0.99], "recency_days": [9, 9, 90, 90, 91, 400]}
)
LOG = ROWS.assign(as_of=DAY, known_on=DAY + pd.Timedelta(days=90))


def test_the_recall_of_a_log_is_that_of_those_who_could_be_kept():
    """Two of the four who churned could be kept, with .9 and .4: the long silent do not raise the threshold."""
    assert thresholds.found(LOG, 1.0, None) == {"recall": 0.4}
    assert thresholds.found(LOG, 0.5, None) == {"recall": 0.9}
    assert thresholds.found(ROWS, 0.5, None) == {"recall": 0.95}  # of a table everyone counts
    assert thresholds.found(LOG[4:], 0.5, None) == {"recall": 0.99}  # nobody could: all of them


def test_a_table_has_a_threshold_by_profit_and_a_log_has_none():
    profit = thresholds.curve(ROWS, value=10, cost=4, chance=0.5)  # a contact pays where 4 of 5 churn
    assert thresholds.found(ROWS, 0.5, profit)["profit"] == 0.4
    assert thresholds.curve(LOG, 10, 4, 0.5) is None
    assert np.isclose(profit.gain.max(), (4 * 5 - 4 * 4) / 6)


def test_a_log_cannot_be_flagged_by_profit():
    thresholds.refuse("recall", LOG)
    thresholds.refuse("profit", ROWS)
    with pytest.raises(thresholds.FlagError, match=r"07 weighs the gain of a contact.*Leave flag_by: recall"):
        thresholds.refuse("profit", LOG)
