"""Two columns that only together give the outcome away, such as two dates whose order is the outcome."""

from itertools import combinations

import numpy as np
import pandas as pd
from sklearn.ensemble import ExtraTreesClassifier
from sklearn.model_selection import StratifiedKFold
from sklearn.tree import DecisionTreeClassifier

from patrons.evaluation.metrics import roc_auc
from patrons.evaluation.threads import side_by_side
from patrons.features.preparation import split_kinds

ROWS, COLUMNS = 2_000, 20  # looked at, at most
DEPTH = 5  # of the tree on two columns
HALVES = 2


def best_pair(rows: pd.DataFrame, outcome: pd.Series, seed: int) -> tuple[float, tuple[str, ...]]:
    """The highest ROC AUC that a shallow tree on two columns reaches on rows it did not see, and these columns.

    Of more than `COLUMNS` columns those are paired that weigh most in a forest of all, which sees what only works
    together. Missing where there are fewer than two columns or too few rows of an outcome.
    """
    some = rows.sample(min(ROWS, len(rows)), random_state=seed)
    y = outcome.loc[some.index].to_numpy()
    if some.shape[1] < 2 or min(y.sum(), len(y) - y.sum()) < 10 * HALVES:
        return np.nan, ()
    X = _as_numbers(some)
    forest = ExtraTreesClassifier(50, max_depth=8, random_state=seed).fit(X, y)
    columns = np.sort(np.argsort(-forest.feature_importances_, kind="stable")[:COLUMNS])
    pairs = list(combinations(columns, 2))
    folds = list(StratifiedKFold(HALVES, shuffle=True, random_state=seed).split(X, y))
    scores = side_by_side(_score, [(X[:, pair], y, folds, seed) for pair in pairs])
    best = int(np.argmax(scores))
    return float(scores[best]), tuple(str(rows.columns[column]) for column in pairs[best])


def _as_numbers(rows: pd.DataFrame) -> np.ndarray:
    """Categories as numbers in the order of their names, a missing one before all; a missing number stays missing."""
    numeric, _ = split_kinds(rows)
    numbers = {
        name: rows[name].astype(float) if name in numeric else pd.Categorical(rows[name].astype("str")).codes
        for name in rows
    }
    return pd.DataFrame(numbers, rows.index).to_numpy(float)


def _score(X: np.ndarray, y: np.ndarray, folds: list[tuple[np.ndarray, np.ndarray]], seed: int) -> float:
    """Two columns and their difference, learnt by a shallow tree."""
    Z = np.column_stack([X, X[:, 0] - X[:, 1]])
    tree = DecisionTreeClassifier(max_depth=DEPTH, min_samples_leaf=5, random_state=seed)
    return float(np.mean([roc_auc(y[val], tree.fit(Z[fit], y[fit]).predict_proba(Z[val])[:, 1]) for fit, val in folds]))
