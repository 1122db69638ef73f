"""What a model must pass before it may be called a candidate: rows of value, limit and verdict, and leak canaries.

A gate that fails is a verdict for people to read; it stops nothing.
"""

from collections.abc import Callable, Mapping
from typing import NamedTuple

import numpy as np
import pandas as pd

from patrons.churn.split import GROUP
from patrons.evaluation.metrics import Interval, roc_auc
from patrons.features.panel import KNOWN, OUTCOME
from patrons.intake.attributes import alone

LEAK = 0.98  # ROC AUC that no single feature reaches honestly
NOISE = 3.3  # standard errors: one honest model in a thousand lies beyond
Fit = Callable[[pd.DataFrame], Callable[[pd.DataFrame], np.ndarray]]


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


def shuffled(train: pd.DataFrame, test: pd.DataFrame, fit: Fit, seed: int, told: str = "") -> Gate:
    """Learn on outcomes dealt out at random: on the test rows, dealt out too, it must score 0.5 ± noise.

    Outcomes are dealt so that nothing honest can know the test's: whatever was known by the test day is dealt apart
    from it, even where the same customer is on both sides. What must not be on both sides keeps one outcome: copies of
    a customer in a table; of a log a customer's rows whose label windows reach beyond the test day. A procedure scores
    more if it learns from such rows and knows the customer again, if it looks at the outcome of the rows that it is
    asked about, or if it was prepared on both sides' outcomes. What was frozen into a feature before is not found here,
    as the deal parts it from the outcome too: `single_feature` and `dated` look for that.

    Parameters
    ----------
    fit : callable
        Rows with their (dealt) outcomes to a function from rows, with theirs, to scores: all that the notebook does
        between the split and the score.
    told : str
        What the gate says of `fit`.
    """
    rows = pd.concat([test, train], ignore_index=True)
    rows[OUTCOME], units = _dealt(rows, test, np.random.default_rng(seed))
    asked = rows[: len(test)]
    one_each = asked[OUTCOME][~pd.Series(units[: len(test)]).duplicated()]
    truth, positives = asked[OUTCOME].to_numpy(), int(one_each.sum())
    score = roc_auc(truth, fit(rows[len(test) :])(asked)) if 0 < positives < len(one_each) else np.nan
    reach = NOISE * null_error(positives, len(one_each) - positives)
    return Gate(f"shuffled outcomes{told} (ROC AUC)", score, f"0.5 ± {reach:.3f}", bool(abs(score - 0.5) <= reach))


def _dealt(rows: pd.DataFrame, test: pd.DataFrame, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Outcomes dealt out anew within each day, and the number of the unit of each row: its rows share an outcome."""
    if KNOWN not in rows:
        units, day = pd.factorize(rows.get(GROUP, rows.index))[0], np.zeros(len(rows))
    else:
        reaches = rows[KNOWN] > test.as_of.min()
        seen = rows.as_of.mask(reaches, test.as_of.min())  # one unit with the customer's row of the test
        units = pd.MultiIndex.from_arrays([rows.customer_id, seen]).factorize()[0]
        day = seen.to_numpy()
    first = np.flatnonzero(~pd.Series(units).duplicated())
    outcome, day = rows[OUTCOME].to_numpy()[first], day[first]
    mixed, dealt = rng.permutation(len(first)), np.empty(len(first), outcome.dtype)
    dealt[np.argsort(day, kind="stable")] = outcome[mixed[np.argsort(day[mixed], kind="stable")]]
    return dealt[units], units


def null_error(positives: int, negatives: int) -> float:
    """Standard error of the ROC AUC of scores that know nothing (Mann & Whitney, 1947)."""
    return float(np.sqrt((positives + negatives + 1) / (12 * max(positives * negatives, 1))))


def single_feature(rows: pd.DataFrame, outcome: pd.Series, seed: int, most: int = 5_000) -> Gate:
    """The highest ROC AUC of one feature alone: near 1 it tells the outcome instead of forecasting it."""
    few = rows.sample(min(most, len(rows)), random_state=seed)
    scores = alone(few.reset_index(drop=True), outcome.loc[few.index].reset_index(drop=True), seed)
    name = scores.index[0] if scores.notna().any() else "none"
    return at_most(f"best single feature, {name.replace('_', ' ')} (ROC AUC)", scores.iloc[0], LEAK)


def of_rows(train: pd.DataFrame, test: pd.DataFrame, inputs: pd.DataFrame, seed: int) -> list[Gate]:
    """The canaries that look at rows alone: `single_feature`, and `dated` where there are days.

    Parameters
    ----------
    inputs : DataFrame
        Of the training rows what a model may see.
    """
    return [single_feature(inputs, train[OUTCOME], seed), *([dated(train, test)] if KNOWN in test else [])]


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
    return [{**row, "value": None if pd.isna(row["value"]) else row["value"]} for row in verdict.to_dict("records")]
