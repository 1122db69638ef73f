"""Tables of the churn notebook."""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from patrons.churn.assessment import Assessment
from patrons.churn.kinds import MODELS, describe
from patrons.churn.origins import Tried
from patrons.churn.origins import table as origins_table
from patrons.churn.search import SearchResult
from patrons.evaluation.metrics import Interval, at_threshold
from patrons.evaluation.shares import rates_by
from patrons.features.panel import KNOWN, OUTCOME

WARNED, SPOTTED, RIGHT = "warned of", "spotted (recall)", "warnings right (precision)"
AT_THRESHOLDS = {name: "{:.0%}" for name in ("threshold", WARNED, SPOTTED, RIGHT, "accuracy")} | {
    "F1": "{:.2f}",
    "gain a customer": "{:,.2f}",
}
SHARES = ("forecast", "observed", WARNED, SPOTTED, RIGHT, "calibration error")
AT_ORIGINS = dict.fromkeys([*SHARES, "forecast (everyone)", "observed (everyone)"], "{:.0%}") | dict.fromkeys(
    ["Brier", "ROC AUC", "Brier (everyone)"], "{:.3f}"
)


def rows_used(train: pd.DataFrame, test: pd.DataFrame) -> pd.DataFrame:
    """How many customers were learnt from and tested on, and what share churned: a row a day where there are days.

    Returns
    -------
    DataFrame
        `used_for`, `as_of` (where there are days), `customers`, `churned` (share).
    """
    rows = pd.concat([train.assign(used_for="training"), test.assign(used_for="test")])
    by = ["as_of", "used_for"] if KNOWN in test else ["used_for"]
    counts = rows.groupby(by, sort=KNOWN in test)[OUTCOME].agg(customers="size", churned="mean").reset_index()
    counts = counts.assign(as_of=counts.as_of.dt.date) if KNOWN in test else counts
    return counts[["used_for", *(name for name in by if name != "used_for"), "customers", "churned"]]


def trials(result: SearchResult) -> pd.DataFrame:
    """Every setting that was tried: `model`, `setting`, `rows` learnt from, `roc_auc` on validated rows, best first."""
    return result.tried.sort_values("roc_auc", ascending=False)


def models(result: SearchResult) -> pd.DataFrame:
    """The models with their chosen settings on validated rows, the simplest first.

    Returns
    -------
    DataFrame
        `model`, `setting`, `in the mean` (yes or nothing), `roc_auc`, `gain of the best` over it (text), `chosen` (yes
        or nothing).
    """
    names = [name for name in MODELS if name in result.scores.index]
    return pd.DataFrame(
        {
            "model": names,
            "setting": [describe(result.settings.get(name, {})) for name in names],
            "in the mean": ["yes" if name in result.members else "" for name in names],
            "roc_auc": [result.cv_roc_auc(name) for name in names],
            "gain of the best": [str(result.gains.get(name, "")) for name in names],
            "chosen": ["yes" if name == result.chosen else "" for name in names],
        }
    )


def fold_names(validation: pd.DataFrame) -> list[str]:
    """The folds that models were validated on: their days, or their numbers."""
    days = validation.groupby("fold").as_of.first() if "as_of" in validation else None
    return [str(n + 1) for n in sorted(validation.fold.unique())] if days is None else [str(day.date()) for day in days]


def leaderboard(scores: Mapping[str, Mapping[str, Interval]]) -> pd.DataFrame:
    """Scores to be read: a row a model, each score with its interval as text."""
    table = pd.DataFrame({name: {m: str(value) for m, value in own.items()} for name, own in scores.items()}).T
    return table.rename(columns=lambda name: name.replace("_", " ")).rename_axis("model").reset_index()


def thresholds(
    limits: Mapping[str, float], tested: Assessment, value: float, cost: float, chance: float
) -> pd.DataFrame:
    """What each threshold does on the test rows that are judged: a row each, in shares of customers.

    Where profit gives one of them, with the gain in currency.
    """
    rows, (truth, score) = [], tested.of_judged
    for name, limit in limits.items():
        counts = at_threshold(truth, score, limit)
        right, flags, n = counts["tp"], counts["tp"] + counts["fp"], len(truth)
        f1 = 2 * right / max(flags + right + counts["fn"], 1)
        gain = (right * chance * value - flags * cost) / n
        accuracy = (right + counts["tn"]) / n
        rows.append((name, limit, flags / n, counts["recall"], counts["precision"], accuracy, f1, gain))
    names = ["serves", *AT_THRESHOLDS]
    table = pd.DataFrame(rows, columns=names)
    return table if "profit" in limits else table.drop(columns="gain a customer")


def origins(tried: Tried) -> pd.DataFrame:
    """What was forecast and what happened on each day, of those who could be kept and of everyone; newest first."""
    active, everyone = tried.table, origins_table(tried.origins, everyone=True)
    names = ["day", "customers", "forecast", "observed", "brier"]
    both = active.merge(everyone[names], "left", "day", suffixes=("", " (everyone)"))
    both = both.drop(columns=["low", "high"])
    return both[::-1].rename(
        columns={
            "customers": "customers tested",
            "customers (everyone)": "customers tested (everyone)",
            "brier": "Brier",
            "brier (everyone)": "Brier (everyone)",
            "roc_auc": "ROC AUC",
            "calibration_error": "calibration error",
            "flagged": WARNED,
            "recall": SPOTTED,
            "precision": RIGHT,
        }
    )


def by_segment(truth: np.ndarray, score: np.ndarray, segment: np.ndarray, least: int = 30) -> pd.DataFrame:
    """Churn forecast and churn that happened, by segment; those of fewer than `least` customers are left out.

    Returns
    -------
    DataFrame
        Index the segment, by churn; `customers`, `forecast`, `value` (share that churned) and its interval `low` and
        `high` (Wilson, 1927; 95% for all segments at once, since those outside will be counted).
    """
    large = pd.Series(segment).groupby(segment).transform("size").to_numpy() >= least
    truth, score, segment = truth[large], score[large], segment[large]
    table = rates_by(pd.Series(truth), segment, at_once=True).assign(forecast=pd.Series(score).groupby(segment).mean())
    table = table.rename(columns={"rows": "customers", "rate": "value"}).drop(columns="positives")
    return table.rename_axis("segment").sort_values("value", ascending=False, kind="stable")
