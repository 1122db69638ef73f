"""Sentences on who gets a warning: in the test, of everyone, and today."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from patrons.churn import gate_narrative
from patrons.churn.assessment import Assessment
from patrons.churn.customers import expected, expected_range
from patrons.churn.narrative import Phrases
from patrons.churn.origins import Tried


def flagged(tested: Assessment, threshold: float, min_recall: float | None, phrases: Phrases) -> str:
    """Who was warned of in the test, and who of them churned; `min_recall` is what the threshold aims at, or None."""
    verdict, (_, score) = tested.verdict(threshold), tested.of_judged
    alarms = verdict["fp"] / max(verdict["fp"] + verdict["tn"], 1)
    promise = ""
    if min_recall is not None:
        promise = (
            f" That is the highest threshold that spots {min_recall:.0%} of {phrases.earlier} who {phrases.outcome}."
        )
    return (
        f"We warn of a customer from a risk of {threshold:.0%} on.{promise} In the test we would have warned of "
        f"{(score >= threshold).mean():.0%} of {phrases.judged}. That spotted {verdict['recall']:.0%} of those who "
        f"{phrases.outcome}{phrases.by}. It also warned of {alarms:.0%} of those who {phrases.stayed}."
    )


def flagged_title(tested: Assessment, threshold: float, phrases: Phrases) -> str:
    """Title of the confusion matrix."""
    verdict = tested.verdict(threshold)
    return (
        f"{verdict['recall']:.0%} of those who {phrases.outcome} were spotted;\n{verdict['precision']:.0%} of the "
        "warnings were right"
    )


def bands_title(bands: pd.DataFrame) -> str:
    """Title of the scores by band of silence: where ranking is hardest; `bands` is of `scores.by_band`."""
    return f"Hardest to rank after a silence of {bands.value.idxmin()}: ROC AUC {bands.value.min():.2f}"


def everyone(tested: Assessment, threshold: float, phrases: Phrases) -> str:
    """What the test says of everyone, the long silent included: a footnote."""
    if tested.judged.all():
        few = "too few" if tested.active.any() else "no"
        return f"There were {few} {phrases.recent} in the test to judge by, so everyone is judged."
    verdict, roc_auc = tested.verdict(threshold, everyone=True), tested.everyone[tested.chosen]["roc_auc"]
    return (
        f"Counting those who had been silent for longer, {tested.truth.mean():.0%} of {phrases.customers} "
        f"{phrases.outcome}. The same threshold spots {verdict['recall']:.0%} of these, and "
        f"{verdict['precision']:.0%} of its warnings are right (ROC AUC {roc_auc}). These numbers flatter: "
        "after a long silence it is easy to tell who will not order, and hard to win them back. The scores above leave "
        "them out."
    )


def flagged_today(
    scored: pd.DataFrame,
    can_be_kept: pd.Series,
    threshold: float,
    tested: Assessment,
    tested_threshold: float,
    phrases: Phrases,
    tried: Tried,
    failed: Sequence[str],
) -> str:
    """How many of those who can be kept are warned of today, why so many, and what that cost in the test.

    How many are expected to churn is told unless the gates that `failed`, by their names, leave nothing to rely on.
    """
    chosen = np.asarray(can_be_kept)
    flagged, customers = scored.flagged[chosen].sum(), chosen.sum()
    verdict, in_test = tested.verdict(tested_threshold), (tested.of_judged[1] >= tested_threshold).mean()
    share = f", {flagged / customers:.0%} of them (in the test {in_test:.0%})" if customers else ""
    counted = (
        "" if gate_narrative.use(failed) == gate_narrative.UNRELIABLE else _counted(scored[chosen], phrases, tried)
    )
    return (
        f"Today we warn of {flagged:,} of the {customers:,} {phrases.recent}{share}.{counted} In the test that "
        f"spotted {verdict['recall']:.0%} of those who {phrases.outcome}, and {verdict['precision']:.0%} of the "
        f"warnings were right. The threshold, found in the same way on all that is known now, is {threshold:.0%}."
    )


def _counted(scored: pd.DataFrame, phrases: Phrases, tried: Tried) -> str:
    """How many are expected to churn, and how far that may be off."""
    between = expected_range(scored, tried.error, tried.apart)
    rough = f" It may be anything from {between[0]:,} to {between[1]:,} (95% interval)." if between else ""
    return f" We expect about {expected(scored):,} {phrases.will}.{rough} We warn of more, so as to miss few."
