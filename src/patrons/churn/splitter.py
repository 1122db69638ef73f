"""Cross-validation on days: what is validated lies after what is learnt, and no label window reaches into it."""

from collections.abc import Iterator

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from sklearn.model_selection import BaseCrossValidator

Days = pd.Series | pd.DatetimeIndex | np.ndarray


class SnapshotSplit(BaseCrossValidator):
    """Earlier days as origins, in scikit-learn's form: ``split(X, y, groups)``, where `groups` are the rows' days.

    Each origin is validated by what was known on it: rows whose label window ends on or before it. Rows between, whose
    label windows reach into the validation, are dropped.

    Parameters
    ----------
    n_splits : int, default=3
        How many origins, at most: the latest ones.
    horizon_days : int, default=90
        Length of the label window. Origins are at least so far apart that their label windows do not overlap, as long
        as the days allow `n_splits` of these; else they are the latest days.

    Examples
    --------
    >>> days = pd.to_datetime(["2024-01-01", "2024-03-01", "2024-04-30"])
    >>> [(fit.tolist(), val.tolist()) for fit, val in SnapshotSplit(3, 60).split(days, groups=days)]
    [([0], [1]), ([0, 1], [2])]
    """

    def __init__(self, n_splits: int = 3, horizon_days: int = 90):
        self.n_splits = n_splits
        self.horizon_days = horizon_days

    def origins(self, groups: Days) -> list[pd.Timestamp]:
        """The validated days, oldest first."""
        apart = self.apart(groups)
        chosen = apart if len(apart) >= self.n_splits else self.usable(groups)
        return chosen[-self.n_splits :]

    def apart(self, groups: Days) -> list[pd.Timestamp]:
        """All days that could be validated and whose label windows do not overlap, oldest first."""
        found: list[pd.Timestamp] = []
        for day in reversed(self.usable(groups)):
            if not found or day + pd.Timedelta(days=self.horizon_days) <= found[-1]:
                found.append(day)
        return found[::-1]

    def usable(self, groups: Days) -> list[pd.Timestamp]:
        """All days on which something was known, oldest first."""
        days = sorted(pd.DatetimeIndex(groups).unique())
        return [day for day in days if days[0] + pd.Timedelta(days=self.horizon_days) <= day]

    def split(
        self, X: ArrayLike, y: ArrayLike | None = None, groups: Days | None = None
    ) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Row numbers to fit on and to validate on, one pair an origin, oldest first."""
        if groups is None:
            raise ValueError("SnapshotSplit needs groups: the day on which each row describes its customer.")
        as_of = pd.DatetimeIndex(groups)
        for day in self.origins(groups):
            known = as_of + pd.Timedelta(days=self.horizon_days) <= day
            yield np.flatnonzero(known), np.flatnonzero(as_of == day)

    def get_n_splits(self, X: ArrayLike | None = None, y: ArrayLike | None = None, groups: Days | None = None) -> int:
        """How many pairs `split` gives for these days."""
        return self.n_splits if groups is None else len(self.origins(groups))
