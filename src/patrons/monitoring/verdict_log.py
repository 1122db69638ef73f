"""The verdict of a log: losses of matured days beside those of the days on which the release was tried.

What is asked is whether the log loss of days after the training lies above that of the release's own days by more than
a tolerance. Three things make this hard, and are dealt with:

- Few days were tried (six to twelve). How much they scatter is known poorly, so the limit of the CUSUM is computed with
  that doubt (`run_length`), and the spread is shrunk towards that of days of simulated shops (`PRIOR`).
- A day's loss depends on its season. The days tried spread over a year or more, so their spread holds it; a shop of
  strong seasons has wide limits.
- Days a month apart with a horizon of three share outcomes. The limit is computed with windows that overlap so.

Losses over their no-skill forecast, over what the probabilities themselves expected, and relative to the season's own
day told harm worse on simulated shops (`benchmarks/monitoring.py`), because changed behaviour moves those, too.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from patrons.monitoring import run_length
from patrons.monitoring.verdict_rules import Limits, rule

LOSS, ERROR = "log_loss", "log_loss_error"
MONTH = 30  # days of a window: closer days are judged together
ALLOWANCE = 0.5  # taken off each window beside the tolerance, in spreads
BEYOND = 1.3  # spreads above the release's mean from which a window is bad, where that exceeds the tolerance
PRIOR, PRIOR_DAYS = 0.03, 5  # spread of a day's loss beside chance, as a share of it; worth so many days


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
        rule("cusum", float(sums[-1]), height, bool(sums[-1] > height), computed),
        rule("windows", int(bad[-limits.of_windows :].sum()), limits.bad_windows, bool(counts[-1]), of_count),
    ]
    return path, rules


def overlapping(days: pd.Series, horizon_days: int) -> int:
    """How many windows in a row share outcomes: of days 30 apart with a horizon of 90 three."""
    step = days.diff().dt.days.median() if len(days) > 1 else MONTH
    return max(int(np.ceil(horizon_days / step)), 1)
