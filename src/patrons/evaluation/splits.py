"""Which rows to learn from and which to test on, where no time decides: copies of a row stay on one side."""

import numpy as np
import pandas as pd
from sklearn.model_selection import StratifiedKFold, train_test_split


def copies(table: pd.DataFrame) -> np.ndarray:
    """A number for each row, the same for rows that are equal in every column, missing values included."""
    return pd.factorize(pd.util.hash_pandas_object(table, index=False))[0]


def hold_out(groups: np.ndarray, outcome: np.ndarray, share: float, seed: int) -> np.ndarray:
    """Which rows to test on: a random `share` of the groups, with every outcome in its proportion.

    Rows of one group (see `copies`) stay on one side, so that no model is tested on a copy of a row that it learnt
    from. An outcome that only one group has falls on either side by chance.
    """
    first = ~pd.Series(groups).duplicated().to_numpy()
    strata = _strata(outcome[first], 2)
    _, held = train_test_split(groups[first], test_size=share, stratify=strata, random_state=seed)
    return np.isin(groups, held)


def _strata(outcome: np.ndarray, least: int) -> np.ndarray:
    """Outcomes as numbers, those of fewer than `least` rows counted as the commonest: they cannot be parted evenly."""
    codes = np.unique(outcome, return_inverse=True)[1]
    counts = np.bincount(codes)
    return np.where(counts[codes] < least, counts.argmax(), codes)


def random_folds(groups: np.ndarray, outcome: np.ndarray, folds: int, seed: int) -> list[tuple[np.ndarray, np.ndarray]]:
    """Training and validation row numbers of each fold; rows of one group stay in one fold."""
    first = np.flatnonzero(~pd.Series(groups).duplicated())
    splits = StratifiedKFold(folds, shuffle=True, random_state=seed).split(first, _strata(outcome[first], folds))
    validated = [np.isin(groups, groups[first[chosen]]) for _, chosen in splits]
    return [(np.flatnonzero(~rows), np.flatnonzero(rows)) for rows in validated]
