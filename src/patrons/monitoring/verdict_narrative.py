"""Sentences of the verdict: whether to train anew, and why."""

from collections.abc import Sequence
from datetime import date

import pandas as pd

from patrons.monitoring.verdict_table import FEWEST, KNOWN

NONE, WATCH, RETRAIN = "none", "watch", "retrain"
FEW = (
    f"There is too little to judge: it takes {FEWEST} customers who could be kept, and outcomes of "
    f"{KNOWN:.0%} of those who were scored."
)


def reason(
    verdict: str,
    fired: Sequence[dict[str, object]],
    path: pd.DataFrame,
    rules: Sequence[dict[str, object]],
    known: bool,
    trained: date | None,
    horizon_days: int | None,
    days: int,
) -> str:
    """Why the verdict is what it is, in a sentence.

    Parameters
    ----------
    fired : sequence of dict
        Rules that call for training anew, the first of which is told.
    path : DataFrame
        Windows that have matured, with their `excess` where the release's loss is known.
    known : bool
        Whether the release's loss is known.
    days : int
        With outcomes, whether or not they can be judged.
    """
    if verdict == RETRAIN:
        return _call(fired[0], path)
    if not known:
        return "Nothing says what loss the release should have: it holds no day on which it was tried."
    if path.empty:
        return FEW if days else nothing(trained, horizon_days)
    if horizon_days is None:
        return _ranking(verdict, rules[0], path)
    if verdict == WATCH:
        return f"The latest forecasts erred {beside(path)}; later days will tell whether that stays."
    return f"No need to train anew: the latest forecasts erred {beside(path)}{_worst(path)}."


def nothing(trained: date | None, horizon_days: int | None) -> str:
    """That nothing has matured, and when there will be something to see."""
    if horizon_days is None:
        return "Whether it is still good cannot be told yet: no outcomes have come in since the model was trained."
    if trained is None:
        return f"Whether it is still good cannot be told yet: a day's outcomes are known {horizon_days} days later."
    first = (pd.Timestamp(trained) + pd.Timedelta(days=horizon_days)).date()
    return (
        f"Whether it is still good cannot be told yet: the first outcomes since the training will be known on {first}."
    )


def _ranking(verdict: str, rule: dict[str, object], path: pd.DataFrame) -> str:
    batch = f"of {int(path.customers.iloc[-1]):,} customers whose outcomes came in"
    if verdict == WATCH:
        return f"The latest ranking {batch} is weak: {_as_tried(rule)}; later outcomes will tell whether that stays."
    return f"No need to train anew: the latest ranking {batch} holds: {_as_tried(rule)}."


def _as_tried(rule: dict[str, object]) -> str:
    return f"ROC AUC {rule['value']:.2f}, and {rule['limit']:.2f} would be half of what it was above chance when tried"


def _worst(path: pd.DataFrame) -> str:
    """The window whose loss lies highest above the release's, where that is another one than the latest."""
    worst = path.iloc[int(path.excess.argmax())]
    if worst.excess < 0.005 or worst.day == path.day.iloc[-1]:
        return ""
    return f", those up to {worst.day.date()}, the worst since, {worst.excess:.0%} more"


def beside(path: pd.DataFrame) -> str:
    """The latest window's loss beside the release's: "4% more than those the model was released with"."""
    excess = path.excess.iloc[-1]
    if abs(excess) < 0.005:
        return "as much as those the model was released with"
    return f"{abs(excess):.0%} {'more' if excess > 0 else 'less'} than those the model was released with"


def _call(rule: dict[str, object], path: pd.DataFrame) -> str:
    name, value, limit = rule["rule"], rule["value"], rule["limit"]
    assert isinstance(value, int | float)
    if name == "cusum":
        return f"Train anew: errors have added up, and the latest forecasts erred {beside(path)}."
    if name == "windows":
        return f"Train anew: {value} times of late, forecasts erred clearly more than those at the model's release."
    if name == "ranking":
        return f"Train anew: those who leave are hardly told from the others any more: {_as_tried(rule)}."
    if name == "slope":
        return f"Train anew: F1 has fallen by {100 * value:.0f} points over the latest records."
    return f"Train anew: the model is {value} days old, and {limit} are allowed."


def title(path: pd.DataFrame) -> str:
    """Title of the losses over days."""
    if path.empty:
        return "No day after the training has matured yet"
    bad = int(path.bad.sum())
    if not bad:
        return "No window had a loss clearly above that of the release"
    return f"{bad} of {len(path)} windows had a loss clearly above that of the release"


def cusum_title(path: pd.DataFrame) -> str:
    """Title of the CUSUM's path."""
    if path.empty:
        return "Nothing has added up yet"
    last = path.iloc[-1]
    if last.cusum <= 0:
        return "No loss beyond the tolerance has added up"
    if last.cusum > last.limit:
        return "Losses have added up beyond the limit"
    return f"Losses have added up to {max(last.cusum, 0) / last.limit:.0%} of the limit"
