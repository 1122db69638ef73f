"""Honest numbers: metrics with bootstrap intervals, thresholds from training rows, and splits that time allows."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy.stats import rankdata
from sklearn.metrics import average_precision_score, precision_recall_curve
from sklearn.model_selection import StratifiedKFold, train_test_split

Metric = Callable[[np.ndarray, np.ndarray], float]


class Interval(NamedTuple):
    """A score and its 95% bootstrap interval."""

    value: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.value:.3f} [{self.low:.3f}, {self.high:.3f}]"

    def told(self) -> str:
        """Of a difference of scores where high is good: "is better than", "is worse than", or that nobody can tell."""
        return "is better than" if self.low > 0 else "is worse than" if self.high < 0 else "cannot be told apart from"


def roc_auc(truth: np.ndarray, score: np.ndarray) -> float:
    """Chance that a positive scores above a negative, ties counting half (Mann & Whitney, 1947).

    The same number as scikit-learn's, in a fraction of its time: intervals ask for it thousands of times.
    """
    positive = np.asarray(truth) == 1
    n = positive.sum()
    return float((rankdata(score)[positive].sum() - n * (n + 1) / 2) / (n * (len(positive) - n)))


def brier(truth: np.ndarray, score: np.ndarray) -> float:
    """Mean squared distance of probabilities from what happened (Brier, 1950)."""
    return float(np.mean((np.asarray(score) - np.asarray(truth)) ** 2))


METRICS: dict[str, Metric] = {"roc_auc": roc_auc, "pr_auc": average_precision_score, "brier": brier}


def bootstrap(metric: Metric, truth: np.ndarray, score: np.ndarray, repeats: int = 500, seed: int = 0) -> Interval:
    """A metric and its 95% percentile interval over resampled rows (Efron, 1979).

    Resamples on which the metric has no value (one class only) are drawn again.
    """
    return _interval(lambda rows: metric(truth[rows], score[rows]), truth, repeats, seed)


def paired_difference(
    metric: Metric, truth: np.ndarray, score: np.ndarray, other: np.ndarray, repeats: int = 500, seed: int = 0
) -> Interval:
    """Metric of `score` minus metric of `other`, with the interval over the same resampled rows for both."""
    return _interval(
        lambda rows: metric(truth[rows], score[rows]) - metric(truth[rows], other[rows]), truth, repeats, seed
    )


def _interval(statistic: Callable[[np.ndarray], float], truth: np.ndarray, repeats: int, seed: int) -> Interval:
    rng = np.random.default_rng(seed)
    values: list[float] = []
    while len(values) < repeats:
        rows = rng.integers(0, len(truth), len(truth))
        if len(np.unique(truth[rows])) > 1:
            values.append(statistic(rows))
    low, high = np.quantile(values, [0.025, 0.975])
    return Interval(float(statistic(np.arange(len(truth)))), float(low), float(high))


def threshold_for_recall(truth: np.ndarray, score: np.ndarray, min_recall: float) -> float:
    """The highest threshold at which at least `min_recall` of the positives have a score at or above it.

    Parameters
    ----------
    truth : array of 0 and 1
    score : array of float
        Scores of rows that the model was not fitted on.
    min_recall : float
        Between 0 and 1.
    """
    _, recall, thresholds = precision_recall_curve(truth, score)
    return float(thresholds[recall[:-1] >= min_recall].max())


def profits(truth: np.ndarray, score: np.ndarray, value: float, cost: float, chance: float) -> pd.DataFrame:
    """What contacting everyone at or above each score would have brought.

    Parameters
    ----------
    truth, score : array
        Of rows that the model was not fitted on.
    value, cost, chance : float
        What a kept customer brings and what a contact costs (currency), and the chance that a contact keeps someone who
        would have churned.

    Returns
    -------
    DataFrame
        `threshold`, `contacted` (share of rows), `recall`, `precision`, `gain` (currency a customer of all), from the
        highest threshold down; the first row contacts nobody.
    """
    order = np.argsort(-score, kind="stable")
    ends = np.append(np.flatnonzero(np.diff(score[order])), len(score) - 1)
    found, contacted = np.cumsum(truth[order])[ends], ends + 1
    table = pd.DataFrame(
        {
            "threshold": score[order][ends],
            "contacted": contacted / len(score),
            "recall": found / max(truth.sum(), 1),
            "precision": found / contacted,
            "gain": (found * chance * value - contacted * cost) / len(score),
        }
    )
    nobody = pd.DataFrame([(np.nextafter(score.max(), 2), 0.0, 0.0, np.nan, 0.0)], columns=table.columns)
    return pd.concat([nobody, table], ignore_index=True)


def at_threshold(truth: np.ndarray, score: np.ndarray, threshold: float) -> dict[str, float]:
    """Counts and rates of the verdict `score >= threshold`: tn, fp, fn, tp, precision, recall."""
    cells = 2 * np.asarray(truth, int) + (np.asarray(score) >= threshold)
    tn, fp, fn, tp = (int(n) for n in np.bincount(cells, minlength=4))
    return {
        "tn": tn,
        "fp": fp,
        "fn": fn,
        "tp": tp,
        "precision": tp / (tp + fp) if tp + fp else 0.0,
        "recall": tp / (tp + fn) if tp + fn else 0.0,
    }


def calibration_error(truth: np.ndarray, score: np.ndarray, groups: int = 10) -> float:
    """Mean distance of forecast from observed shares, over groups of equal size by forecast (Naeini et al., 2015)."""
    parts = np.array_split(np.argsort(score, kind="stable"), groups)
    gaps = [abs(np.mean(truth[part]) - np.mean(score[part])) for part in parts if len(part)]
    return float(np.average(gaps, weights=[len(part) for part in parts if len(part)]))


def copies(table: pd.DataFrame) -> np.ndarray:
    """A number for each row, the same for rows that are equal in every column, missing values included."""
    return pd.factorize(pd.util.hash_pandas_object(table, index=False))[0]


def hold_out(groups: np.ndarray, outcome: np.ndarray, share: float, seed: int) -> np.ndarray:
    """Which rows to test on: a random `share` of the groups, with every outcome in its proportion.

    Rows of one group (see `copies`) stay on one side, so that no model is tested on a copy of what it learnt. An
    outcome that one group alone has falls on either side by chance.
    """
    first = ~pd.Series(groups).duplicated().to_numpy()
    strata = _strata(outcome[first], 2)
    _, held = train_test_split(groups[first], test_size=share, stratify=strata, random_state=seed)
    return np.isin(groups, held)


def _strata(outcome: np.ndarray, least: int) -> np.ndarray:
    """Outcomes as numbers, those of fewer than `least` rows counted as the commonest: they cannot be parted evenly."""
    codes = np.unique(outcome, return_inverse=True)[1]
    counts = np.bincount(codes)
    return np.where(counts[codes] < least, counts.argmax(), codes)


def random_folds(groups: np.ndarray, outcome: np.ndarray, folds: int, seed: int) -> list[tuple[np.ndarray, np.ndarray]]:
    """Training and validation row numbers of each fold; rows of one group stay in one fold."""
    first = np.flatnonzero(~pd.Series(groups).duplicated())
    parts = StratifiedKFold(folds, shuffle=True, random_state=seed).split(first, _strata(outcome[first], folds))
    validated = [np.isin(groups, groups[first[chosen]]) for _, chosen in parts]
    return [(np.flatnonzero(~rows), np.flatnonzero(rows)) for rows in validated]
