"""Sentences on who is flagged: in the test, of everyone, and today."""

import numpy as np
import pandas as pd

from patrons.churn.assessment import Assessment
from patrons.churn.customers import expected
from patrons.churn.narrative import Phrases


def flagged(tested: Assessment, threshold: float, min_recall: float | None, phrases: Phrases) -> str:
    """Who is flagged on the test, and who of them churned; `min_recall` is what the threshold promises, if anything."""
    verdict, (_, score) = tested.verdict(threshold), tested.of_judged
    alarms = verdict["fp"] / max(verdict["fp"] + verdict["tn"], 1)
    promise = ""
    if min_recall is not None:
        promise = (
            f" That is the highest threshold that finds {min_recall:.0%} of {phrases.earlier} who {phrases.outcome}."
        )
    return (
        f"A customer with a probability of {threshold:.0%} or more is flagged.{promise} In the test "
        f"{(score >= threshold).mean():.0%} of {phrases.judged} were flagged: {verdict['recall']:.0%} of those who "
        f"{phrases.outcome}{phrases.by}, and {alarms:.0%} of those who {phrases.stayed}."
    )


def flagged_title(tested: Assessment, threshold: float, phrases: Phrases) -> str:
    """Title of the confusion matrix."""
    verdict = tested.verdict(threshold)
    return (
        f"{verdict['recall']:.0%} of those who {phrases.outcome} were flagged;\n{verdict['precision']:.0%} of flags "
        "were right"
    )


def bands_title(bands: pd.DataFrame) -> str:
    """Title of the scores by band of silence: where ranking is hardest; `bands` is of `scores.by_band`."""
    return f"Hardest to rank after a silence of {bands.value.idxmin()}: ROC AUC {bands.value.min():.2f}"


def everyone(tested: Assessment, threshold: float, phrases: Phrases) -> str:
    """What the test says of everyone, the long silent included: a footnote."""
    if tested.judged.all():
        few = "too few" if tested.active.any() else "no"
        return f"There were {few} {phrases.current} in the test to judge by, so everyone is judged."
    verdict, roc_auc = tested.verdict(threshold, everyone=True), tested.everyone[tested.chosen]["roc_auc"]
    return (
        f"With those silent for longer, too, {tested.truth.mean():.0%} of {phrases.customers} {phrases.outcome}. "
        f"{verdict['recall']:.0%} of these would be flagged, and "
        f"{verdict['precision']:.0%} of flags be right (ROC AUC {roc_auc}). These numbers flatter: who has been silent "
        "for long is easy to call and hard to win back. They do not count in the scores above."
    )


def flagged_today(
    scored: pd.DataFrame, can_be_kept: pd.Series, threshold: float, flagged_share: float, phrases: Phrases
) -> str:
    """How many of those who can be kept are flagged today, from which probability on, beside the share in the test."""
    chosen = np.asarray(can_be_kept)
    flagged, customers = scored.flagged[chosen].sum(), chosen.sum()
    share = f", {flagged / customers:.0%} (in the test {flagged_share:.0%})" if customers else ""
    return (
        f"Today {flagged:,} of the {customers:,} {phrases.current} are flagged{share}. "
        f"About {expected(scored[chosen]):,} are expected to {'' if phrases.noun == 'churn' else 'make '}"
        f"{phrases.noun}. The threshold, found in the same way on all that is known now, is {threshold:.0%}."
    )
