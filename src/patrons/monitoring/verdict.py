"""Train anew? One verdict of the losses of matured days beside those of the days on which the release was tried.

Drift of inputs is not asked: it tells nothing of harm. What is asked is whether the log loss of days after the training
lies above that of the release's own days by more than a tolerance. Three things make this hard, and are dealt with:

- Few days were tried (six to twelve). How much they scatter is known poorly, so the limit of the CUSUM is computed with
  that doubt (`run_length`), and the spread is shrunk towards that of days of simulated shops (`PRIOR`).
- A day's loss depends on its season. The days tried spread over a year or more, so their spread holds it; a shop of
  strong seasons has wide limits.
- Days a month apart with a horizon of three share outcomes. The limit is computed with windows that overlap so.

Losses over their no-skill forecast, over what the probabilities themselves expected, and relative to the season's own
day told harm worse on simulated shops (`benchmarks/monitoring.py`), because changed behaviour moves those, too.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

import numpy as np
import pandas as pd

from patrons.monitoring import run_length, verdict_narrative, verdict_table
from patrons.monitoring.verdict_narrative import NONE, RETRAIN, WATCH

LOSS, ERROR = "log_loss", "log_loss_error"
MONTH = 30  # days of a window: closer days are judged together
ALLOWANCE = 0.5  # taken off each window beside the tolerance, in spreads
BEYOND = 1.3  # spreads above the release's mean from which a window is bad, where that exceeds the tolerance
PRIOR, PRIOR_DAYS = 0.03, 5  # spread of a day's loss beside chance, as a share of it; worth so many days
RECORDS = 30  # over which the slope of F1 is taken
FEWEST_RECORDS = 3


@dataclass(frozen=True)
class Limits:
    """What the verdict may ask; all parameters of the notebook.

    Attributes
    ----------
    tolerance : float
        Share by which the loss may lie above the release's.
    run_length : int
        Windows from one false alarm of the CUSUM to the next, at least.
    bad_windows, of_windows : int
        So many bad windows of so many call for training anew.
    f1_fall : float
        Fall of F1 over the last 30 records that calls for it; 0 does not look at it.
    max_age_days : int
        Age of the champion that calls for it; 0 does not look at it.
    """

    tolerance: float = 0.08
    run_length: int = 120
    bad_windows: int = 2
    of_windows: int = 3
    f1_fall: float = 0.0
    max_age_days: int = 0

    def __post_init__(self) -> None:
        if self.bad_windows > self.of_windows:
            raise ValueError(
                f"bad_windows is {self.bad_windows} of of_windows {self.of_windows}: so many can never be bad. "
                "Give bad_windows a number up to of_windows."
            )


@dataclass(frozen=True)
class Release:
    """What the days on which a release was tried say of its loss.

    Attributes
    ----------
    mean : float
        Mean log loss of the days.
    spread : float
        Standard deviation of a day's loss as a share of the mean, shrunk towards `PRIOR` and chance.
    chance : float
        Of which this much is chance in who was there: the mean standard error, as a share.
    days : float
        How many days: of those closer than a horizon only the part that they do not share.
    """

    mean: float
    spread: float
    chance: float
    days: float

    @property
    def freedom(self) -> float:
        """Degrees of freedom with which the spread is known."""
        return self.days - 1 + PRIOR_DAYS


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
    limits: Limits = Limits(),
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
        release = described(reference, horizon_days)
        if len(windows := pooled(enough, per_customer(reference))):
            path, rules = watched(release, windows, limits, horizon_days)
    rules += [*f1_slope(seen, limits), *_age(trained, today, limits)]
    fired = [rule for rule in rules if rule["fired"]]
    doubtful = bool(len(path)) and bool(_doubtful(path.iloc[-1]))
    verdict = RETRAIN if fired else WATCH if doubtful else NONE
    known = len(reference) > 0 or seen.empty
    reason = verdict_narrative.reason(verdict, fired, path, rules, known, trained, horizon_days, len(seen))
    return Verdict(verdict, reason, rules, path, release)


def _doubtful(last: pd.Series) -> bool:
    return last.bad or last.cusum > last.limit / 2


def described(reference: pd.DataFrame, horizon_days: int) -> Release:
    """Mean and spread of the loss over the days on which a release was tried; at least one."""
    rows = reference.sort_values("day")
    mean = float(rows[LOSS].mean())
    chance = float(rows[ERROR].fillna(0).mean() / mean)
    own = float(rows[LOSS].var(ddof=1) / mean**2) if len(rows) > 1 else 0.0
    days = 1.0
    if len(rows) > 1:
        gaps = rows.day.diff().dt.days.iloc[1:]
        days += float(np.minimum(gaps / horizon_days, 1).sum())
    expected = PRIOR**2 + chance**2
    spread = np.sqrt(((days - 1) * own + PRIOR_DAYS * expected) / (days - 1 + PRIOR_DAYS))
    return Release(mean, float(spread), chance, days)


def per_customer(reference: pd.DataFrame) -> float:
    """By how much the loss of a customer scatters on the days tried."""
    return float((reference[ERROR] * np.sqrt(reference.customers)).mean())


def pooled(seen: pd.DataFrame, scatter: float = 0.0) -> pd.DataFrame:
    """Matured days as windows of `MONTH` days, from the first; of a day with several origins that of most customers.

    Of as many what was kept. Days of one window share customers: its error is their mean error, not a smaller one.

    Parameters
    ----------
    scatter : float
        What `per_customer` returns, for days that have too few customers to tell their own error.

    Returns
    -------
    DataFrame
        `day` (the window's last), `customers`, `loss`, `loss_error`, oldest first.
    """
    rows = seen.dropna(subset=[LOSS]).sort_values(["day", "customers", "origin"], ascending=[True, True, False])
    rows = rows.drop_duplicates("day", keep="last")
    rows = rows.assign(**{ERROR: rows[ERROR].fillna(scatter / np.sqrt(rows.customers))})
    window = (rows.day - rows.day.min()).dt.days // MONTH
    parts = [
        {
            "day": part.day.max(),
            "customers": int(part.customers.sum()),
            "loss": np.average(part[LOSS], weights=part.customers),
            "loss_error": np.average(part[ERROR], weights=part.customers),
        }
        for _, part in rows.groupby(window)
    ]
    return pd.DataFrame(parts, columns=["day", "customers", "loss", "loss_error"])


def watched(
    release: Release, windows: pd.DataFrame, limits: Limits, horizon_days: int
) -> tuple[pd.DataFrame, list[dict[str, object]]]:
    """The path of the CUSUM and of bad windows, and what the two rules say today.

    A window's excess is standardised by the release's spread, wider where it has fewer customers than the days tried:
    then the tolerance is less of its spread, so limit and bound are those of the widest, and of each in its spread.
    """
    excess = (windows.loss / release.mean - 1).to_numpy()
    own = (windows.loss_error / release.mean).to_numpy() ** 2
    spread = np.sqrt(release.spread**2 + np.maximum(own - release.chance**2, 0))
    allowance = round(limits.tolerance / float(spread.max()) + ALLOWANCE, run_length.DIGITS)
    known = (round(release.days, 1), round(release.freedom, 1))
    steps = (excess - limits.tolerance) / spread - ALLOWANCE
    shared = overlapping(windows.day, horizon_days)
    height, computed = run_length.limit(limits.run_length, *known, allowance, shared)
    sums = run_length.cusum(steps)
    bound = max(limits.tolerance / release.spread, BEYOND) * spread
    bad = excess > bound
    counts = run_length.counted(bad, limits.bad_windows, limits.of_windows)
    path = windows.assign(excess=excess, bound=bound, bad=bad, cusum=sums, limit=height)
    path["fired"] = (sums > height) | counts
    typical = round(max(limits.tolerance / release.spread, BEYOND), run_length.DIGITS)
    of_count = run_length.of_counting(typical, limits.bad_windows, limits.of_windows, *known, shared)
    rules = [
        _rule("cusum", float(sums[-1]), height, bool(sums[-1] > height), computed),
        _rule("windows", int(bad[-limits.of_windows :].sum()), limits.bad_windows, bool(counts[-1]), of_count),
    ]
    return path, rules


def overlapping(days: pd.Series, horizon_days: int) -> int:
    """How many windows in a row share outcomes: of days 30 apart with a horizon of 90 three."""
    step = days.diff().dt.days.median() if len(days) > 1 else MONTH
    return max(int(np.ceil(horizon_days / step)), 1)


def _rule(name: str, value: float, limit: float, fired: bool, length: float = np.nan) -> dict[str, object]:
    return {"rule": name, "value": value, "limit": limit, "fired": fired, "run_length": length}


def f1_slope(seen: pd.DataFrame, limits: Limits) -> list[dict[str, object]]:
    """F1 along a straight line over the last records; none where it is off or there are fewer than three."""
    if not limits.f1_fall or "f1" not in seen:
        return []
    values = seen.sort_values("day").f1.dropna().to_numpy(float)[-RECORDS:]
    if len(values) < FEWEST_RECORDS:
        return []
    fall = -float(np.polyfit(np.arange(len(values)), values, 1)[0]) * (len(values) - 1)
    return [_rule("slope", fall, limits.f1_fall, fall > limits.f1_fall)]


def _age(trained: date | None, today: date | None, limits: Limits) -> list[dict[str, object]]:
    if not limits.max_age_days or trained is None or today is None:
        return []
    age = (pd.Timestamp(today) - pd.Timestamp(trained)).days
    return [_rule("age", age, limits.max_age_days, age > limits.max_age_days)]


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
