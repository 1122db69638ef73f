"""What the segment model can and cannot do, in sentences."""

from collections.abc import Mapping, Sequence

import pandas as pd

from patrons.evaluation.metrics import Interval
from patrons.lexicon import capital, words
from patrons.segments.assessment import Assessment
from patrons.segments.classification import REFERENCE
from patrons.segments.later import Forecast
from patrons.segments.placement import NEAR_COPY

Scores = Mapping[str, Interval]
NAMED = 3  # columns that are named before the rest are counted


def _interval(interval: Interval, form: str) -> str:
    return f"95% interval {interval.low:{form}} to {interval.high:{form}}"


def left_out(few: Mapping[str, int]) -> str:
    """Which segments `placement.too_few` names; empty where there are none."""
    if not few:
        return ""
    named = ", ".join(f"{name} ({n:,} to learn from)" for name, n in few.items())
    return f"Too small to be learnt, so the model never predicts them and no score counts them: {named}."


def nothing_to_learn(segments: Sequence[str], few: Mapping[str, int]) -> str:
    """Why no model can be made: fewer than two segments are large enough."""
    large = f"only {segments[0]} has enough customers" if segments else "no segment has enough customers"
    sentences = (
        f"There is nothing to learn: {large if few else 'there is only one segment'}.",
        left_out(few),
        "New customers get each segment with its share of today's customers as its probability.",
        "More customers or fewer segments would help.",
    )
    return " ".join(filter(None, sentences))


def families_title(board: pd.DataFrame) -> str:
    return f"{capital(board.index[0])} places best: macro-F1 {board.macro_f1.iloc[0]:.3f}"


def lead(family: str, gain: Interval) -> str:
    """The best family against the reference; `gain` is the difference of their macro-F1."""
    if family == REFERENCE:
        return f"No other model beats the {REFERENCE}, which is the yardstick."
    return (
        f"{capital(family)} {gain.comparison()} a {REFERENCE}, which is the yardstick (macro-F1 {gain.value:+.3f}, "
        f"{_interval(gain, '+.3f')})."
    )


def placement(held_out: Assessment, customers: int, hidden: Sequence[str]) -> str:
    """How many of the held-out customers are placed in their segment."""
    accuracy = held_out.scores["accuracy"]
    return (
        f"{accuracy.value:.1%} of {customers:,} customers that the model had not seen land in their segment "
        f"({_interval(accuracy, '.1%')}). It was not shown {', '.join(words(hidden))}, of which segments are made. "
        f"Always naming the largest segment is right for {held_out.baseline['accuracy'].value:.1%}."
    )


def cross_validated(scores: Scores, folds: int) -> str:
    accuracy = scores["accuracy"]
    return (
        f"In {folds}-fold cross-validation the share is {accuracy.value:.1%} ({_interval(accuracy, '.1%')}). That is "
        "slightly optimistic, as the same folds chose the model."
    )


def distillation(scores: Scores) -> str:
    return f"Shown what was hidden, a {REFERENCE} repeats the segment of {scores['accuracy'].value:.1%} of customers."


def near_copies(names: Sequence[str]) -> str:
    """What nearly gives the hidden features away."""
    first, rest = words(names[:NAMED]), len(names) - NAMED
    more = f" and {rest} more" if rest > 0 else ""
    return (
        f"The model sees columns that say nearly the same as what was hidden: {', '.join(first)}{more} (rank "
        f"correlation above {NEAR_COPY}). So this shows how well it repeats segments, not how well it knows a stranger."
    )


def weakest_title(held_out: Assessment) -> str:
    return f"{held_out.weakest} is hardest: {held_out.recall.min():.0%} are recognised"


def weakest(held_out: Assessment) -> str:
    recall = held_out.recalls.loc[held_out.weakest]
    return (
        f"{held_out.weakest} is the hardest to recognise: {recall.rate:.0%} of its customers land in it (95% interval "
        f"{recall.low:.0%} to {recall.high:.0%}, for all segments at once)."
    )


def calibration_title(error: float) -> str:
    return f"Predicted and observed shares differ by {100 * error:.1f} percentage points on average"


def verdict(held_out: Assessment, min_recall: float) -> str:
    """Whether the model may be used, and why not: a clause that follows its name."""
    if not held_out.beats_baseline:
        return "is not to be used: it is no better than always saying the largest segment"
    if not held_out.is_fit_for_use(min_recall):
        found = f"{held_out.recall.min():.0%} of {held_out.weakest}, under the {min_recall:.0%} wanted"
        return f"is not to be used: it recognises {found}"
    return "places customers of every segment well enough to be used"


def limits(few: Mapping[str, int], verdict: str) -> str:
    """What the model's card says it cannot do."""
    sentences = (
        "Scores are of held-out customers of the same data and day; cross_validated_accuracy is of the folds that "
        "chose the family, and slightly optimistic.",
        left_out(few),
        "It repeats labels that a clustering made; it does not say where a customer will be later.",
        f"It {verdict}.",
    )
    return " ".join(sentence for sentence in sentences if sentence)


NO_LATER = (
    "Where customers will be later cannot be learnt here: there are no earlier days, or too few, whose later segments "
    "are known."
)


def later_title(forecast: Forecast) -> str:
    scores = forecast.scores["accuracy"].value, forecast.persistence["accuracy"].value
    return f"{forecast.days} days ahead, {scores[0]:.0%} are predicted; {scores[1]:.0%} stay where they are"


def later(forecast: Forecast) -> str:
    """How well later segments are predicted, against everyone staying where they are."""
    gain, macro_f1 = forecast.gain["accuracy"], forecast.gain["macro_f1"]
    scores = forecast.scores["accuracy"].value, forecast.persistence["accuracy"].value
    return (
        f"{forecast.days} days ahead, the model names the right segment for {scores[0]:.1%} of customers. To say that "
        f"everyone stays where they are is right for {scores[1]:.1%} (difference {gain.value:+.1%}, "
        f"{_interval(gain, '+.1%')}; macro-F1 {macro_f1.value:+.3f}, {_interval(macro_f1, '+.3f')}). The model "
        f"{both(gain, macro_f1)} that guess."
    )


def both(*differences: Interval) -> str:
    """How a model compares by several scores at once: better or worse only where all of them say so."""
    comparisons = {difference.comparison() for difference in differences}
    return comparisons.pop() if len(comparisons) == 1 else "cannot be told apart from"


def promise(origins: pd.DataFrame, level: float) -> str:
    """How often the likely segments held the right one, as `later.Procedure.origins` measured it."""
    if origins.empty:
        return (
            "No likely segments are given: to measure how often they hold the right one takes days of three horizons "
            "in a row."
        )
    latest, days = origins.iloc[0], len(origins)
    held = Interval(latest.value, latest.low, latest.high)
    short = "" if held.high >= level else f" That is short of the {level:.0%} aimed at."
    others = f" On {days} days it was {_range(origins.value)}." if days > 1 else ""
    return (
        f"The model names all segments that are likely, {latest.segments:.1f} a customer. On the latest day the right "
        f"one was among them for {held.value:.1%} ({_interval(held, '.1%')}).{short}{others} Neither model nor "
        "threshold had seen those outcomes. The interval covers customers, not seasons."
    )


def _range(values: pd.Series) -> str:
    return f"{values.min():.0%} to {values.max():.0%}"


NOT_USED = "So no likely later segments are given: staying put is as good a guess."
