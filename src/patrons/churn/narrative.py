"""Sentences of the churn notebook, true of a log and of a customer table."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd

from patrons.churn import gate_narrative
from patrons.churn.assessment import Assessment, judged
from patrons.churn.customers import active, horizon
from patrons.churn.gate_narrative import use
from patrons.churn.search import SearchResult
from patrons.evaluation.metrics import Interval
from patrons.evaluation.scores import TOP
from patrons.features.panel import KNOWN, OUTCOME
from patrons.lexicon import capital, word

COUNTED_ON = 0.05  # calibration error up to which a probability may be taken as a number
RECENT = " Scores are of recent buyers, those who had ordered in the {days} days before, unless it says “everyone”."


class Phrases(NamedTuple):
    """Parts of sentences.

    Attributes
    ----------
    test : str
        The test rows: "the test day 2025-10-03", "the held-out customers".
    customers : str
        The same as people: "customers of 2025-10-03", "held-out customers".
    split : str
        How training and test were separated, a sentence.
    judged : str
        Those of them who are judged: who could still be kept.
    outcome : str
        What those did who churned: of a log "did not order in 90 days", which is no farewell.
    noun : str
        The same as a noun: "no order in 90 days", "churn".
    stayed : str
        What the others did.
    by : str
        " by 2026-01-01" where churn has a last day, else empty.
    current : str
        Customers who can still be kept today.
    then : str
        Customers who could be kept on an earlier day.
    earlier : str
        Customers that thresholds are found on.
    validated : str
        What the folds are that models were validated on.
    recent : str
        Those who can still be kept, by one name in all sentences: "recent buyers".
    will : str
        What churners will do: "not to order in 90 days", "to churn".
    did : str
        The same in the past, short, after it was said: "did not", "did".
    """

    test: str
    customers: str
    split: str
    judged: str
    outcome: str
    noun: str
    stayed: str
    by: str
    current: str
    then: str
    earlier: str
    validated: str
    recent: str
    will: str
    did: str


def phrases(train: pd.DataFrame, test: pd.DataFrame) -> Phrases:
    """The phrases for these training and test rows."""
    if KNOWN not in test:
        share = len(test) / (len(train) + len(test))
        return Phrases(
            "the customers kept aside",
            "customers kept aside",
            f"The table shows each customer once, so there is no later day to test on. Instead {share:.0%} of the "
            "customers, drawn at random, are kept aside. Rows that differ in nothing but the id stay together.",
            "customers kept aside",
            "churned",
            "churn",
            "stayed",
            "",
            "customers who have not churned",
            "customers",
            "those left out in turn",
            "part of the training customers that was left out",
            "customers who have not churned",
            "to churn",
            "did",
        )
    day, known, days = test.as_of.iloc[0].date(), test[KNOWN].iloc[0].date(), horizon(test)
    everyone = judged(test[OUTCOME].to_numpy(), active(test).to_numpy()).all()
    return Phrases(
        f"the test day {day}",
        f"customers of {day}",
        f"Models are tested on {day}, the latest day whose outcome is known. They learn only from days whose outcome "
        f"was known by then.{'' if everyone else RECENT.format(days=days)}",
        f"customers of {day}" if everyone else f"recent buyers of {day}",
        f"did not order in {days} days",
        f"no order in {days} days",
        "ordered",
        f" by {known}",
        f"customers who ordered in the last {days} days",
        "recent buyers",
        "recent buyers of earlier days",
        "day that was forecast from what was known on it",
        "recent buyers",
        f"not to order in {days} days",
        "did not",
    )


def imputed(ways: pd.DataFrame) -> str:
    """How missing numbers are filled, a sentence; `ways` is of `imputation.compare`."""
    kept, *others = ways.assign(imputation=ways.imputation.str.replace("_", " ")).to_dict("records")
    rest = "; ".join(f"{other['imputation']} {other['roc_auc']:.3f}" for other in others)
    return (
        f"Missing numbers are filled by {kept['imputation']}. With that a logistic regression reaches a ROC AUC of "
        f"{kept['roc_auc']:.3f} on validated rows{f' ({rest})' if rest else ''}."
    )


def columns_kept(columns: pd.DataFrame) -> str:
    """Which columns models look at, a sentence or two; `columns` is of `columns.compare`."""
    kept, *others = columns.to_dict("records")
    if not others:
        return f"Models use all {kept['number']} columns."
    other = others[0]
    return (
        f"Models use {kept['number']} columns, {kept['columns']}. With these, small boosted trees reach a ROC AUC of "
        f"{kept['roc_auc']:.3f} on validated rows; with {other['columns']}, {other['roc_auc']:.3f}. "
        f"{capital(compared('the former', 'the latter', kept['gain']))}."
    )


def validated_title(chosen: str, by_fold: pd.DataFrame) -> str:
    """Title of the scores on validated rows."""
    scores = by_fold.loc[chosen]
    return f"{capital(chosen)}: ROC AUC {scores.min():.3f} to {scores.max():.3f} on validated rows, of everyone"


def choice(result: SearchResult, rule: str, by_fold: pd.DataFrame) -> str:
    """What was chosen on validated rows, beside a simple rule, and why it is no simpler or less simple model."""
    chosen = result.chosen
    cv, scores = by_fold.mean(axis=1), by_fold.loc[chosen]
    return (
        f"We use the {chosen}. On validated rows, of everyone, its mean ROC AUC is {cv[chosen]:.3f} "
        f"({rule}: {cv[rule]:.3f}). "
        f"The best and the worst of the {by_fold.shape[1]} folds are {scores.max() - scores.min():.3f} apart. "
        f"{simplicity(result)}"
    )


def simplicity(result: SearchResult) -> str:
    """Why no simpler model was chosen, or why a simpler one than the best."""
    if result.chosen != result.best:
        verb = "gain" if result.best.endswith("s") else "gains"
        tie = f"The {result.best} {verb} next to nothing over it"
        return f"{tie} ({interval(result.gains[result.chosen])}), so the simpler model is used."
    if not result.simpler:
        return "It is the simplest kind of model, too."
    nearest = result.simpler[0]
    return f"No simpler model is known to be as good (gain over the {nearest}: {interval(result.gains[nearest])})."


def interval(gain: Interval) -> str:
    """A difference with its interval."""
    return f"{gain.value:+.3f}, 95% interval {gain.low:+.3f} to {gain.high:+.3f}"


def ranking_title(tested: Assessment, phrases: Phrases) -> str:
    """Title of the scores on the test rows."""
    return f"{capital(tested.chosen)}: ROC AUC {tested.scores['roc_auc'].value:.3f}, {phrases.judged}"


def ranking(tested: Assessment, phrases: Phrases) -> str:
    """How well the chosen model ranks the test rows, and how high a lift could be at all."""
    rule, (truth, _) = tested.rules[0], tested.of_judged
    most = min(1 / truth.mean(), 1 / TOP) if truth.any() else np.nan
    return (
        f"Take two {phrases.judged}: one {phrases.outcome}, the other {phrases.stayed}. The model tells which is which "
        f"{tested.scores['roc_auc'].value:.0%} of the time ({rule}: {tested.intervals[rule]['roc_auc'].value:.0%}; "
        f"guessing: 50%). Of the tenth at highest risk, {tested.scores['lift_top_decile'].value:.1f} times as many "
        f"{phrases.outcome} as of all; {most:.1f} times would be perfect."
    )


def compared(name: str, other: str, gain: Interval) -> str:
    """A paired difference of ROC AUC in words, with its verdict."""
    verdict = gain.comparison()
    verdict = verdict.replace("is ", "are ", 1) if name.endswith("s") else verdict  # boosted trees
    return f"{name} {verdict} {other} ({interval(gain)})"


def against_rules(tested: Assessment, phrases: Phrases) -> str:
    """The chosen model against the best simple rule."""
    rule = f"the best simple rule, {tested.best_rule.removesuffix(' (MBG/NBD)')}"
    return f"On {phrases.test}, the {compared(tested.chosen, rule, tested.gains[tested.best_rule])}."


def against_models(tested: Assessment) -> str:
    """The chosen model against the best of the others, and what that says of the choice."""
    edge = tested.gains[tested.rival]
    rival = f"the {tested.rival}, the next best on validated rows"
    return f"In the test, the {compared(tested.chosen, rival, edge)}.{winner(edge)}"


def winner(edge: Interval) -> str:
    """What a difference between the chosen model and another says of the choice; empty where it was right."""
    if edge.low > 0:
        return ""
    if edge.high < 0:
        return " The choice stays as it was made before the test: choosing by the test would spoil it."
    return " So neither clearly wins. The choice was made before the test."


def profit_title(curve: pd.DataFrame, currency: str, value: float, cost: float, chance: float) -> str:
    """Title of the profit curve (`metrics.profits`): what was assumed, and which share to contact gains most."""
    best = curve.iloc[curve.gain.argmax()]
    return (
        f"If a kept customer brings {value:,.0f} {currency}, a contact costs {cost:,.2f} and keeps {chance:.0%}\n"
        f"of churners: contacting {best.contacted:.0%} of customers gains most, {best.gain:,.2f} a customer"
    )


def calibration_title(tested: Assessment, phrases: Phrases) -> str:
    """Title of the calibration curve."""
    truth, score = tested.of_judged
    return f"{score.mean():.0%} were forecast {phrases.will}; {truth.mean():.0%} {phrases.did}"


def calibration(tested: Assessment, method: str, phrases: Phrases) -> str:
    """Whether probabilities can be counted on, and how they were calibrated."""
    off = tested.calibration_error
    use = "In this test they could be counted on." if off <= COUNTED_ON else gate_narrative.RANK
    how = (
        f"They are recalibrated on validated rows ({method})."
        if method != "none"
        else "Recalibration did not improve the forecast."
    )
    return (
        f"Of {phrases.judged}, {calibration_title(tested, phrases)}. In ten groups from low to high risk, forecasts "
        f"are off by {100 * off:.0f} percentage points on average. {use} {how}"
    )


def segments_title(by_segment: pd.DataFrame) -> str:
    """Title of forecast and outcome by segment (`tables.by_segment`)."""
    outside = (by_segment.forecast < by_segment.low) | (by_segment.forecast > by_segment.high)
    if not outside.any():
        return "In every segment the forecast was right, within chance"
    return f"In {outside.sum()} of {len(by_segment)} segments the forecast was off by more than chance"


def main_feature(losses: pd.DataFrame, dictionary: pd.DataFrame) -> str:
    """What the model relies on most; `losses` is of `reasons.permuted`."""
    name, lost = losses.index[0], losses.value.iloc[0]
    meaning = dictionary.set_index("feature").meaning.get(name, "").removesuffix(" (MBG/NBD)")
    return (
        f"Most important: {word(name)} ({meaning}). With its values shuffled, the forecast ranks worse: the ROC AUC "
        f"falls by {lost:.3f}."
    )


def candidate(failed: Sequence[str], count: int) -> str:
    """Whether the model is good enough to use, and for what."""
    if not failed:
        return f"The churn model passed all {count} checks: it is good enough to use."
    return (
        f"{gate_narrative.counted(len(failed), count)}: {'; '.join(failed)}. {use(failed)} It is put into use only if "
        "someone gives a reason."
    )


INTENDED = (
    "To rank customers by how likely they are not to order within the horizon (of a table: to churn), so that people "
    "can decide whom to contact."
)


def limits(phrases: Phrases, problem: str, failed: Sequence[str]) -> list[str]:
    """What the model cannot do and must not be used for, for its card."""
    always = [
        f"It says how likely a customer is {phrases.will}. It does not say why, nor whom a contact would keep: that "
        "takes a trial with a group that is not contacted.",
        f"The test is {phrases.test}; another season may differ.",
        "It is no reason to refuse anyone, or to offer worse terms.",
    ]
    return [*([problem] if problem else []), *(f"Failed check: {gate}" for gate in failed), *always]
