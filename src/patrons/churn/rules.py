"""What a churn model has to beat: simple rules; and what it must not lose to: histogram boosting that nobody tuned."""

from collections.abc import Mapping

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from sklearn.base import BaseEstimator, ClassifierMixin, clone
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import PowerTransformer
from sklearn.tree import DecisionTreeClassifier
from sklearn.utils.validation import check_is_fitted
from threadpoolctl import threadpool_limits

from patrons.churn.kinds import Seen
from patrons.churn.preprocessing import sample_of_both
from patrons.churn.split import Folds, inputs, probability
from patrons.evaluation.metrics import roc_auc
from patrons.evaluation.threads import one_thread, side_by_side
from patrons.features.panel import OUTCOME, RFM
from patrons.features.preparation import many_valued, only, plain_view
from patrons.intake.attributes import alone

RECENCY, EXPECTED = "recency alone", "expected orders (MBG/NBD)"
UNTUNED = "untuned histogram boosting"


class HistogramBoosting(ClassifierMixin, BaseEstimator):
    """scikit-learn's histogram boosting with its defaults; columns that hold nothing, which it refuses, are left out.

    Parameters
    ----------
    seed : int, default=0

    Attributes
    ----------
    known_ : ndarray of bool of shape (n_features,)
        Columns with a value in at least one row.
    """

    def __init__(self, seed: int = 0):
        self.seed = seed

    def fit(self, X: ArrayLike, y: ArrayLike) -> "HistogramBoosting":
        X = np.asarray(X, dtype=float)
        self.known_ = ~np.isnan(X).all(axis=0)
        with threadpool_limits(1, user_api="openmp"):  # fits go side by side: more threads would wait for each other
            self.model_ = HistGradientBoostingClassifier(random_state=self.seed).fit(X[:, self.known_], y)
        self.classes_ = self.model_.classes_
        return self

    def predict_proba(self, X: ArrayLike) -> np.ndarray:
        check_is_fitted(self)
        return self.model_.predict_proba(np.asarray(X, dtype=float)[:, self.known_])

    def predict(self, X: ArrayLike) -> np.ndarray:
        return self.classes_[self.predict_proba(X).argmax(axis=1)]


def baselines(prepare: ColumnTransformer, train: pd.DataFrame, seed: int) -> dict[str, Pipeline]:
    """Unfitted baselines from raw feature columns to a probability of churn: rules, the simplest first, then `UNTUNED`.

    Of a log: recency alone, the orders to be expected (MBG/NBD, where the features have them), and a logistic
    regression on RFM. Of a table: a small tree on the attribute that predicts churn best by itself on the training rows
    `train`, and a logistic regression on the best three.
    """
    untuned = make_pipeline(plain_view(prepare, many_valued(prepare, train)), HistogramBoosting(seed))
    return {**(_of_log(train) if set(RFM) <= set(train) else _of_table(prepare, train, seed)), UNTUNED: untuned}


def _of_log(train: pd.DataFrame) -> dict[str, Pipeline]:
    expected = [name for name in map(str, train) if name.startswith("expected_orders_")][:1]
    return {
        RECENCY: _logistic(["recency_days"]),
        **({EXPECTED: _logistic(expected)} if expected else {}),
        "logistic on RFM": _logistic(list(RFM)),
    }


def _logistic(columns: list[str]) -> Pipeline:
    chosen = ColumnTransformer([("chosen", PowerTransformer(), columns)])
    return make_pipeline(chosen, LogisticRegression())


def _of_table(prepare: ColumnTransformer, train: pd.DataFrame, seed: int) -> dict[str, Pipeline]:
    best = list(alone(inputs(train), train[OUTCOME], seed).index[:3])
    tree = DecisionTreeClassifier(max_leaf_nodes=8, min_samples_leaf=10, random_state=seed)
    return {
        f"{best[0]} alone": make_pipeline(only(prepare, best[:1]), tree),
        "logistic on three attributes": make_pipeline(only(prepare, best), LogisticRegression(max_iter=1000)),
    }


@one_thread
def validated(baselines: Mapping[str, Pipeline], train: pd.DataFrame, folds: Folds) -> dict[str, np.ndarray]:
    """Of each simple rule the probabilities of the validated rows, fold after fold, fitted on the others.

    `UNTUNED` is none of them: it is fitted on all training rows, to be compared on the test, and not once a fold.
    """
    rules = {name: model for name, model in baselines.items() if name != UNTUNED}
    parts = iter(side_by_side(_validated, [(model, train, *fold) for model in rules.values() for fold in folds]))
    return {name: np.concatenate([next(parts) for _ in folds]) for name in rules}


def _validated(model: Pipeline, train: pd.DataFrame, fit: np.ndarray, val: np.ndarray) -> np.ndarray:
    X, y = inputs(train), train[OUTCOME]
    return probability(clone(model).fit(X.iloc[fit], y.iloc[fit]), X.iloc[val])


@one_thread
def seen(baselines: Mapping[str, Pipeline], train: pd.DataFrame, folds: Folds, rows: int, seed: int) -> Seen:
    """What is known of the rows before a search.

    The signal is the mean ROC AUC of `UNTUNED`, which learns from at most `rows` rows of a fold, as a trial does.
    """
    y, untuned = train[OUTCOME].to_numpy(), baselines[UNTUNED]
    events = min(min(int(y[fit].sum()), int((1 - y[fit]).sum())) for fit, _ in folds)
    calls = [(untuned, train, fit[sample_of_both(y[fit], rows, seed)], val) for fit, val in folds]
    parts = zip(folds, side_by_side(_validated, calls), strict=True)
    signal = np.mean([roc_auc(y[val], part) for (_, val), part in parts])
    return Seen(events, inputs(train).shape[1], float(signal))
