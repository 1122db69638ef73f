"""Products of columns, so that a linear model can say that two things matter together."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.linear_model import LogisticRegression
from sklearn.utils.validation import check_is_fitted, validate_data


class Products(TransformerMixin, BaseEstimator):
    """Add the products of every pair of the columns that weigh most in a logistic regression, and their squares.

    A column weighs its coefficient times its standard deviation. Products are brought to mean 0 and variance 1.

    Parameters
    ----------
    top : int, default=12
        Columns that are multiplied with each other: `top` * (`top` + 1) / 2 products.

    Attributes
    ----------
    pairs_ : ndarray of int of shape (n_products, 2)
        The columns of each product.
    mean_, scale_ : ndarray of shape (n_products,)
    """

    def __init__(self, top: int = 12):
        self.top = top

    def fit(self, X: ArrayLike, y: ArrayLike) -> "Products":
        values, y = validate_data(self, X, y, dtype=float)
        weights = np.abs(LogisticRegression(C=0.05, max_iter=500).fit(values, y).coef_).max(axis=0) * values.std(axis=0)
        chosen = np.sort(np.argsort(-weights, kind="stable")[: self.top])
        self.pairs_ = chosen[np.column_stack(np.triu_indices(len(chosen)))]
        made = self._multiplied(values)
        spread = made.std(axis=0)
        self.mean_, self.scale_ = made.mean(axis=0), np.where(spread > 1e-9, spread, 1.0)
        return self

    def _multiplied(self, X: np.ndarray) -> np.ndarray:
        return X[:, self.pairs_[:, 0]] * X[:, self.pairs_[:, 1]]

    def transform(self, X: ArrayLike) -> np.ndarray:
        check_is_fitted(self)
        values: np.ndarray = validate_data(self, X, dtype=float, reset=False)
        return np.hstack([values, (self._multiplied(values) - self.mean_) / self.scale_])

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.target_tags.required = True
        return tags
