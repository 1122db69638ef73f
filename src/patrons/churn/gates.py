"""What a model must pass before it may be called a candidate: gates with a value, a limit and a verdict each.

A gate that fails is a verdict for people to read; it stops nothing.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd

from patrons.churn.assessment import Assessment
from patrons.churn.origins import Tried
from patrons.churn.pairs import best_pair
from patrons.churn.rules import UNTUNED
from patrons.evaluation.metrics import Interval, calibration_error, roc_auc
from patrons.features.panel import KNOWN, OUTCOME
from patrons.features.split import GROUP
from patrons.intake.attributes import alone
from patrons.lexicon import word, words

LEAK = 0.98  # ROC AUC that no single feature reaches honestly
NOISE = 3.3  # standard errors: one honest model in a thousand lies beyond
Fit = Callable[[pd.DataFrame], Callable[[pd.DataFrame], Mapping[str, np.ndarray]]]


class Gate(NamedTuple):
    """One row of the verdict."""

    gate: str
    value: float
    limit: str
    passed: bool


def at_least(gate: str, value: float, limit: float) -> Gate:
    """A gate that a high value passes; a missing one fails."""
    return Gate(gate, float(value), f"at least {limit:.3g}", bool(value >= limit))


def at_most(gate: str, value: float, limit: float) -> Gate:
    """A gate that a low value passes; a missing one fails."""
    return Gate(gate, float(value), f"at most {limit:.3g}", bool(value <= limit))


def beats(baseline: str, gain: Interval) -> Gate:
    """Whether the model is better than a baseline beyond the paired interval of the difference."""
    return Gate(f"better than {baseline} (lower end of the gain)", gain.low, "above 0", bool(gain.low > 0))


def holds_against(baseline: str, gain: Interval) -> Gate:
    """Whether the model is not worse than a baseline beyond the paired interval of the difference."""
    return Gate(f"no worse than {baseline} (upper end of the gain)", gain.high, "at least 0", bool(gain.high >= 0))


def quality(
    tested: Assessment,
    tried: Tried,
    min_roc_auc: float,
    max_gap: float,
    max_calibration_error: float,
) -> list[Gate]:
    """Every gate on how well the chosen model predicts the test rows of those who could be kept.

    Parameters
    ----------
    tried : Tried
        The days on which the procedure was tried. Calibration is judged by the worse of the test and of the day that is
        nearest in season to today.
    """
    happened = tested.of_judged[0].mean()
    errors = {"": tested.calibration_error}
    if tried and tried.nearest is not tried.origins[-1]:
        season = tried.nearest
        errors[f" of {season.day.date()}, the nearest in season to today"] = calibration_error(*season.of())
    which = max(errors, key=lambda name: errors[name])
    return [
        at_least("ROC AUC, lower end", tested.scores["roc_auc"].low, min_roc_auc),
        at_most("Brier score, against that of the average", tested.scores["brier"].value, happened * (1 - happened)),
        at_most("ROC AUC on validated rows minus in the test", tested.gap, max_gap),
        *(beats(rule, tested.gains[rule]) for rule in tested.rules if rule != UNTUNED),
        *(holds_against(rule, tested.gains[rule]) for rule in tested.rules if rule == UNTUNED),
        at_most(f"calibration error{which}", errors[which], max_calibration_error),
    ]


def believable(doubts: Sequence[str]) -> list[Gate]:
    """A gate that fails where 01 doubts when orders came; none where it does not."""
    return [Gate("doubts about the dates of orders (01)", float(len(doubts)), "none", False)] if doubts else []


def shuffled(train: pd.DataFrame, test: pd.DataFrame, fit: Fit, seed: int) -> list[Gate]:
    """Learn from shuffled outcomes: on the test rows, whose outcomes are shuffled too, it must score 0.5 ± noise.

    Outcomes are shuffled so that nothing honest can know the test's: whatever was known by the test day is shuffled
    apart from it, even where the same customer is on both sides. What must not be on both sides keeps one outcome:
    copies of a customer in a table; of a log a customer's rows whose label windows reach beyond the test day. A
    procedure scores more if it learns from such rows and recognises the customer, if it looks at the outcome of the
    rows that it is to score, or if it was prepared on both sides' outcomes. A leak that was built into a feature before
    is not found here, because shuffling separates it from the outcome too: `single_feature` and `dated` look for that.

    Parameters
    ----------
    fit : callable
        Rows with their (shuffled) outcomes to a function from rows, with theirs, to the scores of each learner, by what
        the gate's name says of it: all that the notebook does between the split and the score.
    """
    rows = pd.concat([test, train], ignore_index=True)
    rows[OUTCOME], units = _shuffled_outcomes(rows, test, np.random.default_rng(seed))
    tested = rows[: len(test)]
    independent = tested[OUTCOME][~pd.Series(units[: len(test)]).duplicated()]  # one row a unit
    truth, positives = tested[OUTCOME].to_numpy(), int(independent.sum())
    both, noise = 0 < positives < len(independent), NOISE * null_error(positives, len(independent) - positives)
    scores = {name: roc_auc(truth, s) if both else np.nan for name, s in fit(rows[len(test) :])(tested).items()}
    return [
        Gate(f"shuffled outcomes{name} (ROC AUC)", score, f"0.5 ± {noise:.3f}", bool(abs(score - 0.5) <= noise))
        for name, score in scores.items()
    ]


def _shuffled_outcomes(
    rows: pd.DataFrame, test: pd.DataFrame, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Outcomes shuffled within each day, and the number of the unit of each row: the rows of one share an outcome."""
    if KNOWN not in rows:
        units, day = pd.factorize(rows[GROUP])[0], np.zeros(len(rows))
    else:
        overlaps = rows[KNOWN] > test.as_of.min()
        seen = rows.as_of.mask(overlaps, test.as_of.min())  # one unit with the customer's row of the test
        units, day = pd.MultiIndex.from_arrays([rows.customer_id, seen]).factorize()[0], seen.to_numpy()
    first = np.flatnonzero(~pd.Series(units).duplicated())
    outcome, day = rows[OUTCOME].to_numpy()[first], day[first]
    order, shuffled = rng.permutation(len(first)), np.empty(len(first), outcome.dtype)
    shuffled[np.argsort(day, kind="stable")] = outcome[order[np.argsort(day[order], kind="stable")]]
    return shuffled[units], units


