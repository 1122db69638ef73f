"""Scores of forecasts with bootstrap intervals, all resamples at once: rows are weighted instead of drawn.

Every metric takes outcomes (0 and 1), scores, and weights of shape (resamples, rows), and returns a value for each
resample. A row that a bootstrap sample (Efron, 1979) holds three times has a weight of 3.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from itertools import pairwise

import numpy as np
import pandas as pd

from patrons.evaluation.metrics import Interval

Weighted = Callable[[np.ndarray, np.ndarray, np.ndarray], np.ndarray]
Loss = Callable[[np.ndarray, np.ndarray], np.ndarray]
TOP = 0.1  # the decile that looks most likely to churn
MISSING = Interval(np.nan, np.nan, np.nan)
AT_ONCE = 2_000_000  # weights held in memory at a time


def _steps(truth: np.ndarray, score: np.ndarray, weights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Cumulative weight of positives and of negatives from the highest score down, equal scores in one step."""
    order = np.argsort(-score, kind="stable")
    ends = np.append(np.flatnonzero(np.diff(score[order])), len(score) - 1)
    sorted_weights, positive = weights[:, order], truth[order] == 1
    hits = np.cumsum(sorted_weights * positive, axis=1)[:, ends]
    return hits, np.cumsum(sorted_weights * ~positive, axis=1)[:, ends]


