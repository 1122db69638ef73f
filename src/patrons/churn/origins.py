"""Earlier days on which the procedure of 06 was tried (see `procedure`), and what they say; the last is the test's."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd
from scipy.optimize import brentq
from scipy.special import expit, logit

from patrons.churn.final import RAW, SCORE
from patrons.evaluation.metrics import (
    Interval,
    at_threshold,
    brier,
    calibration_error,
)
from patrons.evaluation.scores import RANKING, intervals, mean, mean_difference
from patrons.features.panel import KNOWN, OUTCOME

YEAR = 365.25
STALE = "stale"


@dataclass(frozen=True)
class Origin:
    """One day, forecast from what was known on it.

    Attributes
    ----------
    day : Timestamp
    rows : DataFrame
        Its customers: what identifies them, the outcome, `raw` and `score` (the probability before and after
        calibration), `stale` (the same of a model that lacks the labels of the last horizon; missing where there is
        none), `active` (whether they could be kept).
    threshold : float
        From which customers are flagged, found on earlier days; missing where there are none.
    """

    day: pd.Timestamp
    rows: pd.DataFrame
    threshold: float

    def of(self, everyone: bool = False) -> tuple[np.ndarray, np.ndarray]:
        """Outcomes and probabilities of those who could be kept, or of everyone."""
        rows = self.rows if everyone else self.rows[self.rows.active]
        return rows[OUTCOME].to_numpy(), rows[SCORE].to_numpy()

    @property
    def shift(self) -> float:
        """What must be added to the log odds of all forecasts so that their mean is what happened."""
        truth, score = self.of()
        return log_odds_shift(truth, score)


@dataclass(frozen=True)
class Tried:
    """All origins, oldest first, and what they say together; false where there are none, as of a customer table.

    Attributes
    ----------
    origins : list of Origin
    today : Timestamp or None
        The day whose customers are to be scored.
    """

    origins: list[Origin]
    today: pd.Timestamp | None

    def __bool__(self) -> bool:
        return bool(self.origins)

    @property
    def rows(self) -> pd.DataFrame:
        """The rows of all origins."""
        return pd.concat([origin.rows for origin in self.origins])

    @property
    def nearest(self) -> Origin:
        """The origin whose day of the year is nearest to today's; of equals the latest."""
        assert self.today is not None
        today = self.today
        return min(reversed(self.origins), key=lambda origin: apart_in_season(origin.day, today))

    @cached_property
    def error(self) -> float:
        """By how much all log odds of a day are off together: the root mean square of `shift`; 0 of one origin."""
        shifts = [origin.shift for origin in self.origins]
        return float(np.sqrt(np.mean(np.square(shifts)))) if len(shifts) > 1 else 0.0

    @property
    def apart(self) -> int:
        """How many of the days share no outcome with another, of those after which some left and some did not."""
        kept: list[Origin] = []
        for origin in self.origins:
            if 0 < origin.of()[0].mean() < 1 and (not kept or origin.day >= kept[-1].rows[KNOWN].iloc[0]):
                kept.append(origin)
        return len(kept)

    @cached_property
    def table(self) -> pd.DataFrame:
        """`table` of those who could be kept."""
        return table(self.origins)

    @cached_property
    def means(self) -> dict[str, Interval]:
        """`means` of those who could be kept."""
        return means(self.origins)

    @property
    def before(self) -> pd.DataFrame | None:
        """The rows of those origins whose outcome was known by the day of the last; None where there are none."""
        return known_by(self.origins[-1].day, self.origins) if self else None

    @cached_property
    def fresher(self) -> Interval | None:
        """`fresher` of the origins."""
        return fresher(self.origins)

    def metrics(self) -> dict[str, float]:
        """What 06 records of the origins."""
        if not self or not self.means:
            return {}
        everyone, season = means(self.origins, everyone=True), self.nearest
        return {
            "origins": len(self.origins),
            "roc_auc_active_mean": self.means["roc_auc"].value,
            "roc_auc_active_lowest": float(self.table.roc_auc.min()),
            "brier_active_mean": self.means["brier"].value,
            "roc_auc_mean": everyone["roc_auc"].value,
            "brier_mean": everyone["brier"].value,
            "calibration_error_season": calibration_error(*season.of()),
            "log_odds_error": self.error,
        }


