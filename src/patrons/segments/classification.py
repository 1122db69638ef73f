"""Can a new customer be placed in a segment? Families through one pipeline, searched by cross-validation."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, ClassifierMixin, clone
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import ParameterGrid, ParameterSampler
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import Pipeline, make_pipeline

from patrons.evaluation.metrics import Interval
from patrons.evaluation.multiclass import flat, log_loss, macro_f1, scores
from patrons.evaluation.splits import random_folds
from patrons.segments.boosting import BoostedTrees
from patrons.threads import one_thread, side_by_side

NEAR_COPY = 0.95  # absolute rank correlation above which a feature says again what another says
REFERENCE = "random forest"
LEAST = 10  # customers of a segment that a model may be asked to learn

Space = Mapping[str, Sequence[float]]
Folds = Sequence[tuple[np.ndarray, np.ndarray]]


class ClassificationError(ValueError):
    """Parameters that no model can be made of."""


class Found(NamedTuple):
    """The best setting of a family that a search came upon."""

    family: str
    model: ClassifierMixin
    setting: dict[str, float]
    macro_f1: float  # on rows of the search that the model was not fitted on


def families(trees: int, seed: int) -> dict[str, ClassifierMixin]:
    """Unfitted models by name, the reference first; each on one thread, several side by side."""
    return {
        REFERENCE: RandomForestClassifier(trees, n_jobs=1, random_state=seed),
        "XGBoost": BoostedTrees(rounds=trees, seed=seed),
        "logistic regression": LogisticRegression(max_iter=2000, tol=1e-3),
        "neural network": MLPClassifier(early_stopping=True, learning_rate_init=0.003, max_iter=500, random_state=seed),
    }


def search(
    prepare: ColumnTransformer,
    models: Mapping[str, ClassifierMixin],
    spaces: Mapping[str, Space],
    n_trials: int,
    X: pd.DataFrame,
    y: np.ndarray,
    folds: Folds,
    seed: int,
) -> list[Found]:
    """The best of `n_trials` random settings of each family, by macro-F1 over the folds (Bergstra and Bengio, 2012).

    All settings see the same folds, and preparation is fitted anew in each.
    """
    tried = {
        (name, n): (setting, _with(model, setting))
        for name, model in models.items()
        for n, setting in enumerate(_settings(model, spaces.get(name, {}), n_trials, seed))
    }
    told = out_of_fold(prepare, {key: model for key, (_, model) in tried.items()}, X, y, folds)
    score = {key: float(macro_f1(confusion(y, verdicts(p, np.unique(y))))) for key, p in told.items()}
    best = [max((key for key in tried if key[0] == name), key=score.get) for name in models]
    return [Found(key[0], tried[key][1], tried[key][0], score[key]) for key in best]


def _settings(model: BaseEstimator, space: Space, n_trials: int, seed: int) -> list[dict[str, float]]:
    known = model.get_params()
    unknown = sorted(set(space) - set(known))
    if unknown:
        raise ClassificationError(
            f"{type(model).__name__} has no parameter {', '.join(unknown)}; it has {', '.join(sorted(known))}."
        )
    whole = {name: [int(v) if isinstance(known[name], int | tuple) else v for v in space[name]] for name in space}
    return list(ParameterSampler(whole, min(n_trials, len(ParameterGrid(whole))), random_state=seed))


def _with(model: BaseEstimator, setting: Mapping[str, float]) -> BaseEstimator:
    return clone(model).set_params(**setting)


@one_thread
def out_of_fold(
    prepare: ColumnTransformer, models: Mapping, X: pd.DataFrame, y: np.ndarray, folds: Folds
) -> dict[object, np.ndarray]:
    """What each model says of each row, fitted on the other folds: probabilities (n, classes), classes sorted."""
    classes = np.unique(y)
    told = {name: np.zeros((len(y), len(classes))) for name in models}
    for fitted, validated in folds:
        step = clone(prepare).fit(X.iloc[fitted])
        inner, outer = step.transform(X.iloc[fitted]), step.transform(X.iloc[validated])
        parts = side_by_side(_told, [(model, inner, y[fitted], outer, classes) for model in models.values()])
        for name, part in zip(models, parts, strict=True):
            told[name][validated] = part
    return told


def _told(model: ClassifierMixin, X: pd.DataFrame, y: np.ndarray, new: pd.DataFrame, classes: np.ndarray) -> np.ndarray:
    fitted = clone(model).fit(X, y)
    said = np.zeros((len(new), len(classes)))
    said[:, np.searchsorted(classes, fitted.classes_)] = fitted.predict_proba(new)
    return said.round(6)


@one_thread
def fit(prepare: ColumnTransformer, model: ClassifierMixin, X: pd.DataFrame, y: np.ndarray) -> Pipeline:
    """A fitted pipeline from raw feature columns to probabilities of segments."""
    return make_pipeline(clone(prepare), clone(model)).fit(X, y)


@one_thread
def probabilities(model: Pipeline, X: pd.DataFrame) -> np.ndarray:
    """Of each row for each of the model's `classes_`, rounded so that a rerun says the same."""
    return model.predict_proba(X).astype(float).round(6)


