import numpy as np
import pandas as pd
import pytest

from patrons.churn import tables
from patrons.churn.kinds import BOOSTING, LOGISTIC, MEAN
from patrons.churn.search import SearchResult
from patrons.evaluation.metrics import Interval
from tests.churn.test_narrative import DAY, EARLIER, LOG, TABLE, assessed


def test_the_rows_used_are_counted_by_day_where_there_are_days():
    assert tables.rows_used(EARLIER, LOG).to_numpy().tolist() == [
        ["training", pd.Timestamp("2024-01-01").date(), 2, 0.5],
        ["test", DAY.date(), 2, 0.5],
    ]
    assert tables.rows_used(TABLE[:3], TABLE[3:]).to_numpy().tolist() == [
        ["training", 3, pytest.approx(1 / 3)],
        ["test", 1, 0.0],
    ]


def test_folds_are_named_by_their_day_or_their_number():
    assert tables.fold_names(pd.concat([EARLIER.assign(fold=0), LOG.assign(fold=1)])) == ["2024-01-01", "2024-06-01"]
    assert tables.fold_names(TABLE.assign(fold=[0, 0, 1, 1])) == ["1", "2"]


def test_models_are_listed_the_simplest_first_with_what_the_best_gains_over_them():
    scores = pd.DataFrame({0: {BOOSTING: 0.8, MEAN: 0.82, LOGISTIC: 0.7}})
    gains = {BOOSTING: Interval(0.0002, -0.0005, 0.001), LOGISTIC: Interval(0.12, 0.1, 0.14)}
    settings = {LOGISTIC: {"c": 0.1}, BOOSTING: {"depth": 3}}
    result = SearchResult(settings, pd.DataFrame(), pd.DataFrame(), scores, (LOGISTIC, BOOSTING), gains)
    assert tables.models(result).to_numpy().tolist() == [
        [LOGISTIC, "c 0.1", "yes", 0.7, "0.120 [0.100, 0.140]", ""],
        [BOOSTING, "depth 3", "yes", 0.8, "0.000 [-0.001, 0.001]", "yes"],
        [MEAN, "", "", 0.82, "", ""],
    ]


def test_a_threshold_is_judged_by_what_it_flags():
    limits = {"recall": 0.65, "profit": 0.65}
    (row, _) = tables.thresholds(limits, assessed([True] * 4), value=10, cost=1, chance=0.5).to_dict("records")
    assert row == {
        "serves": "recall", "threshold": 0.65, "warned of": 0.5, "spotted (recall)": 0.5,
        "warnings right (precision)": 0.5, "accuracy": 0.5,
        "F1": 0.5, "gain a customer": 0.75,  # one of two churners is worth .5 x 10, two contacts cost 2, of 4 customers
    }  # fmt: skip
    assert "gain a customer" not in tables.thresholds({"recall": 0.65}, assessed([True] * 4), 10, 1, 0.5)


def test_segments_are_in_order_of_churn_and_small_ones_are_left_out():
    truth, score = np.array([1, 0, 1, 1, 0]), np.array([0.5, 0.3, 0.9, 0.7, 0.1])
    table = tables.by_segment(truth, score, np.array(["a", "a", "b", "b", "c"]), least=2)
    assert table.index.tolist() == ["b", "a"]
    assert table.customers.tolist() == [2, 2]
    assert table.forecast.tolist() == pytest.approx([0.8, 0.4])
    assert table.value.tolist() == [1.0, 0.5]
    assert (table.low <= table.value).all()
    assert (table.value <= table.high).all()


def test_the_leaderboard_shows_each_score_with_its_interval():
    board = tables.leaderboard({"trees": {"roc_auc": Interval(0.8, 0.7, 0.9)}})
    assert board.to_dict("records") == [{"model": "trees", "roc auc": "0.800 [0.700, 0.900]"}]
