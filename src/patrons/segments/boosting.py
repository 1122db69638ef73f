"""Gradient-boosted trees that take labels as they are: XGBoost itself wants them numbered from 0 without a gap."""

import numpy as np
from numpy.typing import ArrayLike
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted, validate_data
from xgboost import XGBClassifier


class BoostedTrees(ClassifierMixin, BaseEstimator):
    """XGBoost (Chen and Guestrin, 2016) for classes of any name.

    Parameters
    ----------
    rounds : int, default=80
        Trees a class.
    depth : int, default=4
        Of a tree.
    learning_rate : float, default=0.2
    columns : float, default=0.3
        Share of the features that a tree may use.
    seed : int, default=0

    Attributes
    ----------
    classes_ : ndarray
    booster_ : XGBClassifier
        Fitted on the classes' numbers. One thread: the same bytes on any machine; folds run side by side instead.
    """

    def __init__(
        self, rounds: int = 80, depth: int = 4, learning_rate: float = 0.2, columns: float = 0.3, seed: int = 0
    ):
        self.rounds = rounds
        self.depth = depth
        self.learning_rate = learning_rate
        self.columns = columns
        self.seed = seed

    def fit(self, X: ArrayLike, y: ArrayLike) -> "BoostedTrees":
        X, y = validate_data(self, X, y)
        check_classification_targets(y)
        self.classes_, codes = np.unique(y, return_inverse=True)
        self.booster_ = XGBClassifier(
            n_estimators=self.rounds,
            max_depth=self.depth,
            learning_rate=self.learning_rate,
            colsample_bytree=self.columns,
            max_bin=64,
            random_state=self.seed,
            n_jobs=1,
        ).fit(X, codes)
        return self

    def predict_proba(self, X: ArrayLike) -> np.ndarray:
        check_is_fitted(self)
        X = validate_data(self, X, reset=False)
        return self.booster_.predict_proba(X)

    def predict(self, X: ArrayLike) -> np.ndarray:
        likeliest = self.predict_proba(X).argmax(axis=1)
        return self.classes_[likeliest]
