import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import cross_val_score

from patrons.churn.splitter import SnapshotSplit

DAYS = pd.date_range("2024-01-01", periods=10, freq="30D")
AS_OF = np.repeat(DAYS, 2)


def test_training_rows_whose_label_window_reaches_into_validation_are_dropped():
    for fit, val in SnapshotSplit(3, 90).split(AS_OF, groups=AS_OF):
        assert (AS_OF[fit] + pd.Timedelta(days=90)).max() <= AS_OF[val].min()
        assert len(set(AS_OF[val])) == 1


def test_origins_are_a_horizon_apart_where_the_days_allow():
    assert SnapshotSplit(2, 90).origins(AS_OF) == [DAYS[6], DAYS[9]]
    assert SnapshotSplit(3, 90).origins(AS_OF) == [DAYS[3], DAYS[6], DAYS[9]]
    assert SnapshotSplit(4, 90).origins(AS_OF) == [DAYS[6], DAYS[7], DAYS[8], DAYS[9]]  # else the latest


def test_it_serves_scikit_learn_as_a_splitter():
    X, y = np.random.default_rng(0).normal(size=(20, 2)), np.tile([0, 1], 10)
    assert len(cross_val_score(LogisticRegression(), X, y, cv=SnapshotSplit(3, 90), groups=AS_OF)) == 3
    assert SnapshotSplit(3, 90).get_n_splits() == 3
    assert SnapshotSplit(9, 90).get_n_splits(groups=AS_OF) == 7


def test_days_that_lack_are_an_error_and_too_few_give_no_pair():
    with pytest.raises(ValueError, match="needs groups"):
        list(SnapshotSplit().split(AS_OF))
    assert list(SnapshotSplit(3, 400).split(AS_OF, groups=AS_OF)) == []
