"""Small estimators that a saved churn model is made of: members, their mean, a calibrated one, the base rate."""

import warnings
from collections.abc import Sequence
from threading import Lock
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike
from sklearn.base import BaseEstimator, ClassifierMixin, clone
from sklearn.exceptions import ConvergenceWarning
from sklearn.isotonic import IsotonicRegression
from sklearn.linear_model import LogisticRegression
from sklearn.neural_network import MLPClassifier
from sklearn.utils.validation import check_is_fitted

METHODS = ("sigmoid", "isotonic")
LIBLINEAR = Lock()


def _two_columns(positive: np.ndarray) -> np.ndarray:
    return np.column_stack([1 - positive, positive])


class MeanOf(ClassifierMixin, BaseEstimator):
    """The mean of its members' probabilities of class 1.

    Parameters
    ----------
    members : sequence of classifiers
    views : sequence of (int, int), optional
        For each member the first and the last (exclusive) of the columns that it sees; all unless given.

    Attributes
    ----------
    members_ : list of fitted classifiers
    views_ : list of (int, int)
    centre_ : ndarray of shape (n_features,)
        Means of the training rows: what reasons are measured from. 0 where nothing is known.
    """

    def __init__(self, members: Sequence[ClassifierMixin] = (), views: Sequence[tuple[int, int]] | None = None):
        self.members = members
        self.views = views

    def fit(self, X: ArrayLike, y: ArrayLike) -> Self:
        X = np.asarray(X, dtype=float)
        parts = zip(self.members, self._views(X), strict=True)
        return self._keep([clone(member).fit(X[:, first:last], y) for member, (first, last) in parts], X)

    @classmethod
    def of_fitted(
        cls, members: Sequence[ClassifierMixin], X: ArrayLike, views: Sequence[tuple[int, int]] | None = None
    ) -> Self:
        """The fitted mean of members that are fitted on (their views of) `X` already."""
        return cls(members, views)._keep(members, np.asarray(X, dtype=float))

    def _views(self, X: np.ndarray) -> list[tuple[int, int]]:
        return [(0, X.shape[1])] * len(self.members) if self.views is None else list(self.views)

    def _keep(self, fitted: Sequence[ClassifierMixin], X: np.ndarray) -> Self:
        self.members_, self.views_ = list(fitted), self._views(X)
        known = ~np.isnan(X)
        self.centre_ = np.where(known, X, 0.0).sum(axis=0) / np.maximum(known.sum(axis=0), 1)
        self.classes_ = np.array([0, 1])
        return self

    def predict_proba(self, X: ArrayLike) -> np.ndarray:
        check_is_fitted(self)
        X = np.asarray(X, dtype=float)
        parts = zip(self.members_, self.views_, strict=True)
        return _two_columns(np.mean([member.predict_proba(X[:, a:b])[:, 1] for member, (a, b) in parts], axis=0))

    def predict(self, X: ArrayLike) -> np.ndarray:
        return self.classes_[self.predict_proba(X).argmax(axis=1)]


class Calibrated(ClassifierMixin, BaseEstimator):
    """A fitted classifier whose probabilities are calibrated to observed shares.

    The order of rows stays, apart from ties that may come.

    Parameters
    ----------
    classifier : fitted classifier
    method : {"sigmoid", "isotonic"}
        A logistic curve of the log odds [Platt, 1999], or a rising step function [Zadrozny & Elkan, 2002].
    """

    def __init__(self, classifier: Any = None, method: str = "sigmoid"):
        self.classifier = classifier
        self.method = method

    def fit(self, score: ArrayLike, y: ArrayLike) -> Self:
        """Fit the calibrator on probabilities of class 1 of rows that the classifier was not fitted on."""
        sigmoid = self.method == "sigmoid"
        self.calibrator_ = LogisticRegression(C=1e6) if sigmoid else IsotonicRegression(out_of_bounds="clip")
        self.calibrator_.fit(self._input(score), y)
        self.classes_ = np.array([0, 1])
        return self

    def _input(self, score: ArrayLike) -> np.ndarray:
        clipped = np.clip(np.asarray(score, dtype=float), 1e-6, 1 - 1e-6)
        return np.log(clipped / (1 - clipped))[:, None] if self.method == "sigmoid" else clipped

    def calibrate(self, score: ArrayLike) -> np.ndarray:
        """Calibrated probabilities of class 1."""
        check_is_fitted(self)
        x = self._input(score)
        return self.calibrator_.predict_proba(x)[:, 1] if self.method == "sigmoid" else self.calibrator_.predict(x)

    def predict_proba(self, X: ArrayLike) -> np.ndarray:
        return _two_columns(self.calibrate(self.classifier.predict_proba(X)[:, 1]))

    def predict(self, X: ArrayLike) -> np.ndarray:
        return self.classes_[self.predict_proba(X).argmax(axis=1)]


class Network(MLPClassifier):
    """A neural network that need not converge: training stops after `max_iter` rounds, which keeps it from learning by
    heart, and that is worth no warning.
    """

    def fit(self, X: ArrayLike, y: ArrayLike) -> Self:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            return super().fit(X, y)


class Liblinear(LogisticRegression):
    """A logistic regression that liblinear fits: one fit at a time, even where others go side by side.

    liblinear draws from one sequence of random numbers for the whole process, so fits that share it would come out
    different each time.
    """

    def fit(self, X: ArrayLike, y: ArrayLike) -> Self:
        with LIBLINEAR:
            return super().fit(X, y)


class BaseRate(ClassifierMixin, BaseEstimator):
    """The share that churned, for everyone: the forecast where nothing can be learnt. One outcome is enough."""

    def fit(self, X: ArrayLike | None, y: ArrayLike) -> Self:
        outcomes = np.asarray(y, dtype=float)
        self.rate_ = float(outcomes.mean()) if len(outcomes) else 0.5
        self.classes_ = np.array([0, 1])
        return self

    def predict_proba(self, X: ArrayLike) -> np.ndarray:
        check_is_fitted(self)
        return _two_columns(np.full(np.shape(X)[0], self.rate_))

    def predict(self, X: ArrayLike) -> np.ndarray:
        return self.classes_[self.predict_proba(X).argmax(axis=1)]
