"""The models that are tested, of every kind and the mean of the best; and the chosen one, fitted anew to be used."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from sklearn.base import ClassifierMixin
from sklearn.compose import ColumnTransformer
from sklearn.pipeline import Pipeline

from patrons.churn.ensemble import Calibrated, MeanOf
from patrons.churn.kinds import MEAN, Setting, build
from patrons.churn.preprocessing import Fold, Task, View, as_matrices, fit_preprocessing, owners, views
from patrons.churn.search import SearchResult, validate
from patrons.evaluation.metrics import roc_auc
from patrons.evaluation.splits import random_folds
from patrons.evaluation.threads import one_thread, side_by_side
from patrons.features.panel import OUTCOME
from patrons.features.split import GROUP, inputs

RAW, SCORE = "raw", "score"  # of rows that a model has not seen: its probability before and after calibration


@dataclass(frozen=True)
class Final:
    """What is fitted on all training rows.

    Attributes
    ----------
    models : dict
        Of each kind and of the mean a pipeline from raw feature columns to a probability; the chosen one is calibrated.
    model : Pipeline
        The chosen one, which is tested.
    judged : DataFrame
        The rows that it was calibrated on and that its threshold is found on, with its calibrated `score`.
    """

    models: dict[str, Pipeline]
    model: Pipeline
    judged: pd.DataFrame


def finished(
    result: SearchResult, method: str, models: Mapping[str, Pipeline], before: pd.DataFrame | None = None
) -> Final:
    """The models that are tested, the chosen one calibrated.

    Parameters
    ----------
    method : str
        How probabilities are calibrated (see `calibration.best`), or "none".
    models : mapping
        What `fit_kinds` gives of all kinds and training rows.
    before : DataFrame, optional
        Rows with their outcome and `raw`, the probability by a model that had not seen it: those of earlier `origins`.
        The validated rows unless given.
    """
    chosen = result.chosen
    before = result.validation.rename(columns={chosen: RAW}) if before is None else before
    model, judged = calibrated(models[chosen], method, before)
    return Final({**models, chosen: model}, model, judged)


@one_thread
def fit_kinds(
    result: SearchResult,
    kinds: Sequence[str],
    rows: pd.DataFrame,
    prepare: ColumnTransformer,
    top: int,
    most: int,
    seed: int,
) -> dict[str, Pipeline]:
    """Kinds with their settings, and the mean where its members are among them, fitted on `rows`; not calibrated.

    Parameters
    ----------
    top, most : int
        Columns that are kept (0: all), and rows that these are chosen on, at most.
    """
    X, y = inputs(rows), rows[OUTCOME].to_numpy()
    ready, Z = fit_preprocessing(Task(prepare, X, y, top, most, seed, owners(rows)))
    calls = [(kind, result.settings[kind], Z[:, slice(*seen)], y, seed) for kind, seen in _views(ready, kinds)]
    fitted = dict(zip(kinds, side_by_side(_fit, calls), strict=True))
    names = [*kinds, *([MEAN] if set(result.members) <= set(kinds) else [])]
    return {name: _mean(fitted, result.kinds(name), ready, Z) for name in names}


def _views(ready: Pipeline, kinds: Sequence[str]) -> list[tuple[str, View]]:
    return list(zip(kinds, views(ready, tuple(kinds)), strict=True))


def _mean(fitted: Mapping[str, ClassifierMixin], kinds: Sequence[str], ready: Pipeline, Z: np.ndarray) -> Pipeline:
    """The mean of some kinds, or one of them, each of which takes what it sees of a matrix of both views."""
    members = [fitted[kind] for kind in kinds]
    return as_pipeline(ready, MeanOf.of_fitted(members, Z, [seen for _, seen in _views(ready, kinds)]))


def needed(result: SearchResult) -> tuple[str, ...]:
    """The kinds that the chosen model and its rival are made of: what is fitted to be tested."""
    wanted = {kind for model in (result.chosen, result.rival) for kind in result.kinds(model)}
    return tuple(kind for kind in result.settings if kind in wanted)


def on_day(result: SearchResult, day: pd.Timestamp) -> Pipeline | None:
    """The chosen model as it was fitted on what was known by a validated day; None of another day.

    That is what `fit_chosen` would give once more, without the means that reasons are measured from.
    """
    found = result.by_day.get(day)
    if found is None:
        return None
    columns = max(place.stop for place in found.ready["prepare"].output_indices_.values())
    return _mean(found.models, result.kinds(result.chosen), found.ready, np.zeros((0, columns)))


def _fit(kind: str, setting: Setting, X: np.ndarray, y: np.ndarray, seed: int) -> ClassifierMixin:
    return build(kind, setting, seed).fit(X, y)


def fit_chosen(
    result: SearchResult, rows: pd.DataFrame, prepare: ColumnTransformer, top: int, most: int, seed: int
) -> Pipeline:
    """The chosen model, fitted on `rows`; not calibrated. That is what is tested on earlier days, and what is used."""
    return fit_kinds(result, result.kinds(result.chosen), rows, prepare, top, most, seed)[result.chosen]


def calibrated(model: Pipeline, method: str, rows: pd.DataFrame) -> tuple[Pipeline, pd.DataFrame]:
    """A model calibrated on `rows` that it was not fitted on (outcome and `raw`), and these with their `score`."""
    score = rows[RAW].to_numpy()
    if method == "none":
        return model, rows.assign(**{SCORE: score})
    last = Calibrated(model[-1], method).fit(score, rows[OUTCOME].to_numpy())
    return as_pipeline(model[:-1], last), rows.assign(**{SCORE: last.calibrate(score).round(9)})


@one_thread
def as_pipeline(fitted: Pipeline, model: ClassifierMixin) -> Pipeline:
    """Fitted preprocessing and a fitted model as one pipeline, from raw feature columns to a probability."""
    return Pipeline([*fitted.steps, ("model", model)])


@one_thread
def left_out(
    result: SearchResult, panel: pd.DataFrame, prepare: ColumnTransformer, top: int, cv_folds: int, seed: int
) -> tuple[float, pd.DataFrame]:
    """The chosen model's mean ROC AUC when rows were left out; of a customer table also each row's probability.

    Of a log the first is that over its validated days, and there are no rows. Of a table it is that over folds of the
    *whole* table. The settings were chosen on folds of its training rows, so that is what published cross-validations
    are, and a little kinder than the hold-out.

    Returns
    -------
    float
    DataFrame
        `customer_id`, the outcome, and `raw`: the probability by a model that has not seen the row's outcome.
    """
    rows = panel[["customer_id", OUTCOME]]
    if "as_of" in panel:
        return result.cv_roc_auc(result.chosen), rows[:0].assign(**{RAW: 0.0})
    pairs = random_folds(panel[GROUP].to_numpy(), panel[OUTCOME].to_numpy(), cv_folds, seed)
    folds = as_matrices(panel, pairs, prepare, top, len(panel), seed)
    kinds = result.kinds(result.chosen)
    parts = side_by_side(_validated_mean, [(kinds, result.settings, fold, seed) for fold in folds])
    scores = np.empty(len(panel))
    for fold, part in zip(folds, parts, strict=True):
        scores[fold.val] = part
    mean = np.mean([roc_auc(fold.y_val, part) for fold, part in zip(folds, parts, strict=True)])
    return float(mean), rows.assign(**{RAW: scores})


def used(
    result: SearchResult,
    method: str,
    panel: pd.DataFrame,
    judged: pd.DataFrame,
    prepare: ColumnTransformer,
    top: int,
    most: int,
    seed: int,
) -> tuple[Pipeline, pd.DataFrame, pd.Series | None]:
    """What scores customers: the recipe that was tested, fitted on every row whose outcome is known.

    Parameters
    ----------
    judged : DataFrame
        Rows with their outcome and `raw`, the probability by a model that had not seen it, for calibration and
        threshold: of `left_out`, or the rows of all `origins`.

    Returns
    -------
    Pipeline
        Calibrated.
    DataFrame
        `judged` with the calibrated `score`.
    Series or None
        Of a customer table, whose customers are those that it learnt from: their probability when they were left out,
        by customer. None of a log, of which today's outcome is not known to anyone.
    """
    model = fit_chosen(result, panel, prepare, top, most, seed)
    model, judged = calibrated(model, method, judged)
    own = None if "as_of" in panel else judged.set_index("customer_id")[SCORE]
    return model, judged, own


def _validated_mean(kinds: Sequence[str], settings: Mapping[str, Setting], fold: Fold, seed: int) -> np.ndarray:
    probabilities = [validate(kind, settings[kind], fold, len(fold.y), seed) for kind in kinds]
    return np.mean(probabilities, axis=0).round(9)
