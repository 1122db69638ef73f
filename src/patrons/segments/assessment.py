"""How well does a model place customers that it has not seen? Its scores and errors."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from sklearn.base import ClassifierMixin
from sklearn.compose import ColumnTransformer
from sklearn.dummy import DummyClassifier
from sklearn.pipeline import Pipeline

from patrons.evaluation import multiclass
from patrons.evaluation.metrics import Interval
from patrons.evaluation.shares import rates_by
from patrons.features.preparation import only
from patrons.segments.classification import Folds, likeliest, out_of_fold, probabilities, quick
from patrons.segments.placement import Task


@dataclass(frozen=True)
class Assessment:
    """Scores on the held-out customers, whom neither the model nor the choice of its family has seen.

    Attributes
    ----------
    names : list of str
        Segments, in the order of the columns of `probabilities`.
    probabilities : array of shape (customers, segments)
    predictions : array of str
        The likeliest segment of each.
    scores, baseline, gain : dict of str to Interval
        Accuracy, balanced accuracy and macro-F1 of the model, of always saying the largest segment, and their
        differences.
    log_loss : Interval
    reliability : DataFrame
        What `multiclass.calibration` returns, and `calibration_error` with it.
    recalls : DataFrame
        Of each segment's members the share (`rate`) who are placed in it, with its interval `low` and `high`: 95% for
        all segments at once, as the hardest will be picked.
    """

    names: list[str]
    probabilities: np.ndarray
    predictions: np.ndarray
    scores: dict[str, Interval]
    baseline: dict[str, Interval]
    gain: dict[str, Interval]
    log_loss: Interval
    reliability: pd.DataFrame
    calibration_error: float
    recalls: pd.DataFrame

    @property
    def recall(self) -> pd.Series:
        """Share of each segment's members who are placed in it."""
        return self.recalls["rate"]

    @property
    def weakest(self) -> str:
        """The segment that is hardest to recognise."""
        return str(self.recall.idxmin())

    @property
    def beats_baseline(self) -> bool:
        """Whether accuracy and macro-F1 both exceed the baseline's beyond their intervals."""
        return min(self.gain["accuracy"].low, self.gain["macro_f1"].low) > 0

    def for_card(self, cross_validated: Interval) -> dict[str, Interval | float]:
        """Scores for the model's card."""
        return {
            **self.scores,
            "cross_validated_accuracy": cross_validated,
            "log_loss": self.log_loss,
            "calibration_error": self.calibration_error,
        }

    def is_fit_for_use(self, min_recall: float) -> bool:
        """Whether it beats the baseline and recognises at least that share of each segment."""
        return self.beats_baseline and bool(self.recall.min() >= min_recall)


def assess(model: Pipeline, task: Task) -> Assessment:
    """A fitted model on the held-out customers of its task."""
    truth, names, given = task.y_test, list(model.classes_), probabilities(model, task.X_test)
    predictions = likeliest(given, names)
    largest = DummyClassifier().fit(task.X, task.y).predict(task.X_test)
    return Assessment(
        names,
        given,
        predictions,
        multiclass.scores(truth, predictions),
        multiclass.scores(truth, largest),
        multiclass.differences(truth, predictions, largest),
        multiclass.log_loss(truth, given, names),
        *multiclass.calibration(truth, given, names),
        rates_by(pd.Series(truth == predictions).astype(int), truth, at_once=True),
    )


def distillation(task: Task, prepare: ColumnTransformer, model: ClassifierMixin, folds: Folds) -> dict[str, Interval]:
    """Scores out of fold of a model that sees what the segments were made from; a forest as in a search."""
    given = out_of_fold(only(prepare, task.hidden), {"": quick(model)}, task.X_hidden, task.y, folds)[""]
    return multiclass.scores(task.y, likeliest(given, task.names))
