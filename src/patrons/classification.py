"""Can a new customer be placed in a segment? A forest on the labels, judged on customers that it has not seen."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from sklearn.base import clone
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import RandomForestClassifier
from sklearn.metrics import accuracy_score, f1_score
from sklearn.model_selection import cross_validate
from sklearn.pipeline import Pipeline, make_pipeline

from patrons.evaluation import Interval, bootstrap, random_folds

NEAR_COPY = 0.95  # absolute rank correlation above which a feature says again what another says


def segment_model(prepare: ColumnTransformer, trees: int, seed: int) -> Pipeline:
    """An unfitted pipeline from raw feature columns to a segment name."""
    forest = RandomForestClassifier(trees, min_samples_leaf=3, n_jobs=-1, random_state=seed)
    return make_pipeline(clone(prepare), forest)


def scores(truth: np.ndarray, predicted: np.ndarray) -> dict[str, Interval]:
    """Accuracy and macro-F1 (the mean of each segment's F1, so that small segments count) with intervals."""
    return {
        "accuracy": bootstrap(accuracy_score, truth, predicted),
        "macro_f1": bootstrap(lambda t, p: f1_score(t, p, average="macro"), truth, predicted),
    }


def cross_validated(
    model: Pipeline, X: pd.DataFrame, y: np.ndarray, folds: int, seed: int, groups: np.ndarray | None = None
) -> pd.DataFrame:
    """Accuracy and macro-F1 of each of `folds` stratified folds; the model is fitted anew in each.

    Customers of one group stay in one fold (see `evaluation.copies`).
    """
    splits = random_folds(np.arange(len(y)) if groups is None else groups, y, folds, seed)
    result = cross_validate(clone(model), X, y, cv=splits, scoring={"accuracy": "accuracy", "macro_f1": "f1_macro"})
    return pd.DataFrame({"accuracy": result["test_accuracy"], "macro_f1": result["test_macro_f1"]})


def near_copies(table: pd.DataFrame, hidden: Sequence[str], seen: Sequence[str]) -> list[str]:
    """Columns of `seen` that say nearly the same as one of `hidden`: absolute rank correlation above `NEAR_COPY`."""
    numeric = [name for name in seen if pd.api.types.is_numeric_dtype(table[name])]
    ranks = table[[*hidden, *numeric]].rank()
    return [name for name in numeric if ranks[list(hidden)].corrwith(ranks[name]).abs().max() > NEAR_COPY]


def importances(model: Pipeline) -> pd.Series:
    """Share of the impurity decrease that each prepared column brings, the largest first (Breiman, 2001)."""
    forest = model[-1]
    return pd.Series(forest.feature_importances_, model[:-1].get_feature_names_out()).sort_values(ascending=False)
