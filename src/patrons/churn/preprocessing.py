"""From raw feature columns to the matrix that a model takes, and the matrices of each validation fold.

A matrix holds every column in two views, as it is and prepared (`features.preparation.two_views`); each kind of model
sees its own.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple, Self

import numpy as np
import pandas as pd
from sklearn.base import clone
from sklearn.compose import ColumnTransformer
from sklearn.model_selection import GroupKFold
from sklearn.pipeline import Pipeline

from patrons.churn.kinds import TREES
from patrons.churn.split import ENOUGH, Folds
from patrons.evaluation.threads import one_thread, side_by_side
from patrons.features.panel import OUTCOME
from patrons.features.preparation import columns_of, many_valued, only, plain_view, sources, two_views, view
from patrons.features.selection import TopFeatures
from patrons.features.split import GROUP, inputs
from patrons.features.terms import made_of

View = tuple[int, int]
PARTS = 5  # of the training rows, each encoded by the outcomes of the others


@dataclass(frozen=True)
class Fold:
    """Rows of one fold as matrices: what is fitted on, and what is validated.

    `plain` and `prepared` are the columns of the two views, `ready` is the fitted preprocessing that made them.
    """

    X: np.ndarray
    y: np.ndarray
    X_val: np.ndarray
    y_val: np.ndarray
    val: np.ndarray  # row numbers
    who: np.ndarray  # whose rows these are
    plain: View
    prepared: View
    ready: Pipeline | None = None

    def seen_by(self, kind: str) -> tuple[np.ndarray, np.ndarray]:
        """What a kind of model sees of the training rows, and of those to validate."""
        first, last = self.plain if kind in TREES else self.prepared
        return self.X[:, first:last], self.X_val[:, first:last]


def without(panel: pd.DataFrame, left_out: Sequence[str], dictionary: pd.DataFrame) -> pd.DataFrame:
    """A panel without the columns that no model may use, nor what is made of them."""
    made = dictionary.feature[dictionary.group == "interactions"].tolist()
    return panel.drop(columns=[*left_out, *made_of(panel, made, left_out)], errors="ignore")


def for_panel(prepare: ColumnTransformer, panel: pd.DataFrame) -> ColumnTransformer:
    """The preparation of 02, unfitted, of those columns that a model may see in `panel`."""
    return only(prepare, list(inputs(panel).columns))


class Task(NamedTuple):
    """What preprocessing is fitted on, and which columns it keeps.

    Attributes
    ----------
    prepare : ColumnTransformer
        The preparation of 02, unfitted.
    X, y : DataFrame, ndarray
        Raw feature columns, and the outcome of each row.
    top : int
        Columns that are kept, the most informative ones; 0 keeps all.
    rows : int
        Rows that these are chosen on, at most, drawn by `seed`.
    owners : ndarray, optional
        Whose outcome a row tells (see `owners`); a row each unless given.
    """

    prepare: ColumnTransformer
    X: pd.DataFrame
    y: np.ndarray
    top: int
    rows: int
    seed: int
    owners: np.ndarray | None = None

    def some(self, rows: np.ndarray) -> Self:
        """The same task on some of its rows."""
        own = None if self.owners is None else self.owners[rows]
        return self._replace(X=self.X.iloc[rows], y=self.y[rows], owners=own)


@one_thread
def fit_preprocessing(task: Task) -> tuple[Pipeline, np.ndarray]:
    """What lies before a model, fitted, and what it makes of the rows it was fitted on: both views of what is kept.

    Use the matrix for these rows: what is encoded by the outcome is encoded there by that of other owners.
    """
    ready, Z = _fitted(of_most_informative(task))
    return Pipeline([("prepare", ready)]), Z


def _fitted(task: Task, trees_alone: bool = False) -> tuple[ColumnTransformer, np.ndarray]:
    """Both views, or that of trees, fitted, and their matrix, in which rates of the outcome are of other owners."""
    prepare, X, y = task.prepare, task.X, task.y
    many = many_valued(prepare, X)
    ready = plain_view(prepare, many) if trees_alone else two_views(prepare, many)
    Z = np.asarray(ready.fit_transform(X, y), dtype=float)
    if many:
        encoded = ready.named_transformers_["encoded"]
        groups = np.arange(len(X)) if task.owners is None else task.owners
        for fit, rest in GroupKFold(PARTS, shuffle=True, random_state=0).split(X, y, groups):
            rates = clone(encoded[:-1]).fit(X[many].iloc[fit], y[fit]).transform(X[many].iloc[rest])
            Z[rest, ready.output_indices_["encoded"]] = encoded[-1].transform(rates)
    return ready, Z


def of_most_informative(task: Task) -> Task:
    """The same task on the columns that it keeps: nothing is left to choose."""
    return task._replace(prepare=only(task.prepare, most_informative(task)), top=0) if task.top else task


def most_informative(task: Task) -> list[str]:
    """The raw columns that weigh most in a forest of extremely random trees; of equals the earlier ones."""
    some = task.some(sample_of_both(task.y, task.rows, task.seed))
    fitted, Z = _fitted(some, trees_alone=True)
    weights = TopFeatures(task.top, trees=50, random_state=task.seed).fit(Z, some.y).importances_
    by_column = pd.Series(weights).groupby(sources(fitted), sort=False).sum()
    return list(by_column.sort_values(ascending=False, kind="stable").index[: task.top])


def owners(train: pd.DataFrame) -> np.ndarray:
    """Whose outcome a row tells: a log's customer, who has a row a day; customers of a table who are alike."""
    name = next((name for name in (GROUP, "customer_id") if name in train), None)
    return np.arange(len(train)) if name is None else train[name].to_numpy()


