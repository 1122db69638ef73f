"""Ways to fill missing numbers, compared where asked for."""

import numpy as np
import pandas as pd
import pytest

from patrons.churn import imputation, narrative
from patrons.features.preparation import preparation

RNG = np.random.default_rng(0)


@pytest.fixture(scope="module")
def rows():
    """Two columns that say the same, one of them with gaps: only a look at the other fills these well."""
    x = RNG.normal(size=900)
    table = pd.DataFrame({"a": x, "b": x + RNG.normal(0, 0.05, 900), "noise": RNG.normal(size=900)})
    table["churned"] = (RNG.random(900) < 1 / (1 + np.exp(-3 * x))).astype(int)
    table.loc[RNG.random(900) < 0.5, "a"] = np.nan
    table.loc[RNG.random(900) < 0.5, "b"] = np.nan
    return table


def folds(rows):
    return [(np.arange(len(rows)) % 3 != part, np.flatnonzero(np.arange(len(rows)) % 3 == part)) for part in range(3)]


def test_nothing_asked_for_changes_nothing(rows):
    prepare = preparation(["a", "b", "noise"], [])
    same, ways = imputation.compare(rows, [], prepare, [], 7000, 0)
    assert same is prepare
    assert ways.empty


def test_the_best_way_is_kept_and_the_simpler_of_equals(rows):
    pairs = [(np.flatnonzero(fit), val) for fit, val in folds(rows)]
    prepare = preparation(["a", "b", "noise"], [])
    _, ways = imputation.compare(rows, pairs, prepare, ["iterative", "median", "constant"], 7000, 0)
    assert sorted(ways.imputation) == ["constant", "iterative", "median"]
    scores = ways.set_index("imputation").roc_auc
    assert scores["iterative"] > scores["median"] + 0.005
    assert ways.imputation[0] == "iterative"
    full = rows.fillna(0)
    _, equal = imputation.compare(full, pairs, prepare, ["iterative", "median"], 7000, 0)
    assert equal.imputation[0] == "median"  # where nothing is missing all are the same


def test_the_sentence():
    ways = pd.DataFrame({"imputation": ["most_frequent", "median"], "roc_auc": [0.8123, 0.8011]})
    assert narrative.imputed(ways) == (
        "Missing numbers are filled by most frequent. With that a logistic regression reaches a ROC AUC of 0.812 on "
        "validated rows (median 0.801)."
    )