def verdicts(said: np.ndarray, classes: np.ndarray) -> np.ndarray:
    """The likeliest class of each row."""
    return np.asarray(classes)[said.argmax(axis=1)]


def confusion(truth: np.ndarray, told: np.ndarray) -> np.ndarray:
    """Counts of true (rows) against told (columns), classes sorted."""
    classes, codes = np.unique(np.concatenate([truth, told]), return_inverse=True)
    counts = np.zeros((len(classes), len(classes)), int)
    np.add.at(counts, (codes[: len(truth)], codes[len(truth) :]), 1)
    return counts


def scoreboard(y: np.ndarray, told: Mapping[str, np.ndarray]) -> pd.DataFrame:
    """One row a model, the best macro-F1 first: scores of `multiclass` and log loss, each with `_low` and `_high`."""
    classes = np.unique(y)
    rows = {name: {**scores(y, verdicts(p, classes)), "log_loss": log_loss(y, p, classes)} for name, p in told.items()}
    table = pd.DataFrame.from_dict({name: flat(row) for name, row in rows.items()}, orient="index")
    return table.sort_values("macro_f1", ascending=False, kind="stable")


def too_few(segments: pd.Series, folds: int) -> dict[str, int]:
    """Segments with fewer customers than a model needs to learn them and `folds` to judge it, and how many they have.

    Half of them may be held out, and of the rest each fold needs one.
    """
    counts = segments.value_counts()
    return {str(name): int(n) for name, n in counts.items() if n < max(LEAST, 2 * folds)}


def left_out(few: Mapping[str, int]) -> str:
    """What `too_few` found, a sentence; empty where that is nothing."""
    if not few:
        return ""
    named = ", ".join(f"{name} ({n:,} customer{'s' if n > 1 else ''})" for name, n in few.items())
    return f"Too small to be learnt, so the model never says it and no score counts it: {named}."


def both(*differences: Interval) -> str:
    """How a model compares by several scores at once: better or worse only where all of them say so."""
    told = {one.comparison() for one in differences}
    return told.pop() if len(told) == 1 else "cannot be told apart from"


def sample(groups: np.ndarray, y: np.ndarray, rows: int, seed: int) -> np.ndarray:
    """Row numbers of at most about `rows` rows, drawn by whole groups of copies; of a small class all are kept."""
    every = np.unique(groups)
    if len(groups) <= rows:
        return np.arange(len(groups))
    share = rows / len(groups)
    drawn = np.isin(groups, np.random.default_rng(seed).choice(every, max(1, round(share * len(every))), replace=False))
    counts = pd.Series(drawn).groupby(y).transform("sum").to_numpy()
    return np.flatnonzero(drawn | (counts < LEAST))


def folds_of(groups: np.ndarray, y: np.ndarray, folds: int, seed: int) -> Folds:
    """Stratified folds; customers of one group (see `evaluation.splits.copies`) stay in one."""
    return random_folds(groups, y, folds, seed)


def near_copies(table: pd.DataFrame, hidden: Sequence[str], seen: Sequence[str]) -> list[str]:
    """Columns of `seen` that say nearly the same as one of `hidden`: absolute rank correlation above `NEAR_COPY`."""
    numeric = [name for name in seen if pd.api.types.is_numeric_dtype(table[name])]
    ranks = table[[*hidden, *numeric]].rank()
    return [name for name in numeric if ranks[list(hidden)].corrwith(ranks[name]).abs().max() > NEAR_COPY]


@one_thread
def importances(model: Pipeline, X: pd.DataFrame, y: np.ndarray, repeats: int, seed: int) -> pd.DataFrame:
    """What it costs to forget a feature: accuracy lost when its values are shuffled over rows (Breiman, 2001).

    Columns are shuffled after preparation, and judged on rows that the model was not fitted on. Features that say the
    same stand in for each other, so each looks less important than both are.

    Returns
    -------
    DataFrame
        Index: prepared columns, the most important first; `importance` (mean over `repeats`), `spread` (their standard
        deviation).
    """
    rng, Z, classes = np.random.default_rng(seed), model[:-1].transform(X), model.classes_
    right = np.mean(verdicts(model[-1].predict_proba(Z), classes) == y)
    orders = [rng.permutation(len(Z)) for _ in range(repeats)]
    lost = side_by_side(_lost, [(model[-1], Z, column, orders, y, classes, right) for column in range(Z.shape[1])])
    table = pd.DataFrame(lost, index=list(Z.columns), columns=["importance", "spread"])
    return table.sort_values("importance", ascending=False, kind="stable")


def _lost(model, Z, column, orders, y, classes, right) -> tuple[float, float]:
    losses = []
    for order in orders:
        shuffled = Z.copy()
        shuffled.isetitem(column, Z.iloc[order, column].to_numpy())
        losses.append(right - np.mean(verdicts(model.predict_proba(shuffled), classes) == y))
    return float(np.mean(losses)), float(np.std(losses))
