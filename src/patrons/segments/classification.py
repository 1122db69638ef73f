"""Can a new customer be placed in a segment? Families of models in one pipeline, searched by cross-validation."""

from collections.abc import Collection, Hashable, Mapping, Sequence
from typing import NamedTuple, TypeVar

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, ClassifierMixin, clone
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import ParameterGrid, ParameterSampler
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import Pipeline, make_pipeline

from patrons.evaluation.multiclass import flat, log_loss, macro_f1, scores
from patrons.evaluation.threads import one_thread, side_by_side
from patrons.segments.boosting import BoostedTrees

REFERENCE = "random forest"
SEARCH_FOLDS = 3  # of a search, at most: each row is validated once, however many there are
LOOK = 2  # folds of a search after which the worse half of the settings is left out
TREES = 20  # of a forest in a search, at most
SHUFFLED = 1_000  # customers on whom importance is measured, at most

FORMATS = dict.fromkeys(("accuracy", "balanced_accuracy", "macro_f1", "log_loss"), "{:.3f}")  # scores that are shown

Space = Mapping[str, Sequence[float]]
Folds = Sequence[tuple[np.ndarray, np.ndarray]]
Key = TypeVar("Key", bound=Hashable)


class ClassificationError(ValueError):
    """Parameters from which no model can be made."""


class Best(NamedTuple):
    """The best setting that a search has tried of a family."""

    family: str
    model: ClassifierMixin
    setting: dict[str, float]
    macro_f1: float  # out of fold


def families(trees: int, seed: int, names: Collection[str] | None = None) -> dict[str, ClassifierMixin]:
    """Unfitted models by name, the reference first and always; each on one thread, several side by side."""
    models = {
        REFERENCE: RandomForestClassifier(trees, n_jobs=1, random_state=seed),
        "XGBoost": BoostedTrees(rounds=trees, seed=seed),
        "logistic regression": LogisticRegression(max_iter=2000, tol=1e-3),
        "neural network": MLPClassifier(early_stopping=True, learning_rate_init=0.003, max_iter=500, random_state=seed),
    }
    return {name: one for name, one in models.items() if names is None or name in {REFERENCE, *names}}


def search(
    prepare: ColumnTransformer,
    models: Mapping[str, ClassifierMixin],
    spaces: Mapping[str, Space],
    n_trials: int,
    X: pd.DataFrame,
    y: np.ndarray,
    folds: Folds,
    seed: int,
) -> list[Best]:
    """The best of `n_trials` random settings of each family, by macro-F1 over the folds (Bergstra and Bengio, 2012).

    All settings see the same folds, and the preparation is fitted anew in each. After `LOOK` folds, and after each one
    more, the better half of a family's settings goes on, at least two (successive halving; Jamieson and Talwalkar,
    2016); forests of a search have `TREES` trees at most. What is returned has all of them.
    """
    tried = {
        (name, n): (setting, _with(model, setting))
        for name, model in models.items()
        for n, setting in enumerate(_settings(model, spaces.get(name, {}), n_trials, seed))
    }
    fewer, classes = {key: quick(model) for key, (_, model) in tried.items()}, np.unique(y)
    given, seen = {key: np.zeros((len(y), len(classes))) for key in tried}, np.zeros(len(y), bool)
    score: dict[tuple[str, int], float] = dict.fromkeys(tried, 0.0)
    for number, fold in enumerate(folds, 1):
        for key, part in out_of_fold(prepare, {key: fewer[key] for key in score}, X, y, [fold]).items():
            given[key] += part
        seen[fold[1]] = True
        score = {key: float(macro_f1(confusion(y[seen], likeliest(given[key][seen], classes)))) for key in score}
        if LOOK <= number < len(folds):
            score = better_half(score)
    best = [max((key for key in score if key[0] == name), key=score.__getitem__) for name in models]
    return [Best(key[0], tried[key][1], tried[key][0], score[key]) for key in best]


