import numpy as np
import pandas as pd
import pytest

from patrons.churn import narrative as churn_words
from patrons.evaluation import metrics as evaluation
from patrons.evaluation import scores
from patrons.evaluation.metrics import Interval

DAY, KNOWN = pd.Timestamp("2024-06-01"), pd.Timestamp("2024-08-30")
LOG = pd.DataFrame({"customer_id": ["a", "b"], "as_of": DAY, "known_on": KNOWN, "churned": [1, 0]})
EARLIER = LOG.assign(as_of=pd.Timestamp("2024-01-01"), known_on=pd.Timestamp("2024-03-31"))
TABLE = pd.DataFrame({"customer_id": list("abcd"), "group": range(4), "churned": [1, 0, 0, 0]})
TRAIN, TEST = TABLE[:3], TABLE[3:]


def test_a_log_is_spoken_of_by_its_days():
    words = churn_words.words(EARLIER, LOG)
    assert (words.test, words.by) == ("the test day 2024-06-01", " by 2024-08-30")
    assert words.current == "customers who ordered in the last 90 days"


def test_a_table_is_spoken_of_without_days():
    words = churn_words.words(TRAIN, TEST)
    assert (words.test, words.by, words.stayed) == ("the held-out customers", "", "stayed")
    assert "25% of the customers" in words.split
    assert not any("day " in part or "order" in part for part in words if part != words.split)


def test_the_rows_used_are_counted_by_day_where_there_are_days():
    assert churn_words.rows_used(EARLIER, LOG).to_numpy().tolist() == [
        ["training", pd.Timestamp("2024-01-01").date(), 2, 0.5],
        ["test", DAY.date(), 2, 0.5],
    ]
    assert churn_words.rows_used(TRAIN, TEST).to_numpy().tolist() == [
        ["training", 3, pytest.approx(1 / 3)],
        ["test", 1, 0.0],
    ]


def test_customers_of_a_table_are_scored_by_a_model_that_has_not_seen_their_outcome():
    said = pd.Series([0.9, 0.8, 0.7, 0.6], list("abcd"))
    validation = pd.DataFrame({"customer_id": list("cab"), "forest": [0.3, 0.1, 0.2]})
    assert churn_words.unseen(said, TEST, validation, "forest").tolist() == [0.1, 0.2, 0.3, 0.6]
    assert churn_words.unseen(said, LOG, validation, "forest").equals(said)


def test_those_who_can_be_kept_ordered_lately_or_have_not_churned():
    today = pd.DataFrame({"customer_id": list("abcd"), "recency_days": [1, 90, 91, 400]})
    assert churn_words.can_be_kept(today, EARLIER, LOG).tolist() == [True, True, False, False]
    assert churn_words.can_be_kept(today, TRAIN, TEST).tolist() == [False, True, True, True]


def test_a_chosen_model_that_is_worse_is_said_to_be_worse():
    assert churn_words.winner(Interval(0.01, 0.002, 0.02)) == ""
    assert "no significant winner" in churn_words.winner(Interval(0.01, -0.01, 0.02))
    assert "The choice stays" in churn_words.winner(Interval(-0.01, -0.02, -0.005))
    assert churn_words.compared("a", "b", Interval(-0.01, -0.02, -0.005)).startswith("a is worse than b (-0.010")
    assert churn_words.compared("trees", "b", Interval(-0.01, -0.02, -0.005)).startswith("trees are worse than b (")
    assert churn_words.compared("a", "b", Interval(0, -0.1, 0.1)).startswith("a cannot be told apart from b (")


def test_without_active_customers_nothing_is_said_to_be_measured_of_them():
    words = churn_words.words(EARLIER, LOG)
    none = np.array([])
    auc = scores.intervals(scores.RANKING, none, none)["roc_auc"]
    said = churn_words.of_the_active(words, auc, evaluation.at_threshold(none, none, 0.5), 0.0, 0)
    assert said.startswith("None of the test rows")
    assert "nan" not in said