def null_error(positives: int, negatives: int) -> float:
    """Standard error of the ROC AUC of scores that know nothing (Mann & Whitney, 1947)."""
    return float(np.sqrt((positives + negatives + 1) / (12 * max(positives * negatives, 1))))


def single_feature(rows: pd.DataFrame, outcome: pd.Series, seed: int, most: int = 2_000) -> Gate:
    """The highest ROC AUC of one feature alone: near 1 it gives the outcome away instead of forecasting it."""
    some = rows.sample(min(most, len(rows)), random_state=seed)
    scores = alone(some.reset_index(drop=True), outcome.loc[some.index].reset_index(drop=True), seed)
    name = scores.index[0] if scores.notna().any() else "none"
    return at_most(f"best single feature, {word(name)} (ROC AUC)", scores.iloc[0], LEAK)


def pair_of_features(rows: pd.DataFrame, outcome: pd.Series, seed: int) -> Gate:
    """The highest ROC AUC of two features in a shallow tree: near 1 they give the outcome away together."""
    score, names = best_pair(rows, outcome, seed)
    told = " and ".join(words(names)) or "none"
    gate = f"best pair of features in a small tree, {told} (ROC AUC)"
    return at_most(gate, score, LEAK) if names else Gate(gate, 0.0, f"at most {LEAK:.3g}", True)


def of_rows(train: pd.DataFrame, test: pd.DataFrame, inputs: pd.DataFrame, seed: int) -> list[Gate]:
    """The canaries that look at rows alone: `single_feature`, `pair_of_features`, and `dated` where there are days.

    Parameters
    ----------
    inputs : DataFrame
        Of the training rows what a model may see.
    """
    gates_of_days = [dated(train, test)] if KNOWN in test else []
    columns = single_feature(inputs, train[OUTCOME], seed), pair_of_features(inputs, train[OUTCOME], seed)
    return [*columns, *gates_of_days]


def dated(train: pd.DataFrame, test: pd.DataFrame) -> Gate:
    """Rows that hold something dated after the day they describe, or were learnt from before their outcome was known.

    Days since something are negative where it lies ahead; a date among the features is compared with the day itself. A
    table without days has no such gate.
    """
    rows = pd.concat([train, test], ignore_index=True)
    wrong = rows[KNOWN] <= rows.as_of
    for name in rows.columns[rows.columns.str.contains("recency|tenure")]:
        wrong |= rows[name] < 0
    for name in rows.select_dtypes("datetime").columns.difference(["as_of", KNOWN]):
        wrong |= rows[name] >= rows.as_of
    wrong |= (rows[KNOWN] > test.as_of.min()) & (rows.index < len(train))
    return at_most("rows dated after the day they describe", int(wrong.sum()), 0)


def table(gates: list[Gate]) -> pd.DataFrame:
    """The gates as a table: `gate`, `value`, `limit`, `verdict` (passed or failed)."""
    rows = [(g.gate, g.value, g.limit, "passed" if g.passed else "failed") for g in gates]
    return pd.DataFrame(rows, columns=["gate", "value", "limit", "verdict"])


def as_record(verdict: pd.DataFrame) -> list[Mapping[str, object]]:
    """The table as plain values for a JSON file; a value that is missing is null."""
    rows = verdict.astype({"value": object}).where(verdict.notna(), None)
    return [{str(name): value for name, value in row.items()} for row in rows.to_dict("records")]