def _roc_auc(truth: np.ndarray, score: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Weight of the pairs in which the positive scores higher, equal ones counting half, by the weight of all pairs."""
    positive, negative = np.flatnonzero(truth == 1), np.flatnonzero(truth != 1)
    positive = positive[np.argsort(-score[positive], kind="stable")]
    falling = -score[positive]
    above, not_below = (np.searchsorted(falling, -score[negative], side) for side in ("left", "right"))
    hits = np.zeros((len(weights), len(positive) + 1))  # weight of so many positives, from the highest score down
    np.cumsum(weights[:, positive], axis=1, out=hits[:, 1:])
    alarms = weights[:, negative]
    won = np.einsum("ij,ij->i", hits[:, above], alarms)
    if (above != not_below).any():
        won = (won + np.einsum("ij,ij->i", hits[:, not_below], alarms)) / 2
    pairs = hits[:, -1] * alarms.sum(axis=1)
    return won / np.where(pairs > 0, pairs, np.nan)


def _pr_auc(truth: np.ndarray, score: np.ndarray, weights: np.ndarray) -> np.ndarray:
    hits, alarms = _steps(truth, score, weights)
    precision = hits / np.maximum(hits + alarms, 1e-12)
    total = hits[:, -1]
    return (precision * np.diff(hits, axis=1, prepend=0)).sum(axis=1) / np.where(total > 0, total, np.nan)


def _mean(loss: Loss, truth: np.ndarray, score: np.ndarray, weights: np.ndarray) -> np.ndarray:
    return weights @ loss(truth, score) / weights.sum(axis=1)


def _square(truth: np.ndarray, score: np.ndarray) -> np.ndarray:
    return (score - truth) ** 2


def _log_loss(truth: np.ndarray, score: np.ndarray) -> np.ndarray:
    return -np.log(np.clip(np.where(truth == 1, score, 1 - score), 1e-6, 1))


def _top(truth: np.ndarray, score: np.ndarray, weights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Share of positives in the top tenth, and share of the positives that lie in it."""
    hits, alarms = _steps(truth, score, weights)
    rows, size = hits + alarms, TOP * weights.sum(axis=1)
    resample, step = np.arange(len(weights)), (rows < size[:, None]).sum(axis=1)  # the top tenth ends within this step
    rows_before, hits_before = (np.pad(counts, ((0, 0), (1, 0)))[resample, step] for counts in (rows, hits))
    part = (size - rows_before) / (rows[resample, step] - rows_before)
    inside = hits_before + part * (hits[resample, step] - hits_before)
    return inside / size, inside / np.where(hits[:, -1] > 0, hits[:, -1], np.nan)


def _lift(truth: np.ndarray, score: np.ndarray, weights: np.ndarray) -> np.ndarray:
    base = weights @ truth / weights.sum(axis=1)
    return _top(truth, score, weights)[0] / np.where(base > 0, base, np.nan)


def _recall_at_top(truth: np.ndarray, score: np.ndarray, weights: np.ndarray) -> np.ndarray:
    return _top(truth, score, weights)[1]


def _verdict(name: str, threshold: float, truth: np.ndarray, score: np.ndarray, weights: np.ndarray) -> np.ndarray:
    flagged = score >= threshold
    hits, flags = weights @ (flagged * truth), weights @ flagged.astype(float)
    positives, all_rows = weights @ truth, weights.sum(axis=1)
    part, whole = {
        "accuracy": (all_rows - flags - positives + 2 * hits, all_rows),
        "precision": (hits, flags),
        "recall": (hits, positives),
        "f1": (2 * hits, flags + positives),
    }[name]
    return part / np.where(whole > 0, whole, np.nan)


LOSSES: dict[str, Loss] = {"brier": _square, "log_loss": _log_loss}  # of each row; the metrics are their means
RANKING: dict[str, Weighted] = {
    "roc_auc": _roc_auc,
    "pr_auc": _pr_auc,
    **{name: partial(_mean, loss) for name, loss in LOSSES.items()},
    "lift_top_decile": _lift,
    "recall_at_top_decile": _recall_at_top,
}


def at(threshold: float) -> dict[str, Weighted]:
    """Metrics of the verdict `score >= threshold`: accuracy, precision, recall, F1."""
    return {name: partial(_verdict, name, threshold) for name in ("accuracy", "precision", "recall", "f1")}


def intervals(
    metrics: Mapping[str, Weighted], truth: np.ndarray, score: np.ndarray, repeats: int = 500, seed: int = 0
) -> dict[str, Interval]:
    """Each metric with its 95% percentile interval over the same resampled rows; missing where it has no value.

    Without a row no metric has one.
    """
    if not len(truth):
        return dict.fromkeys(metrics, MISSING)
    rows = np.arange(len(truth))
    values = _resampled(lambda weights: {n: m(truth, score, weights) for n, m in metrics.items()}, rows, repeats, seed)
    return {name: percentiles(resamples) for name, resamples in values.items()}


def difference(
    metric: Weighted, truth: np.ndarray, score: np.ndarray, other: np.ndarray, repeats: int = 500, seed: int = 0
) -> Interval:
    """Metric of `score` minus metric of `other`, both over the same resampled rows."""
    return mean_difference(metric, [(truth, score, other)], [np.arange(len(truth))], repeats, seed)


def mean_difference(
    metric: Weighted,
    parts: Sequence[tuple[np.ndarray, np.ndarray, np.ndarray]],
    who: Sequence[np.ndarray],
    repeats: int = 500,
    seed: int = 0,
) -> Interval:
    """As `difference`, the mean over folds; each of `parts` is a fold's truth, score and other score.

    Customers are resampled, not rows (cluster bootstrap; Field & Welsh, Bootstrapping clustered data, 2007): one who is
    in several folds is drawn into all of them.

    Parameters
    ----------
    who : sequence of array
        For each fold whose row it is, for each row.
    """

    def gain(truth: np.ndarray, score: np.ndarray, other: np.ndarray, weights: np.ndarray) -> np.ndarray:
        return metric(truth, score, weights) - metric(truth, other, weights)

    return _mean_over(gain, parts, who, repeats, seed)


def mean(
    metric: Weighted,
    parts: Sequence[tuple[np.ndarray, np.ndarray]],
    who: Sequence[np.ndarray],
    repeats: int = 500,
    seed: int = 0,
) -> Interval:
    """Mean of a metric over folds, each of `parts` a fold's truth and score, by resampled customers."""
    return _mean_over(metric, parts, who, repeats, seed)


def _mean_over(
    statistic: Callable[..., np.ndarray],
    parts: Sequence[tuple[np.ndarray, ...]],
    who: Sequence[np.ndarray],
    repeats: int,
    seed: int,
) -> Interval:
    ends = np.cumsum([len(rows) for rows in who])[:-1]

    def over_folds(weights: np.ndarray) -> dict[str, np.ndarray]:
        of_folds = zip(parts, np.split(weights, ends, axis=1), strict=True)
        return {"": np.mean([statistic(*part, own) for part, own in of_folds], axis=0)}

    return percentiles(_resampled(over_folds, np.concatenate(who), repeats, seed)[""])


def _resampled(
    statistics: Callable[[np.ndarray], dict[str, np.ndarray]], who: np.ndarray, repeats: int, seed: int
) -> dict[str, np.ndarray]:
    """Values on the rows as they are, then on each resample of those whose rows they are."""
    owner, owners = pd.factorize(who)
    rng, rows, drawn = np.random.default_rng(seed), len(who), len(owners)
    parts = [statistics(np.ones((1, rows)))]
    at_once = max(1, AT_ONCE // rows)
    for first in range(0, repeats, at_once):
        size = min(at_once, repeats - first)
        cells = rng.integers(0, drawn, (size, drawn)) + drawn * np.arange(size)[:, None]
        counts = np.bincount(cells.ravel(), minlength=size * drawn).reshape(size, drawn).astype(float)
        parts.append(statistics(counts if drawn == rows else counts[:, owner]))
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def percentiles(values: np.ndarray) -> Interval:
    """The first value with the 95% interval of the others, which are resamples; missing ones are left aside."""
    known = values[1:][~np.isnan(values[1:])]
    low, high = np.quantile(known, [0.025, 0.975]) if len(known) else (np.nan, np.nan)
    return Interval(float(values[0]), float(low), float(high))


def by_band(truth: np.ndarray, score: np.ndarray, recency: np.ndarray, horizon_days: int) -> pd.DataFrame:
    """ROC AUC within bands of silence, so that customers lost long ago do not flatter it.

    Returns
    -------
    DataFrame
        `silence` (days since the last order), `customers`, `churned` (share), `value`, `low`, `high`: the ROC AUC with
        its interval, missing where all had the same outcome.
    """
    edges = [0, horizon_days / 3, horizon_days, 2 * horizon_days, 4 * horizon_days, np.inf]
    rows = []
    for low, high in pairwise(edges):
        inside = (recency > low) & (recency <= high)
        if inside.any():
            auc = intervals({"": _roc_auc}, truth[inside], score[inside])[""]
            name = f"over {low:.0f} days" if np.isinf(high) else f"{low:.0f} to {high:.0f} days"
            rows.append((name, inside.sum(), truth[inside].mean(), *auc))
    return pd.DataFrame(rows, columns=["silence", "customers", "churned", "value", "low", "high"])
