import numpy as np
import pytest
from sklearn.base import clone

from patrons.churn import rules, split
from patrons.churn.rules import UNTUNED
from patrons.evaluation.metrics import roc_auc
from patrons.features.preparation import preparation, split_kinds
from tests.churn.test_split import CUSTOMERS, TABLE

LOG = preparation(*split_kinds(split.inputs(TABLE)))


def test_rules_rank_those_who_churn_higher():
    train, test = split.split(TABLE)
    baselines = rules.baselines(LOG, train, 0)
    assert list(baselines) == ["recency alone", "logistic on RFM", UNTUNED]
    for rule in baselines.values():
        score = split.probability(rule.fit(split.inputs(train), train.churned), split.inputs(test))
        assert roc_auc(test.churned, score) > 0.6


def test_orders_to_expect_are_a_rule_where_the_features_have_them():
    train, _ = split.split(TABLE.assign(expected_orders_90d=1 / TABLE.recency_days))
    assert rules.EXPECTED in rules.baselines(LOG, train, 0)


def test_without_days_the_simplest_rule_is_the_best_attribute():
    train, test = split.split(CUSTOMERS, seed=3)
    baselines = rules.baselines(preparation(["age"], ["plan"]), train, 0)
    assert list(baselines) == ["plan alone", "logistic on three attributes", UNTUNED]
    model = baselines["plan alone"].fit(split.inputs(train), train.churned)
    score = split.probability(model, split.inputs(test))
    assert len(set(score)) == 2  # one for each plan
    assert score[test.plan == "monthly"][0] == pytest.approx(train.churned[train.plan == "monthly"].mean())


def test_histogram_boosting_leaves_out_columns_that_hold_nothing():
    rng = np.random.default_rng(0)
    X = np.column_stack([rng.normal(size=200), np.full(200, np.nan)])
    y = (X[:, 0] > 0).astype(int)
    assert (rules.HistogramBoosting().fit(X, y).predict(X) == y).mean() > 0.95


def test_what_was_seen_is_the_rarer_outcome_of_the_smallest_fold_and_the_signal_of_the_untuned_model():
    train, _ = split.split(TABLE)
    folds = split.folds(train, 3, 5, 0)
    baselines = rules.baselines(LOG, train, 0)
    seen = rules.seen(baselines, train, folds, 500, 0)
    smallest = train.churned.iloc[folds[0][0]]
    assert seen.events == min(smallest.sum(), (1 - smallest).sum())
    assert seen.columns == 4
    X, y = split.inputs(train), train.churned
    of_folds = [
        (y.iloc[val], clone(baselines[UNTUNED]).fit(X.iloc[fit], y.iloc[fit]), X.iloc[val]) for fit, val in folds
    ]
    assert seen.signal == pytest.approx(np.mean([roc_auc(t, split.probability(m, rows)) for t, m, rows in of_folds]))


def test_the_untuned_model_is_no_simple_rule_and_is_fitted_for_the_test_alone():
    train, _ = split.split(TABLE)
    baselines = rules.baselines(LOG, train, 0)
    validated = rules.validated(baselines, train, split.folds(train, 3, 5, 0))
    assert list(validated) == [name for name in baselines if name != UNTUNED]
