"""What is expected of days that have not matured, and how far such estimates were off on days that have.

Confidence-based performance estimation (CBPE; Kivimäki, Białek, Kuberski & Nurminen, Performance Estimation in Binary
Classification Using Calibrated Confidence, arXiv 2505.05295, 2025; compared with others in Białek et al., Estimating
Model Performance Under Covariate Shift Without Labels, arXiv 2401.08348): a customer with a probability of .3 counts
as three tenths of one who churns and seven tenths of one who does not. So counts of hits and false alarms are expected
without an outcome, as long as probabilities hold. Where the world changes what follows from the same features, or a
season makes all probabilities of a day too low, they do not: so an estimate is worth what it was on earlier days.
"""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd

from patrons.evaluation import scores
from patrons.monitoring.matured import (
    FEWEST_DAYS,
    FLAGS,
    OF_FLAGS,
    OF_PROBABILITIES,
    PROBABILITIES,
    arrays,
    by_day,
    can_be_kept,
    once,
)

ESTIMATED = (*OF_PROBABILITIES, *OF_FLAGS, "observed")
TOLERANCE = 0.1  # of a loss, as a share of it: half of the harm (20 %) that monitoring is to find
POINTS = 0.05  # of other metrics: the fall of F1 at which common practice retrains
WHOLE = ["day", "origin"]


def expected(rows: pd.DataFrame) -> dict[str, float]:
    """Each of `ESTIMATED` as it is to be expected of these rows if their probabilities hold.

    Every row counts twice: as churned with the weight of its probability, as kept with the rest; then each metric is
    what it is. Ratios are ratios of expected counts, as in the sources. `observed` is the expected share that churns.

    Parameters
    ----------
    rows : DataFrame
        `probability` and `flagged` of a scored frame (see `matured`); where a flag is missing, so are its metrics.
    """
    if rows.empty:
        return dict.fromkeys(ESTIMATED, np.nan)
    _, score, flags = arrays(rows.assign(churned=np.nan))
    truth, twice = np.repeat([1.0, 0.0], len(score)), np.concatenate([score, score])
    weights = np.concatenate([score, 1 - score])[None]
    found = {name: metric(truth, twice, weights) for name, metric in PROBABILITIES.items() if name in ESTIMATED}
    if not np.isnan(flags).any():
        both = np.concatenate([flags, flags])
        found |= {name: metric(truth, both, weights) for name, metric in FLAGS.items() if name in ESTIMATED}
    return {name: float(found[name][0]) if name in found else np.nan for name in ESTIMATED}


def estimates(scored: pd.DataFrame) -> pd.DataFrame:
    """What is expected of each day and origin without any outcome, of those who can be kept.

    Returns
    -------
    DataFrame
        `day`, `origin`, `customers`, and each of `ESTIMATED`.
    """
    rows = [(*key, len(part), *expected(part).values()) for key, part in _groups(scored, known=False)]
    return pd.DataFrame(rows, columns=[*WHOLE, "customers", *ESTIMATED])


def back_test(scored: pd.DataFrame) -> pd.DataFrame:
    """The estimate of each day that has matured, beside what came; by those who could be kept and have an outcome.

    On each day the probabilities are by a model that had not learnt its outcomes. The settings of that model may have
    been chosen on validated days that are among those tried (see `churn.origins`), so of these it is slightly kind.

    Returns
    -------
    DataFrame
        `day`, `origin`, `metric`, `estimated`, `observed`, `error` (estimated minus observed).
    """
    rows = []
    for key, part in _groups(scored, known=True):
        guessed, came = expected(part), observed(part)
        rows += [(*key, name, guessed[name], came[name], guessed[name] - came[name]) for name in ESTIMATED]
    return pd.DataFrame(rows, columns=[*WHOLE, "metric", "estimated", "observed", "error"])


def observed(rows: pd.DataFrame) -> dict[str, float]:
    """Each of `ESTIMATED` as it came, rankings missing where all had one outcome."""
    truth, score, flags = arrays(rows)
    weights, found = np.ones((1, len(rows))), dict.fromkeys(ESTIMATED, np.nan)
    if len(rows):
        found |= {name: PROBABILITIES[name](truth, score, weights)[0] for name in (*OF_PROBABILITIES, "observed")}
    if len(np.unique(truth)) < 2:
        found |= {"roc_auc": np.nan, "pr_auc": np.nan}
    if len(rows) and not np.isnan(flags).any():
        found |= {name: FLAGS[name](truth, flags, weights)[0] for name in OF_FLAGS}
    return {name: float(value) for name, value in found.items()}


def _groups(scored: pd.DataFrame, known: bool) -> Iterator[tuple[tuple[Any, str], pd.DataFrame]]:
    """Days and origins with an outcome (and their rows that have one), or those without any."""
    for day, origin, everyone in by_day(scored):
        rows = everyone[can_be_kept(everyone)]
        with_outcome = rows[rows.churned.notna()]
        if len(rows) and known == bool(len(with_outcome)):
            yield (day, origin), with_outcome if known else rows


def errors(back_tested: pd.DataFrame, tolerance: float = TOLERANCE, points: float = POINTS) -> pd.DataFrame:
    """How far estimates were off over the days that have matured, and whether they are to be shown.

    Parameters
    ----------
    back_tested : DataFrame
        What `back_test` returned; of a day with several origins, what was kept counts.
    tolerance : float
        Root mean square error of a loss up to which its estimate is shown, as a share of the mean loss that came.
    points : float
        The same of the other metrics, all between 0 and 1.

    Returns
    -------
    DataFrame
        Index each of `ESTIMATED`: `days`, `error` (root mean square over days), `bias` (mean), `limit` (in the metric's
        own unit), `shown` (at least `FEWEST_DAYS` days, and an error within the limit).
    """
    rows = []
    for name in ESTIMATED:
        own = once(back_tested[(back_tested.metric == name) & back_tested.error.notna()])
        error = float(np.sqrt(np.mean(own.error**2))) if len(own) else np.nan
        limit = tolerance * float(own.observed.mean()) if name in scores.LOSSES else points
        shown = len(own) >= FEWEST_DAYS and error <= limit
        rows.append((len(own), error, float(own.error.mean()), limit, shown))
    return pd.DataFrame(rows, pd.Index(ESTIMATED, name="metric"), ["days", "error", "bias", "limit", "shown"])


def shown(expected_of_days: pd.DataFrame, off: pd.DataFrame) -> pd.DataFrame:
    """The table of `estimates` with those metrics alone whose error over earlier days allows it (see `errors`)."""
    kept = [name for name in ESTIMATED if bool(off.shown[name])]
    return expected_of_days[[*WHOLE, "customers", *kept]]