def better_half(score: Mapping[tuple[str, int], float]) -> dict[tuple[str, int], float]:
    """Of each family, named first in the keys, the better half of its settings, two at least; of equal ones the first.

    What is left out has been worse than as many others of its family on the same folds.
    """
    kept: dict[tuple[str, int], float] = {}
    for name in dict.fromkeys(name for name, _ in score):
        ranked = sorted((key for key in score if key[0] == name), key=lambda key: -score[key])
        kept |= {key: score[key] for key in ranked[: max(2, (len(ranked) + 1) // 2)]}
    return {key: kept[key] for key in score if key in kept}


def quick(model: ClassifierMixin) -> ClassifierMixin:
    """The model as it is tried: a forest with fewer trees, for less time."""
    if not isinstance(model, RandomForestClassifier):
        return model
    return clone(model).set_params(n_estimators=min(model.n_estimators, TREES))


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
    prepare: ColumnTransformer, models: Mapping[Key, ClassifierMixin], X: pd.DataFrame, y: np.ndarray, folds: Folds
) -> dict[Key, np.ndarray]:
    """Each model's probabilities of each row, fitted on the other folds: shape (n, classes), classes sorted."""
    classes = np.unique(y)
    given = {name: np.zeros((len(y), len(classes))) for name in models}
    for fitted, validated in folds:
        step = clone(prepare).fit(X.iloc[fitted])
        inner, outer = step.transform(X.iloc[fitted]), step.transform(X.iloc[validated])
        parts = side_by_side(_fitted_on, [(model, inner, y[fitted], outer, classes) for model in models.values()])
        for name, part in zip(models, parts, strict=True):
            given[name][validated] = part
    return given


def _fitted_on(
    model: ClassifierMixin, X: pd.DataFrame, y: np.ndarray, new: pd.DataFrame, classes: np.ndarray
) -> np.ndarray:
    fitted = clone(model).fit(X, y)
    probabilities = np.zeros((len(new), len(classes)))
    probabilities[:, np.searchsorted(classes, fitted.classes_)] = fitted.predict_proba(new)
    return probabilities.round(6)


@one_thread
def fit(prepare: ColumnTransformer, model: ClassifierMixin, X: pd.DataFrame, y: np.ndarray) -> Pipeline:
    """A fitted pipeline from raw feature columns to probabilities of segments."""
    return make_pipeline(clone(prepare), clone(model)).fit(X, y)


@one_thread
def probabilities(model: Pipeline, X: pd.DataFrame) -> np.ndarray:
    """Of each row for each of the model's `classes_`, rounded so that a rerun gives the same."""
    return model.predict_proba(X).astype(float).round(6)


def likeliest(probabilities: np.ndarray, classes: Sequence[str] | np.ndarray) -> np.ndarray:
    """The likeliest class of each row."""
    return np.asarray(classes)[probabilities.argmax(axis=1)]


def confusion(truth: np.ndarray, predictions: np.ndarray) -> np.ndarray:
    """Counts of true (rows) against predicted (columns) classes, sorted."""
    classes, codes = np.unique(np.concatenate([truth, predictions]), return_inverse=True)
    counts = np.zeros((len(classes), len(classes)), int)
    np.add.at(counts, (codes[: len(truth)], codes[len(truth) :]), 1)
    return counts


def leaderboard(y: np.ndarray, given: Mapping[str, np.ndarray]) -> pd.DataFrame:
    """One row a model, the best macro-F1 first: scores of `multiclass` and log loss, each with `_low` and `_high`.

    `given` are each model's probabilities of the rows, as `out_of_fold` returns them.
    """
    classes = np.unique(y)
    rows = {
        name: {**scores(y, likeliest(p, classes)), "log_loss": log_loss(y, p, classes)} for name, p in given.items()
    }
    table = pd.DataFrame.from_dict({name: flat(row) for name, row in rows.items()}, orient="index")
    return table.sort_values("macro_f1", ascending=False, kind="stable")


def as_table(board: pd.DataFrame, candidates: Sequence[Best]) -> pd.DataFrame:
    """The leaderboard to be shown, with the setting of each family as text."""
    settings = {
        best.family: ", ".join(f"{name} {value:g}" for name, value in best.setting.items()) for best in candidates
    }
    return board[list(FORMATS)].join(pd.Series(settings, name="settings")).reset_index(names="family")


@one_thread
def importances(model: Pipeline, X: pd.DataFrame, y: np.ndarray, repeats: int, seed: int) -> pd.DataFrame:
    """Permutation importance: accuracy lost when a feature's values are shuffled over rows (Breiman, 2001).

    Columns are shuffled after preparation, on rows that the model was not fitted on, `SHUFFLED` of them drawn at random
    where there are more. Features that say the same stand in for each other, so each looks less important than the two
    are together.

    Returns
    -------
    DataFrame
        Index: prepared columns, the most important first; `importance` (mean over `repeats`), `spread` (their standard
        deviation).
    """
    rng, classes = np.random.default_rng(seed), model.classes_
    if len(X) > SHUFFLED:
        some = np.sort(rng.choice(len(X), SHUFFLED, replace=False))
        X, y = X.iloc[some], y[some]
    Z = model[:-1].transform(X)
    right = np.mean(likeliest(model[-1].predict_proba(Z), classes) == y)
    orders = [rng.permutation(len(Z)) for _ in range(repeats)]
    lost = side_by_side(_lost, [(model[-1], Z, column, orders, y, classes, right) for column in range(Z.shape[1])])
    table = pd.DataFrame(lost, index=list(Z.columns), columns=["importance", "spread"])
    return table.sort_values("importance", ascending=False, kind="stable")


def _lost(
    model: ClassifierMixin,
    Z: pd.DataFrame,
    column: int,
    orders: Sequence[np.ndarray],
    y: np.ndarray,
    classes: np.ndarray,
    right: float,
) -> tuple[float, float]:
    rows = np.tile(Z.to_numpy(float), (len(orders), 1))
    rows[:, column] = Z.iloc[np.concatenate(orders), column]
    predictions = likeliest(model.predict_proba(pd.DataFrame(rows, columns=Z.columns)), classes)
    losses = right - (predictions.reshape(len(orders), -1) == y).mean(axis=1)
    return float(losses.mean()), float(losses.std())