def known_by(day: pd.Timestamp, found: Sequence[Origin]) -> pd.DataFrame | None:
    """The rows of those origins whose outcome was known by a day; None where there are none."""
    past = [origin.rows for origin in found if origin.rows[KNOWN].iloc[0] <= day]
    return pd.concat(past) if past else None


def log_odds_shift(truth: np.ndarray, score: np.ndarray) -> float:
    """What must be added to the log odds of `score` so that its mean is that of `truth`; 0 where none can be.

    Examples
    --------
    >>> round(log_odds_shift(np.array([0, 1]), np.array([0.2, 0.2])), 3)  # log(.5/.5) - log(.2/.8)
    1.386
    """
    happened = truth.mean() if len(truth) else 0.0
    if not 0 < happened < 1:
        return 0.0
    odds = logit(np.clip(score, 1e-6, 1 - 1e-6))
    return float(brentq(lambda shift: expit(odds + shift).mean() - happened, -30, 30))


def apart_in_season(day: pd.Timestamp, today: pd.Timestamp) -> int:
    """Days between two days of the year, whichever years they lie in.

    Examples
    --------
    >>> apart_in_season(pd.Timestamp("2023-12-20"), pd.Timestamp("2025-01-04"))
    16
    """
    apart = abs((today - day).days) % YEAR
    return round(min(apart, YEAR - apart))


def table(found: Sequence[Origin], everyone: bool = False) -> pd.DataFrame:
    """What was forecast and what happened, a row an origin.

    Returns
    -------
    DataFrame
        `day`, `customers`, `forecast` and `observed` (shares), `brier`; of those who could be kept also `roc_auc` with
        `low` and `high`, `calibration_error`, and `flagged` (share), `recall`, `precision` by the threshold of earlier
        days.
    """
    rows = []
    for origin in found:
        truth, score = origin.of(everyone)
        if len(np.unique(truth)) < 2:
            continue
        row = {
            "day": origin.day.date(),
            "customers": len(truth),
            "forecast": score.mean(),
            "observed": truth.mean(),
            "brier": brier(truth, score),
        }
        rows.append(row if everyone else row | _in_detail(truth, score, origin.threshold))
    return pd.DataFrame(rows)


def _in_detail(truth: np.ndarray, score: np.ndarray, threshold: float) -> dict[str, float]:
    value, low, high = intervals({"": RANKING["roc_auc"]}, truth, score)[""]
    row = {"roc_auc": value, "low": low, "high": high, "calibration_error": calibration_error(truth, score)}
    if np.isnan(threshold):
        return row
    verdict = at_threshold(truth, score, threshold)
    return row | {"flagged": (score >= threshold).mean()} | {name: verdict[name] for name in ("recall", "precision")}


def means(found: Sequence[Origin], everyone: bool = False) -> dict[str, Interval]:
    """Mean ROC AUC and Brier score over the origins, with intervals that resample customers."""
    parts, who = [], []
    for origin in found:
        truth, score = origin.of(everyone)
        if len(np.unique(truth)) > 1:
            parts.append((truth, score))
            rows = origin.rows if everyone else origin.rows[origin.rows.active]
            who.append(rows.customer_id.to_numpy())
    return {name: mean(RANKING[name], parts, who) for name in ("roc_auc", "brier")} if parts else {}


def fresher(found: Sequence[Origin]) -> Interval | None:
    """What the labels of the last horizon add to the mean ROC AUC of those who could be kept, before calibration.

    Over the origins for which a model that lacks them is there, by resampled customers; None where there is none.
    """
    rows = [origin.rows[origin.rows.active] for origin in found]
    both = [one for one in rows if one[STALE].notna().all() and one[OUTCOME].nunique() > 1]
    parts = [(one[OUTCOME].to_numpy(), one[RAW].to_numpy(), one[STALE].to_numpy()) for one in both]
    return mean_difference(RANKING["roc_auc"], parts, [one.customer_id.to_numpy() for one in both]) if both else None
