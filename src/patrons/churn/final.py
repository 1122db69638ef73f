"""The models that are tested and saved: every kind and the mean of the best, fitted on all training rows."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from sklearn.base import ClassifierMixin
from sklearn.compose import ColumnTransformer
from sklearn.pipeline import Pipeline

from patrons.churn.ensemble import Calibrated, MeanOf
from patrons.churn.kinds import KINDS, MEAN, Setting, build
from patrons.churn.preprocessing import Fold, View, as_matrices, fit_preprocessing, owners, views
from patrons.churn.search import SearchResult, validate
from patrons.evaluation.metrics import roc_auc
from patrons.evaluation.splits import random_folds
from patrons.features.panel import OUTCOME
from patrons.features.split import GROUP, inputs
from patrons.threads import one_thread, side_by_side


@dataclass(frozen=True)
class Final:
    """What is fitted on all training rows.

    Attributes
    ----------
    models : dict
        Of each kind and of the mean a pipeline from raw feature columns to a probability; the chosen one is calibrated.
    model : Pipeline
        The chosen one, which is saved.
    validated : DataFrame
        The validated rows, with the chosen model's probabilities calibrated.
    """

    models: dict[str, Pipeline]
    model: Pipeline
    validated: pd.DataFrame


def fit(
    result: SearchResult, method: str, train: pd.DataFrame, prepare: ColumnTransformer, top: int, rows: int, seed: int
) -> Final:
    """Fit every kind with its chosen setting on all training rows, and calibrate the chosen model.

    Parameters
    ----------
    method : str
        How probabilities are calibrated on validated rows (see `calibration.best`), or "none".
    top, rows : int
        Columns that are kept (0: all), and rows that these are chosen on, at most.
    """
    X, y = inputs(train), train[OUTCOME].to_numpy()
    ready, Z = fit_preprocessing(prepare, X, y, top, rows, seed, owners(train))
    fitted = fit_kinds(result, Z, y, dict(zip(KINDS, views(ready, KINDS), strict=True)), seed)
    validated, chosen = result.validation, result.chosen
    if method != "none":
        score = validated[chosen].to_numpy()
        fitted[chosen] = Calibrated(fitted[chosen], method).fit(score, validated[OUTCOME].to_numpy())
        validated = validated.assign(**{chosen: fitted[chosen].calibrate(score).round(9)})
    models = {name: as_pipeline(ready, model) for name, model in fitted.items()}
    return Final(models, models[chosen], validated)


@one_thread
def fit_kinds(
    result: SearchResult, Z: np.ndarray, y: np.ndarray, seen: Mapping[str, View], seed: int
) -> dict[str, ClassifierMixin]:
    """Every kind with its setting, and the mean of the members, fitted on what each sees of preprocessed rows `Z`."""
    calls = [(kind, setting, Z[:, slice(*seen[kind])], y, seed) for kind, setting in result.settings.items()]
    fitted = dict(zip(result.settings, side_by_side(_fit, calls), strict=True))
    return {
        name: MeanOf.of_fitted(
            [fitted[kind] for kind in result.kinds(name)], Z, [seen[kind] for kind in result.kinds(name)]
        )
        for name in (*fitted, MEAN)
    }


def _fit(kind: str, setting: Setting, X: np.ndarray, y: np.ndarray, seed: int) -> ClassifierMixin:
    return build(kind, setting, seed).fit(X, y)


@one_thread
def as_pipeline(fitted: Pipeline, model: ClassifierMixin) -> Pipeline:
    """Fitted preprocessing and a fitted model as one pipeline, from raw feature columns to a probability."""
    return Pipeline([*fitted.steps, ("model", model)])


@one_thread
def cross_validated(
    result: SearchResult, panel: pd.DataFrame, prepare: ColumnTransformer, top: int, cv_folds: int, seed: int
) -> float:
    """Mean ROC AUC of the chosen model: of a log over its origins, of a table over folds of the *whole* table.

    The settings were chosen on folds of a table's training rows, so the last is what published cross-validations are,
    and a little kinder than the hold-out.
    """
    if "as_of" in panel:
        return result.cv_roc_auc(result.chosen)
    pairs = random_folds(panel[GROUP].to_numpy(), panel[OUTCOME].to_numpy(), cv_folds, seed)
    folds = as_matrices(panel, pairs, prepare, top, len(panel), seed)
    kinds = result.kinds(result.chosen)
    return float(np.mean(side_by_side(_validated_mean, [(kinds, result.settings, fold, seed) for fold in folds])))


def _validated_mean(kinds: Sequence[str], settings: Mapping[str, Setting], fold: Fold, seed: int) -> float:
    probabilities = [validate(kind, settings[kind], fold, len(fold.y), seed) for kind in kinds]
    return roc_auc(fold.y_val, np.mean(probabilities, axis=0).round(9))
