"""Scores of predictions of one among several classes, with intervals.

Accuracy, balanced accuracy and macro-F1 follow from counts alone, so resampling rows (Efron, 1979) is drawing counts:
one multinomial draw a resample, however many rows there are.
"""

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import pandas as pd

from patrons.evaluation.metrics import Interval

Classes = Sequence[str] | Sequence[int] | np.ndarray  # what the columns of probabilities stand for

REPEATS = 2000
LEAST = 1e-6  # probabilities are rounded to six decimals: a 0 may stand for as much


def accuracy(counts: np.ndarray) -> np.ndarray:
    """Share of rows predicted right; `counts` are confusion matrices of shape (..., true, predicted)."""
    return np.trace(counts, axis1=-2, axis2=-1) / counts.sum(axis=(-2, -1))


def balanced_accuracy(counts: np.ndarray) -> np.ndarray:
    """Mean recall over classes: each class counts alike."""
    return _mean_of_present(np.diagonal(counts, axis1=-2, axis2=-1), counts.sum(axis=-1))


def macro_f1(counts: np.ndarray) -> np.ndarray:
    """Mean of each class's F1, the harmonic mean of precision and recall."""
    total = counts.sum(axis=-1) + counts.sum(axis=-2)
    return _mean_of_present(2 * np.diagonal(counts, axis1=-2, axis2=-1), total)


def _mean_of_present(part: np.ndarray, whole: np.ndarray) -> np.ndarray:
    present = whole > 0
    return (part / np.where(present, whole, 1)).sum(axis=-1) / present.sum(axis=-1)


SCORES: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "accuracy": accuracy,
    "balanced_accuracy": balanced_accuracy,
    "macro_f1": macro_f1,
}


def scores(truth: np.ndarray, predictions: np.ndarray, seed: int = 0) -> dict[str, Interval]:
    """Each of `SCORES` with its 95% percentile interval over resampled rows."""
    counts, resampled = _counts([truth, predictions], seed)
    return {name: _interval(score(counts), score(resampled)) for name, score in SCORES.items()}


def differences(truth: np.ndarray, predictions: np.ndarray, other: np.ndarray, seed: int = 0) -> dict[str, Interval]:
    """Each of `SCORES` of predictions minus that of `other` predictions of the same rows, with the paired interval."""
    counts, resampled = _counts([truth, predictions, other], seed)
    return {
        name: _interval(
            score(counts.sum(axis=-1)) - score(counts.sum(axis=-2)),
            score(resampled.sum(axis=-1)) - score(resampled.sum(axis=-2)),
        )
        for name, score in SCORES.items()
    }


def _counts(columns: Sequence[np.ndarray], seed: int) -> tuple[np.ndarray, np.ndarray]:
    """How often each combination of classes occurs, and the same in `REPEATS` resamples of the rows."""
    classes, codes = np.unique(np.concatenate(columns), return_inverse=True)
    shape = (len(classes),) * len(columns)
    cells = np.asarray(np.ravel_multi_index(tuple(codes.reshape(len(columns), -1)), shape))
    counts = np.bincount(cells, minlength=np.prod(shape))
    resampled = np.random.default_rng(seed).multinomial(len(cells), counts / len(cells), REPEATS)
    return counts.reshape(shape), resampled.reshape(REPEATS, *shape)


def _interval(value: np.ndarray, resampled: np.ndarray) -> Interval:
    low, high = np.quantile(resampled, [0.025, 0.975])
    return Interval(float(value), float(low), float(high))


def flat(intervals: Mapping[str, Interval]) -> dict[str, float]:
    """Intervals as plain numbers: `name`, `name_low`, `name_high`."""
    return {
        name + ending: part
        for name, interval in intervals.items()
        for ending, part in zip(("", "_low", "_high"), interval, strict=True)
    }


def log_loss(truth: np.ndarray, probabilities: np.ndarray, classes: Classes) -> Interval:
    """Mean of -ln of the probability given to what was true, with its normal interval; 0 is perfect.

    Parameters
    ----------
    truth : array of shape (n,)
    probabilities : array of shape (n, classes)
    classes : sequence
        What the columns of `probabilities` stand for.
    """
    losses = -np.log(probability_of_truth(truth, probabilities, classes).clip(LEAST))
    reach = 1.96 * losses.std(ddof=1) / np.sqrt(len(losses))
    return Interval(float(losses.mean()), float(losses.mean() - reach), float(losses.mean() + reach))


def probability_of_truth(truth: np.ndarray, probabilities: np.ndarray, classes: Classes) -> np.ndarray:
    """The probability that the model gives to each row's true class; 0 where that has no column."""
    column = pd.Index(classes).get_indexer(pd.Index(truth))
    return np.where(column < 0, 0.0, probabilities[np.arange(len(truth)), column])


def calibration(
    truth: np.ndarray, probabilities: np.ndarray, classes: Classes, groups: int = 10
) -> tuple[pd.DataFrame, float]:
    """Whether a prediction made with 80% probability is right 8 times in 10 (Guo et al., On Calibration, 2017).

    Returns
    -------
    DataFrame
        One row for each of `groups` of equal size, by how sure the model is: `confidence` (mean probability of the
        predicted class), `accuracy` (share predicted right), `rows`.
    float
        The mean distance between the two, over rows.
    """
    confidence, right = probabilities.max(axis=1), np.asarray(classes)[probabilities.argmax(axis=1)] == truth
    parts = [part for part in np.array_split(np.argsort(confidence, kind="stable"), groups) if len(part)]
    table = pd.DataFrame(
        [{"confidence": confidence[p].mean(), "accuracy": right[p].mean(), "rows": len(p)} for p in parts]
    )
    return table, float(np.average((table.confidence - table.accuracy).abs(), weights=table["rows"]))
