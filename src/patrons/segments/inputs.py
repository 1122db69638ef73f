"""What customers are grouped by: which columns, and how they are made comparable before distances are measured."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from ibis import Table
from numpy.typing import ArrayLike
from sklearn.base import BaseEstimator, OneToOneFeatureMixin, TransformerMixin
from sklearn.decomposition import PCA
from sklearn.feature_selection import VarianceThreshold
from sklearn.impute import SimpleImputer
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import PowerTransformer
from sklearn.utils.validation import check_is_fitted, validate_data

from patrons.errors import ClusteringError


class ByTypical(OneToOneFeatureMixin, TransformerMixin, BaseEstimator):
    """Divide each column by its typical size: the median of its absolute values that are not 0.

    A power transform adds 1 before it takes a power, so its result depends on the unit. After this step it does not,
    and another currency gives the same groups.

    Attributes
    ----------
    typical_ : ndarray of shape (n_features,)
        In the unit of each column; 1 where a column is all 0.
    """

    def fit(self, X: ArrayLike, y: None = None) -> "ByTypical":
        sizes: np.ndarray = np.abs(validate_data(self, X, dtype=float))
        self.typical_ = np.array([np.median(column[column > 0]) if (column > 0).any() else 1.0 for column in sizes.T])
        return self

    def transform(self, X: ArrayLike) -> np.ndarray:
        check_is_fitted(self)
        return validate_data(self, X, dtype=float, reset=False) / self.typical_


def preparation(variance: float = 0.0) -> Pipeline:
    """Make skewed columns roughly normal and of variance 1 (Yeo-Johnson), so that a few big spenders form no group.

    Missing numbers become the median, columns without spread are dropped, and units do not matter.

    Parameters
    ----------
    variance : float
        Above 0: principal components follow, as many as hold this share of the variance.
    """
    steps = [SimpleImputer(strategy="median", keep_empty_features=True), VarianceThreshold(), ByTypical()]
    components = [PCA(variance if variance < 1 else None, svd_solver="full")] if variance else []
    return make_pipeline(*steps, PowerTransformer(), *components)


def of_groups(dictionary: pd.DataFrame, groups: Sequence[str], customers: Table | pd.DataFrame) -> list[str]:
    """The numeric features of the named groups of the data dictionary, in its order.

    Raises
    ------
    ClusteringError
        A group that the dictionary does not have, or groups without a numeric feature.
    """
    unknown = sorted(set(groups) - set(dictionary.group))
    if unknown:
        raise ClusteringError(
            f"feature_groups: {', '.join(unknown)} is no group of features. There are: "
            f"{', '.join(dict.fromkeys(dictionary.group))}."
        )
    named = list(dictionary.feature[dictionary.group.isin(groups)])
    kinds = _frame(customers[named].head(1)).dtypes
    numbers = [name for name in named if pd.api.types.is_numeric_dtype(kinds[name])]
    if not numbers:
        raise ClusteringError(f"feature_groups: {', '.join(groups)} hold no numbers to group by.")
    return numbers


def in_order(customers: Table | pd.DataFrame, inputs: Sequence[str]) -> pd.DataFrame:
    """The columns that customers are grouped by; rows sorted by value, so that their order makes no difference."""
    lacking = [name for name in inputs if name not in customers.columns]
    if lacking or not inputs:
        raise ClusteringError(
            f"inputs: {', '.join(lacking) or 'none'}: no such feature. Name columns of features.parquet."
        )
    return _frame(customers[list(inputs)]).astype(float).sort_values(list(inputs), ignore_index=True)


def _frame(rows: Table | pd.DataFrame) -> pd.DataFrame:
    """Rows in memory: of a file only the columns that are asked for."""
    return rows if isinstance(rows, pd.DataFrame) else rows.to_pandas()
