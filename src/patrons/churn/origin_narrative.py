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
        f"Tried as it would have been used on {len(table)} days from {table.day.min()} to {table.day.max()}, each time "
        f"fitted on what was known by then: of {phrases.then} the mean ROC AUC is {auc.value:.3f} (95% interval "
        f"{auc.low:.3f} to {auc.high:.3f}), {worst.roc_auc:.3f} on {worst.day} and {best.roc_auc:.3f} on {best.day}; "
        f"the mean Brier score is {tried.means['brier'].value:.3f}. The settings were chosen on days that are among "
        "the earlier ones, so these are slightly optimistic; the last day played no part in any choice."
    )


def season_title(tried: Tried) -> str:
    """Title of forecast and outcome by origin: what happened on the day nearest in season to today."""
    truth, score = tried.nearest.of()
    day = tried.nearest.day.date()
    return f"{day}, the day nearest in season to today: {score.mean():.0%} was forecast, {truth.mean():.0%} happened"


def season(tried: Tried, phrases: Phrases) -> str:
    """What forecasts were off by in today's season, and from day to day."""
    assert tried.today is not None
    nearest, today = tried.nearest, tried.today
    apart, (truth, score) = apart_in_season(nearest.day, today), nearest.of()
    told = f"Of the days that were tried, {nearest.day.date()} is nearest in season to today, {today.date()}. There,"
    if apart > SAME_SEASON:
        told = (
            f"No day that was tried lies in today's season: the nearest, {nearest.day.date()}, is {apart} days of the "
            "year away, so what this season does to forecasts is not known. There,"
        )
    return (
        f"{told} {phrases.noun} was forecast for {score.mean():.0%} of {phrases.then} and happened to "
        f"{truth.mean():.0%}.{_from_day_to_day(tried)}"
    )


def _from_day_to_day(tried: Tried) -> str:
    if not tried.error:
        return ""
    low, high = expit(-tried.error), expit(tried.error)
    return (
        f" Over the {len(tried.origins)} days all forecasts of a day were off together, typically as far as {low:.0%} "
        f"or {high:.0%} is from a forecast of 50%: the intervals of page 7 count that in."
    )


def used(tried: Tried) -> str:
    """What is used today, beside what was tested, and what the labels of the last horizon are worth."""
    begin = (
        "The test scores the procedure. What scores customers is the same recipe fitted anew on all outcomes that are "
        "known today, the test's included"
    )
    if not tried or tried.fresher is None:
        return f"{begin}."
    gain = tried.fresher
    verdict = "improve" if gain.low > 0 else "worsen" if gain.high < 0 else "are not known to change"
    shown = f"({interval(gain)}, mean over days that were tried)"
    return f"{begin}. The labels of the last horizon {verdict} the ROC AUC {shown}."


def promised(tried: Tried, min_recall: float) -> str:
    """What thresholds promised and kept on each origin for which one was found on earlier days."""
    kept = tried.table.dropna(subset=["recall"]) if "recall" in tried.table else tried.table[:0]
    if kept.empty:
        return ""
    return (
        f"Found in this way on the days before, a threshold that is to find {min_recall:.0%} found "
        f"{kept.recall.min():.0%} to {kept.recall.max():.0%} on {len(kept)} days and reached its aim on "
        f"{int(np.sum(kept.recall >= min_recall))}; {kept.precision.min():.0%} to {kept.precision.max():.0%} of flags "
        "were right."
    )
