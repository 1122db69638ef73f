"""What a model must pass before it may be called a candidate: rows of value, limit and verdict, and leak canaries.

A gate that fails is a verdict for people to read; it stops nothing.
"""

from collections.abc import Callable, Mapping
from typing import NamedTuple

import numpy as np
import pandas as pd

from patrons.attributes import alone
from patrons.evaluation import Interval, roc_auc
from patrons.features import KNOWN, OUTCOME

LEAK = 0.98  # ROC AUC that no single feature reaches honestly
NOISE = 3.3  # standard errors: one honest model in a thousand lies beyond
Fit = Callable[[pd.DataFrame, np.ndarray], Callable[[pd.DataFrame], np.ndarray]]


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


def shuffled(train: pd.DataFrame, test: pd.DataFrame, fit: Fit, seed: int, key: str = "") -> Gate:
    """Learn on outcomes dealt out at random: on the test rows, dealt out too, it must score 0.5 ± noise.

    A model that scores more knows test rows from training: copies of one customer on both sides, which keep one
    outcome between them, or a preparation that saw the outcomes.

    Parameters
    ----------
    fit : callable
        Rows and outcomes to a function from rows to scores.
    key : str
        Column whose equal values share an outcome, such as the group of copies; none unless given.
    """
    rng, rows = np.random.default_rng(seed), pd.concat([train, test], ignore_index=True)
    unit = pd.factorize(rows[key])[0] if key else np.arange(len(rows))
    outcome = rng.permutation(rows[OUTCOME].to_numpy()[~pd.Series(unit).duplicated()])[unit]
    y, truth = outcome[: len(train)], outcome[len(train) :]
    score = roc_auc(truth, fit(train, y)(test)) if 0 < truth.sum() < len(truth) else np.nan
    reach = NOISE * null_error(int(truth.sum()), int(len(truth) - truth.sum()))
    return Gate("shuffled outcomes (ROC AUC)", score, f"0.5 ± {reach:.3f}", bool(abs(score - 0.5) <= reach))


def null_error(positives: int, negatives: int) -> float:
    """Standard error of the ROC AUC of scores that know nothing (Mann & Whitney, 1947)."""
    return float(np.sqrt((positives + negatives + 1) / (12 * max(positives * negatives, 1))))


def single_feature(rows: pd.DataFrame, outcome: pd.Series, seed: int, most: int = 5_000) -> Gate:
    """The highest ROC AUC of one feature alone: near 1 it tells the outcome instead of forecasting it."""
    few = rows.sample(min(most, len(rows)), random_state=seed)
    scores = alone(few.reset_index(drop=True), outcome.loc[few.index].reset_index(drop=True), seed)
    name = scores.index[0] if scores.notna().any() else "none"
    return at_most(f"best single feature, {name.replace('_', ' ')} (ROC AUC)", scores.iloc[0], LEAK)


def dated(train: pd.DataFrame, test: pd.DataFrame) -> Gate:
    """Rows that hold something dated after the day they describe, or were learnt from before their outcome was known.

    Days since something are negative where it lies ahead; a date among the features is compared with the day itself.
    """
    rows = pd.concat([train, test], ignore_index=True)
    wrong = pd.Series(False, rows.index)
    if KNOWN in rows:
        for name in rows.columns[rows.columns.str.contains("recency|tenure")]:
            wrong |= rows[name] < 0
        for name in rows.select_dtypes("datetime").columns.difference(["as_of", KNOWN]):
            wrong |= rows[name] >= rows.as_of
        late = rows[KNOWN] > test.as_of.min()
        wrong |= rows[KNOWN] <= rows.as_of
        wrong |= late & (rows.index < len(train))
    return at_most("rows dated after the day they describe", int(wrong.sum()), 0)


def table(gates: list[Gate]) -> pd.DataFrame:
    """The gates as a table: `gate`, `value`, `limit`, `verdict` (passed or failed)."""
    rows = [(g.gate, g.value, g.limit, "passed" if g.passed else "failed") for g in gates]
    return pd.DataFrame(rows, columns=["gate", "value", "limit", "verdict"])


def as_record(verdict: pd.DataFrame) -> list[Mapping[str, object]]:
    """The table as plain values for a JSON file; a value that is missing is null."""
    return [{**row, "value": None if pd.isna(row["value"]) else row["value"]} for row in verdict.to_dict("records")]
