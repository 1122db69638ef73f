"""Scores of a verdict among several classes, with intervals.

Accuracy, balanced accuracy and macro-F1 follow from counts alone, so resampling rows (Efron, 1979) is drawing counts:
one multinomial draw a resample, however many rows there are.
"""

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import pandas as pd

from patrons.evaluation.metrics import Interval

REPEATS = 2000
LEAST = 1e-6  # probabilities are kept to six decimals: a 0 may be as much


def accuracy(counts: np.ndarray) -> np.ndarray:
    """Share of rows told right; `counts` are confusion matrices (..., true, told)."""
    return np.trace(counts, axis1=-2, axis2=-1) / counts.sum(axis=(-2, -1))


def balanced_accuracy(counts: np.ndarray) -> np.ndarray:
    """Mean over classes of the share that is found: each class counts alike."""
    true = counts.sum(axis=-1)
    return _mean_of_present(np.diagonal(counts, axis1=-2, axis2=-1), true)


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


def scores(truth: np.ndarray, told: np.ndarray, seed: int = 0) -> dict[str, Interval]:
    """Each of `SCORES` with its 95% percentile interval over resampled rows."""
    counts, drawn = _counts([truth, told], seed)
    return {name: _interval(score(counts), score(drawn)) for name, score in SCORES.items()}


def differences(truth: np.ndarray, told: np.ndarray, other: np.ndarray, seed: int = 0) -> dict[str, Interval]:
    """Each of `SCORES` of one verdict minus that of another on the same rows, with the paired interval."""
    counts, drawn = _counts([truth, told, other], seed)
    return {
        name: _interval(
            score(counts.sum(axis=-1)) - score(counts.sum(axis=-2)),
            score(drawn.sum(axis=-1)) - score(drawn.sum(axis=-2)),
        )
        for name, score in SCORES.items()
    }


def _counts(verdicts: Sequence[np.ndarray], seed: int) -> tuple[np.ndarray, np.ndarray]:
    """How often each combination of verdicts occurs, and the same in `REPEATS` resamples of the rows."""
    classes, codes = np.unique(np.concatenate(verdicts), return_inverse=True)
    shape = (len(classes),) * len(verdicts)
    cells = np.ravel_multi_index(codes.reshape(len(verdicts), -1), shape)
    counts = np.bincount(cells, minlength=np.prod(shape))
    drawn = np.random.default_rng(seed).multinomial(len(cells), counts / len(cells), REPEATS)
    return counts.reshape(shape), drawn.reshape(REPEATS, *shape)


def _interval(value: np.ndarray, drawn: np.ndarray) -> Interval:
    low, high = np.quantile(drawn, [0.025, 0.975])
    return Interval(float(value), float(low), float(high))


def flat(told: Mapping[str, Interval]) -> dict[str, float]:
    """Intervals as plain numbers: `name`, `name_low`, `name_high`."""
    return {
        name + ending: part
        for name, interval in told.items()
        for ending, part in zip(("", "_low", "_high"), interval, strict=True)
    }


def log_loss(truth: np.ndarray, probabilities: np.ndarray, classes: Sequence) -> Interval:
    """Mean of -ln of the probability given to what was true, with its normal interval; 0 is perfect.

    Parameters
    ----------
    truth : array of shape (n,)
    probabilities : array of shape (n, classes)
    classes : sequence
        What the columns of `probabilities` stand for.
    """
    losses = -np.log(of_truth(truth, probabilities, classes).clip(LEAST))
    reach = 1.96 * losses.std(ddof=1) / np.sqrt(len(losses))
    return Interval(float(losses.mean()), float(losses.mean() - reach), float(losses.mean() + reach))


def of_truth(truth: np.ndarray, probabilities: np.ndarray, classes: Sequence) -> np.ndarray:
    """The probability that each row gives to its true class; 0 where that has no column."""
    column = pd.Index(classes).get_indexer(truth)
    return np.where(column < 0, 0.0, probabilities[np.arange(len(truth)), column])


def calibration(
    truth: np.ndarray, probabilities: np.ndarray, classes: Sequence, groups: int = 10
) -> tuple[pd.DataFrame, float]:
    """Whether a verdict said with 80 % is right 8 times in 10 (Guo et al., On Calibration, 2017).

    Returns
    -------
    DataFrame
        One row for each of `groups` of equal size, by how sure the verdict is: `said` (mean probability of the
        verdict), `right` (share told right), `rows`.
    float
        The mean distance between the two, over rows.
    """
    sure, verdict = probabilities.max(axis=1), np.asarray(classes)[probabilities.argmax(axis=1)]
    parts = [part for part in np.array_split(np.argsort(sure, kind="stable"), groups) if len(part)]
    table = pd.DataFrame(
        [{"said": sure[p].mean(), "right": (verdict[p] == truth[p]).mean(), "rows": len(p)} for p in parts]
    )
    return table, float(np.average((table.said - table.right).abs(), weights=table["rows"]))
