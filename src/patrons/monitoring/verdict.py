"""Train anew? One verdict: of a log by its losses, of a customer table by its ranking, and by the champion's age.

Drift of inputs is not asked: it tells nothing of harm.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

import numpy as np
import pandas as pd

from patrons.monitoring import verdict_log, verdict_narrative, verdict_table
from patrons.monitoring.verdict_log import LOSS, Release
from patrons.monitoring.verdict_narrative import NONE, RETRAIN, WATCH
from patrons.monitoring.verdict_rules import Limits, age, f1_slope


@dataclass(frozen=True)
class Verdict:
    """Whether to train anew, and why.

    Attributes
    ----------
    verdict : str
        "none", "watch" or "retrain".
    reason : str
        A sentence.
    rules : list of dict
        `rule` ("cusum", "windows", "slope", "age"), `value`, `limit`, `fired`, and `run_length`: windows from one false
        alarm to the next as computed, missing where it is not. Rules that are off, or have nothing to look at, are
        left out.
    path : DataFrame
        A row a window: `day` (its last), `customers`, `loss`, `loss_error`, `excess` (share above the release's mean),
        `bound` (excess from which it is bad), `bad`, `cusum`, `limit`, `fired` (by CUSUM or count).
    release : Release or None
    """

    verdict: str
    reason: str
    rules: list[dict[str, object]] = field(default_factory=list)
    path: pd.DataFrame = field(default_factory=pd.DataFrame)
    release: Release | None = None

    @property
    def loss_excess(self) -> float:
        """Share by which the loss of the latest window lies above the release's; missing where none has matured."""
        return float(self.path.excess.iloc[-1]) if len(self.path) else np.nan

    @property
    def days_matured(self) -> int:
        """Windows that were judged."""
        return len(self.path)


def judge(
    reference: pd.DataFrame,
    seen: pd.DataFrame,
    limits: Limits,
    horizon_days: int | None = None,
    trained: date | None = None,
    today: date | None = None,
) -> Verdict:
    """One verdict of the days tried and the days after.

    Parameters
    ----------
    reference, seen : DataFrame
        Rows of `matured.days`: of the release's own days (`tried`), and of matured days after its training (`replayed`,
        `kept`; of a day with both, what was kept counts). `day` (missing of a table's left-out scores), `origin`,
        `customers`, `log_loss`, `log_loss_error`, `f1`, and of a table `roc_auc` with its interval. Days on which few
        customers, or not nearly all who were scored, have an outcome are left out (`verdict_table.complete`).
    horizon_days : int, optional
        After which an outcome is known; None of a table, of whose batches the ranking is judged (`verdict_table`).
    trained : date, optional
        Until when the champion learnt; its age counts from it, and the first day to see.
    today : date, optional
        The end of the log.
    """
    reference = reference.dropna(subset=[LOSS])
    release: Release | None = None
    rules: list[dict[str, object]] = []
    enough = verdict_table.complete(seen)
    path = enough[:0].assign(excess=0.0)
    if len(reference) and horizon_days is None:
        path, rules = verdict_table.ranked(reference, enough)
    elif len(reference) and horizon_days is not None:
        release = verdict_log.described(reference, horizon_days)
        if len(windows := verdict_log.pooled(enough, verdict_log.per_customer(reference))):
            path, rules = verdict_log.watched(release, windows, limits, horizon_days)
    rules += [*f1_slope(seen, limits), *age(trained, today, limits)]
    fired = [rule for rule in rules if rule["fired"]]
    doubtful = bool(len(path)) and bool(_doubtful(path.iloc[-1]))
    verdict = RETRAIN if fired else WATCH if doubtful else NONE
    known = len(reference) > 0 or seen.empty
    reason = verdict_narrative.reason(verdict, fired, path, rules, known, trained, horizon_days, len(seen))
    return Verdict(verdict, reason, rules, path, release)


def _doubtful(last: pd.Series) -> bool:
    return last.bad or last.cusum > last.limit / 2


def record(found: Verdict) -> Mapping[str, object]:
    """What `monitoring.json` holds of the verdict; numbers that are not known are null."""
    excess = found.loss_excess
    return {
        "verdict": found.verdict,
        "reason": found.reason,
        "rules": [{name: _plain(value) for name, value in rule.items()} for rule in found.rules],
        "loss_excess": None if np.isnan(excess) else excess,
        "days_matured": found.days_matured,
    }


def _plain(value: object) -> object:
    return None if isinstance(value, float) and not np.isfinite(value) else value
