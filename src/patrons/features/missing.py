"""Missing numbers: how they are filled for models that cannot take them, and a flag for what was missing."""

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.experimental import enable_iterative_imputer  # noqa: F401
from sklearn.impute import IterativeImputer, KNNImputer, SimpleImputer
from sklearn.preprocessing import StandardScaler
from sklearn.utils import Tags
from sklearn.utils.validation import _check_feature_names_in, check_is_fitted, validate_data

SIMPLE = ("median", "mean", "most_frequent", "constant")
METHODS = (*SIMPLE, "nearest", "iterative")  # the simpler first
ROWS = 2_000  # among which the nearest are looked for, and that a regression of each column learns from, at most


def imputer(method: str) -> BaseEstimator:
    """An unfitted transformer that fills missing numbers; a column that holds nothing becomes 0.

    `nearest` takes the mean of the five rows that are nearest in what both know, `iterative` regresses each column on
    the others: both want columns on one scale, and learn from at most `ROWS` rows.
    """
    if method in SIMPLE:
        fill = 0.0 if method == "constant" else None
        return SimpleImputer(strategy=method, fill_value=fill, keep_empty_features=True)
    if method == "nearest":
        return NearestImputer(keep_empty_features=True)
    return RegressionImputer(max_iter=5, tol=0.01, n_nearest_features=20, random_state=0, keep_empty_features=True)


class NearestImputer(KNNImputer):
    """scikit-learn's `KNNImputer` that looks for the nearest among at most `ROWS` rows, drawn at random."""

    def fit(self, X: np.ndarray | pd.DataFrame, y: None = None) -> "NearestImputer":
        return super().fit(_some(X))

    def get_feature_names_out(self, input_features: ArrayLike | None = None) -> np.ndarray:
        return _check_feature_names_in(self, input_features)  # columns that hold nothing stay, unlike scikit-learn's


class RegressionImputer(IterativeImputer):
    """scikit-learn's `IterativeImputer` that learns from at most `ROWS` rows, drawn at random."""

    def fit(self, X: np.ndarray | pd.DataFrame, y: None = None, **params: Any) -> "RegressionImputer":
        super().fit_transform(_some(X))
        return self

    def fit_transform(self, X: np.ndarray | pd.DataFrame, y: None = None, **params: Any) -> np.ndarray:
        return self.fit(X).transform(X)


class GapScaler(StandardScaler):
    """scikit-learn's `StandardScaler`, for which a column that holds nothing has mean 0 and variance 1."""

    def fit(self, X: np.ndarray | pd.DataFrame, y: None = None, sample_weight: None = None) -> "GapScaler":
        empty = np.isnan(np.asarray(X, dtype=float)).all(axis=0)
        filled = (
            X.mask(np.broadcast_to(empty, X.shape), 0.0) if isinstance(X, pd.DataFrame) else np.where(empty, 0.0, X)
        )
        return super().fit(filled)


def _some(X: np.ndarray | pd.DataFrame) -> np.ndarray | pd.DataFrame:
    rows = np.sort(np.random.default_rng(0).permutation(len(X))[:ROWS])
    return X.iloc[rows] if isinstance(X, pd.DataFrame) else X[rows]


class MissingFlags(TransformerMixin, BaseEstimator):
    """1 where a number is missing, else 0: a column for each that has gaps; of columns with the same gaps one.

    Attributes
    ----------
    kept_ : ndarray of int of shape (n_flags,)
        The columns that have a flag.
    """

    def fit(self, X: ArrayLike, y: None = None) -> "MissingFlags":
        gaps = np.isnan(validate_data(self, X, dtype=float, ensure_all_finite="allow-nan"))
        some = np.flatnonzero(gaps.any(axis=0) & ~gaps.all(axis=0))
        first = {gaps[:, column].tobytes(): column for column in some[::-1]}
        self.kept_ = np.array(sorted(first.values()), dtype=int)
        return self

    def transform(self, X: ArrayLike) -> np.ndarray:
        check_is_fitted(self)
        values = validate_data(self, X, dtype=float, ensure_all_finite="allow-nan", reset=False)
        return np.isnan(values[:, self.kept_]).astype(float)

    def get_feature_names_out(self, input_features: ArrayLike | None = None) -> np.ndarray:
        check_is_fitted(self)
        names = _check_feature_names_in(self, input_features)[self.kept_]
        return np.array([f"{name}_missing" for name in names], dtype=object)

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        return tags
