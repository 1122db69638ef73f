"""Sentences on the days on which the procedure of 06 was tried, and on what no order within a horizon means."""

import numpy as np
from scipy.special import expit

from patrons.churn.narrative import Phrases, interval
from patrons.churn.origins import Tried, apart_in_season
from patrons.features.narrative import came_back as came_back

SAME_SEASON = 45  # days of the year apart, at most


def title(tried: Tried) -> str:
    """Title of the scores by origin."""
    scores, mean = tried.table.roc_auc, tried.means["roc_auc"].value
    return f"ROC AUC {mean:.2f} on average over {len(scores)} days, {scores.min():.2f} to {scores.max():.2f}"


def over_days(tried: Tried, phrases: Phrases) -> str:
    """How the procedure did over all origins, and in which respect that is optimistic."""
    table, auc = tried.table, tried.means["roc_auc"]
    worst, best = (table.iloc[int(place)] for place in (table.roc_auc.argmin(), table.roc_auc.argmax()))
    return (
        f"The model was tried on {len(table)} days from {table.day.min()} to {table.day.max()}, each time fitted on "
        f"what was known by then. For {phrases.then}, its mean ROC AUC is {auc.value:.3f} (95% interval {auc.low:.3f} "
        f"to {auc.high:.3f}). The worst day is {worst.day} with {worst.roc_auc:.3f}, the best {best.day} with "
        f"{best.roc_auc:.3f}. The mean Brier score is {tried.means['brier'].value:.3f}. This is slightly optimistic: "
        "some of the earlier days helped to choose the settings. The last day played no part in any choice."
    )


def season_title(tried: Tried) -> str:
    """Title of forecast and outcome by origin: what happened on the day nearest in season to today."""
    truth, score = tried.nearest.of()
    day = tried.nearest.day.date()
    told = f"{score.mean():.0%} were forecast not to order, {truth.mean():.0%} did not"
    return f"{day}, the day nearest in season to today: {told}"


def season(tried: Tried, phrases: Phrases) -> str:
    """What forecasts were off by in today's season, and from day to day."""
    assert tried.today is not None
    nearest, today = tried.nearest, tried.today
    apart, (truth, score) = apart_in_season(nearest.day, today), nearest.of()
    told = f"Of the days that were tried, {nearest.day.date()} is nearest in season to today, {today.date()}. Then"
    if apart > SAME_SEASON:
        told = (
            f"No day that was tried lies in today's season, so what this season does to forecasts is not known. The "
            f"nearest, {nearest.day.date()}, is {apart} days of the year away. Then"
        )
    return (
        f"{told} {score.mean():.0%} of {phrases.then} were forecast {phrases.will}, and {truth.mean():.0%} "
        f"{phrases.did}.{_from_day_to_day(tried)}"
    )


def _from_day_to_day(tried: Tried) -> str:
    if not tried.error:
        return ""
    low, high = expit(-tried.error), expit(tried.error)
    return (
        f" The forecasts of one day tend to be all too high or all too low. Over the {len(tried.origins)} days, where "
        f"50% was forecast, {low:.0%} or {high:.0%} was typical. The intervals on page 7 allow for that."
    )


def used(tried: Tried) -> str:
    """What is used today, beside what was tested, and what the labels of the last horizon are worth."""
    begin = (
        "Today's customers are scored by the same recipe, fitted again on every outcome that is known today, "
        "including those of the test"
    )
    if not tried or tried.fresher is None:
        return f"{begin}."
    gain = tried.fresher
    verdict = "raise" if gain.low > 0 else "lower" if gain.high < 0 else "make no clear difference to"
    shown = f"({interval(gain)}, mean over days that were tried)"
    return f"{begin}. The newest outcomes {verdict} the ROC AUC {shown}."


def promised(tried: Tried, min_recall: float) -> str:
    """What thresholds promised and kept on each origin for which one was found on earlier days."""
    kept = tried.table.dropna(subset=["recall"]) if "recall" in tried.table else tried.table[:0]
    if kept.empty:
        return ""
    return (
        f"On {len(kept)} earlier days, a threshold set in this way to spot {min_recall:.0%} spotted "
        f"{kept.recall.min():.0%} to {kept.recall.max():.0%}; it reached its aim on "
        f"{int(np.sum(kept.recall >= min_recall))} of them. {kept.precision.min():.0%} to {kept.precision.max():.0%} "
        "of its warnings were right."
    )