def views(fitted: Pipeline, kinds: list[str] | tuple[str, ...]) -> list[View]:
    """The columns that each kind sees of what `fit_preprocessing` gives."""
    return [view(fitted["prepare"], plain=kind in TREES) for kind in kinds]


def sample(available: int, most: int, seed: int) -> np.ndarray:
    """Row numbers, all or `most` of them drawn at random, in order."""
    return np.sort(np.random.default_rng(seed).permutation(available)[:most])


def sample_of_both(outcome: np.ndarray, most: int, seed: int) -> np.ndarray:
    """The same of rows to learn from: with further rows of an outcome that is rare, to `ENOUGH` of them or all."""
    order = np.random.default_rng(seed).permutation(len(outcome))
    rare = [order[outcome[order] == value][:ENOUGH] for value in (0, 1)]
    return np.unique(np.concatenate([order[:most], *rare]))


def tasks(train: pd.DataFrame, folds: Folds, prepare: ColumnTransformer, top: int, rows: int, seed: int) -> list[Task]:
    """What the preprocessing of each fold is fitted on: its own training rows, and the columns that these keep."""
    task = Task(prepare, inputs(train), train[OUTCOME].to_numpy(), top, rows, seed, owners(train))
    return side_by_side(_of_fold, [(task, fit) for fit, _ in folds])


def _of_fold(task: Task, fit: np.ndarray) -> Task:
    kept = of_most_informative(task.some(fit))
    return kept._replace(X=kept.X[columns_of(kept.prepare)])  # the others would be held in memory for nothing


@one_thread
def as_matrices(
    train: pd.DataFrame, folds: Folds, prepare: ColumnTransformer, top: int, rows: int, seed: int
) -> list[Fold]:
    """The matrices of each fold, by preprocessing that was fitted on its own training rows."""
    return matrices(train, folds, tasks(train, folds, prepare, top, rows, seed))


@one_thread
def matrices(train: pd.DataFrame, folds: Folds, tasks: Sequence[Task], trees_alone: bool = False) -> list[Fold]:
    """The same of `tasks` whose columns are chosen; with `trees_alone` these hold no more than trees see."""
    calls = [(task, train, val, trees_alone) for task, (_, val) in zip(tasks, folds, strict=True)]
    return side_by_side(_as_matrices, calls)


def _as_matrices(task: Task, train: pd.DataFrame, val: np.ndarray, trees_alone: bool) -> Fold:
    ready, Z = _fitted(task, trees_alone)
    rows = train.iloc[val]
    plain, prepared = ((0, Z.shape[1]), (0, 0)) if trees_alone else (view(ready, plain=own) for own in (True, False))
    outcome, pipeline = rows[OUTCOME].to_numpy(), Pipeline([("prepare", ready)])
    return Fold(Z, task.y, ready.transform(inputs(rows)), outcome, val, owners(rows), plain, prepared, pipeline)


def of_columns(fold: Fold, names: Sequence[str]) -> Fold:
    """What trees see of a fold, of some raw columns alone: in that view no column depends on another one."""
    assert fold.ready is not None
    first, last = fold.plain
    kept = np.flatnonzero([name in set(names) for name in sources(fold.ready["prepare"])[first:last]]) + first
    own = (0, len(kept))
    return replace(fold, X=fold.X[:, kept], X_val=fold.X_val[:, kept], plain=own, prepared=(0, 0), ready=None)
