"""Fewer columns: drop what another column says already, keep the most informative. Fitted on training rows."""

from collections.abc import Iterable, Sequence

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.ensemble import ExtraTreesClassifier
from sklearn.feature_selection import SelectorMixin
from sklearn.utils import Tags
from sklearn.utils.validation import _check_feature_names_in, check_is_fitted, validate_data


class CorrelationFilter(SelectorMixin, BaseEstimator):
    """Drop each column that correlates with an earlier kept one beyond a limit.

    Columns are taken in their order, so list first what should stay. A constant column correlates with nothing.

    Parameters
    ----------
    limit : float, default=0.95
        Largest absolute correlation (Pearson) that two kept columns may have; 1 keeps all.

    Attributes
    ----------
    support_ : ndarray of bool of shape (n_features,)
        What is kept.
    stands_for_ : ndarray of int of shape (n_features,)
        For each column the kept one that stands for it: itself where it is kept.
    correlation_ : ndarray of shape (n_features,)
        Its correlation with that one.
    """

    def __init__(self, limit: float = 0.95):
        self.limit = limit

    def fit(self, X: ArrayLike, y: None = None) -> "CorrelationFilter":
        values: np.ndarray = validate_data(self, X, dtype=float)
        columns = np.arange(values.shape[1])
        correlation = _correlation(values)
        self.support_ = np.zeros(len(columns), dtype=bool)
        self.stands_for_ = columns.copy()
        for column, row in enumerate(np.abs(correlation)):
            kept = np.flatnonzero(self.support_)
            closest = kept[row[kept].argmax()] if len(kept) else column
            if closest != column and row[closest] > self.limit:
                self.stands_for_[column] = closest
            else:
                self.support_[column] = True
        self.correlation_ = correlation[columns, self.stands_for_]
        return self

    def _get_support_mask(self) -> np.ndarray:
        check_is_fitted(self)
        return self.support_


def _correlation(X: np.ndarray) -> np.ndarray:
    """Pearson correlation of columns; 0 with a constant one, 1 with itself."""
    centred = X - X.mean(axis=0)
    length = np.sqrt((centred**2).sum(axis=0))
    constant = length <= 1e-12 * np.sqrt(len(X)) * np.abs(X).max(axis=0)
    scaled = np.where(constant, 0.0, centred / np.where(constant, 1.0, length))
    correlation = np.clip(scaled.T @ scaled, -1.0, 1.0)
    np.fill_diagonal(correlation, 1.0)
    return correlation


class TopFeatures(SelectorMixin, BaseEstimator):
    """Keep the columns that are most informative about the outcome, by their importance in extremely random trees.

    A step between preparation and model, ``Pipeline([("prepare", preparation), ("select", TopFeatures(40)), ...])``: it
    is cloned and fitted with the pipeline, so that columns are chosen on the training rows of each fold and on no
    others. Names stay: ``get_feature_names_out`` of the pipeline gives them, whatever its output. It learns on one
    thread, so that the same rows and `random_state` give the same columns; missing numbers are taken as they are.

    Parameters
    ----------
    top : int, default=40
        How many are kept at most, 1 or more; of equal ones the earlier.
    trees : int, default=100
    random_state : int, default=0

    Attributes
    ----------
    importances_ : ndarray of shape (n_features,)
        Share of the impurity decrease that each column brings (Geurts, Ernst & Wehenkel, 2006).
    """

    def __init__(self, top: int = 40, trees: int = 100, random_state: int = 0):
        self.top = top
        self.trees = trees
        self.random_state = random_state

    def fit(self, X: ArrayLike, y: ArrayLike) -> "TopFeatures":
        if self.top < 1:
            raise ValueError(f"TopFeatures keeps at least 1 column; top is {self.top}. Leave the step out to keep all.")
        X, y = validate_data(self, X, y, dtype=float, ensure_all_finite="allow-nan")
        forest = ExtraTreesClassifier(self.trees, min_samples_leaf=5, random_state=self.random_state)
        self.importances_ = forest.fit(X, y).feature_importances_
        return self

    def _get_support_mask(self) -> np.ndarray:
        check_is_fitted(self)
        best = np.argsort(-self.importances_, kind="stable")[: self.top]
        return np.isin(np.arange(len(self.importances_)), best)

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.target_tags.required = True
        tags.input_tags.allow_nan = True
        return tags


class Assembler(TransformerMixin, BaseEstimator):
    """The columns that a model was fitted on, by name and in their order, from a table that may hold more.

    Extra columns are ignored and any order will do; a missing column is an error that names it. Numbers become
    floats, and what is missing in a category becomes NaN, whatever kind of missing it was. Which columns are numbers is
    decided when it is fitted: a category that is empty today is still a category.

    Parameters
    ----------
    columns : sequence of str, optional
        Names of the columns; those of the table it is fitted on unless given.

    Attributes
    ----------
    feature_names_in_ : ndarray of str
        Names of all columns of the table it was fitted on.
    columns_ : list of str
        Names of the columns that it returns.
    numeric_ : list of str
        Those of them that are numbers.
    """

    def __init__(self, columns: Sequence[str] | None = None):
        self.columns = columns

    def fit(self, X: ArrayLike, y: None = None) -> "Assembler":
        validate_data(self, X, skip_check_array=isinstance(X, pd.DataFrame), dtype=None, ensure_all_finite=False)
        named = _check_feature_names_in(self)
        self.columns_ = list(named if self.columns is None else self.columns)
        self._refuse_absent(named)
        self.numeric_ = [*map(str, X[self.columns_].select_dtypes("number"))] if isinstance(X, pd.DataFrame) else []
        return self

    def transform(self, X: ArrayLike) -> np.ndarray | pd.DataFrame:
        check_is_fitted(self)
        if not isinstance(X, pd.DataFrame):
            values: np.ndarray = validate_data(self, X, dtype=None, ensure_all_finite=False, reset=False)
            return values[:, np.isin(_check_feature_names_in(self), self.columns_)]
        self._refuse_absent(X.columns)
        return _plain(X[self.columns_], self.numeric_)

    def get_feature_names_out(self, input_features: ArrayLike | None = None) -> np.ndarray:
        check_is_fitted(self)
        _check_feature_names_in(self, input_features)
        return np.asarray(self.columns_, dtype=object)

    def _refuse_absent(self, names: Iterable[str]) -> None:
        present = set(names)
        absent = [name for name in self.columns_ if name not in present]
        if absent:
            raise ValueError(f"The table lacks {len(absent)} of {len(self.columns_)} columns: {', '.join(absent[:5])}.")

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        tags.input_tags.string = True
        return tags


def _plain(table: pd.DataFrame, numeric: Sequence[str]) -> pd.DataFrame:
    numbers = table[[name for name in table if name in set(numeric)]].astype(float)
    others = table.drop(columns=numbers.columns)
    if not len(others.columns):
        return numbers
    return pd.concat([numbers, others.astype(object).where(others.notna(), np.nan)], axis=1)[list(table.columns)]
