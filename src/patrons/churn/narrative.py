"""What a forecast was tested on, and whom it is for, in words that are true of a log and of a customer table."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
from sklearn.pipeline import Pipeline

from patrons.evaluation.metrics import Interval, at_threshold
from patrons.evaluation.shares import wilson
from patrons.features.panel import KNOWN, OUTCOME


class Words(NamedTuple):
    """Parts of sentences.

    Attributes
    ----------
    test : str
        The test rows: "the test day 2025-10-03", "the held-out customers".
    customers : str
        The same as people: "customers of 2025-10-03", "held-out customers".
    split : str
        How training and test were parted, a sentence.
    stayed : str
        What those did who did not churn.
    by : str
        " by 2026-01-01" where churn has a last day, else empty.
    current : str
        Customers who can still be kept.
    validated : str
        What the parts are that models were validated on.
    """

    test: str
    customers: str
    split: str
    stayed: str
    by: str
    current: str
    validated: str


def words(train: pd.DataFrame, test: pd.DataFrame) -> Words:
    """The words for these training and test rows."""
    if KNOWN not in test:
        share = len(test) / (len(train) + len(test))
        return Words(
            "the held-out customers",
            "held-out customers",
            f"The table has no dates, so nothing can be tested on a later day: {share:.0%} of the customers, drawn at "
            "random, are held out, and rows that differ in nothing but the id stay on one side.",
            "stayed",
            "",
            "customers who have not churned",
            "part of the training customers that was left out",
        )
    day, known = test.as_of.iloc[0].date(), test[KNOWN].iloc[0].date()
    return Words(
        f"the test day {day}",
        f"customers of {day}",
        f"The test is {day}, the latest day whose outcome is known; training uses only days whose outcome was known by "
        "then, so that nothing that a model learns from lies after the day it is tested on.",
        "came back",
        f" by {known}",
        f"customers who ordered in the last {horizon(test)} days",
        "day that was forecast from what was known on it",
    )


def rows_used(train: pd.DataFrame, test: pd.DataFrame) -> pd.DataFrame:
    """How many customers were learnt from and tested on, and what share churned: a row a day where there are days.

    Returns
    -------
    DataFrame
        `used_for`, `as_of` (where there are days), `customers`, `churned` (share).
    """
    rows = pd.concat([train.assign(used_for="training"), test.assign(used_for="test")])
    by = ["as_of", "used_for"] if KNOWN in test else ["used_for"]
    counts = rows.groupby(by, sort=KNOWN in test)[OUTCOME].agg(customers="size", churned="mean").reset_index()
    counts = counts.assign(as_of=counts.as_of.dt.date) if KNOWN in test else counts
    return counts[["used_for", *(name for name in by if name != "used_for"), "customers", "churned"]]


def segments(clusterer: Pipeline, labels: pd.DataFrame, today: pd.DataFrame, rows: pd.DataFrame) -> np.ndarray:
    """Segment name of each row on its own day: where the clusterer puts it, by the name most have there today."""
    columns = list(clusterer.feature_names_in_)
    named = today[["customer_id"]].merge(labels[["customer_id", "segment"]], on="customer_id", how="left").segment
    commonest = named.groupby(clusterer.predict(today[columns])).agg(_commonest)
    return pd.Series(clusterer.predict(rows[columns])).map(commonest).fillna("none").to_numpy(str)


def _commonest(names: pd.Series) -> str:
    return str(names.mode().iloc[0])


def by_segment(truth: np.ndarray, score: np.ndarray, segment: np.ndarray, least: int = 30) -> pd.DataFrame:
    """Churn forecast and churn that happened, by segment; those of fewer than `least` customers are left out.

    Returns
    -------
    DataFrame
        Index the segment, by churn; `customers`, `forecast`, `value` (share that churned) and its 95% interval `low`
        and `high` (Wilson, 1927).
    """
    table = pd.DataFrame({"segment": segment, "value": truth, "forecast": score}).groupby("segment")
    table = table.agg(customers=("value", "size"), forecast=("forecast", "mean"), value=("value", "mean"))
    table = table[table.customers >= least].sort_values("value", ascending=False, kind="stable")
    low, high = wilson(table.value * table.customers, table.customers)
    return table.assign(low=low, high=high)


def fold_names(validation: pd.DataFrame) -> list[str]:
    """The parts that models were validated on: their days, or their numbers."""
    days = validation.groupby("fold").as_of.first() if "as_of" in validation else None
    return [str(n + 1) for n in sorted(validation.fold.unique())] if days is None else [str(day.date()) for day in days]


def board(scores: Mapping[str, Mapping[str, Interval]]) -> pd.DataFrame:
    """Scores to be read: a row a model, each score with its interval as text."""
    table = pd.DataFrame({name: {m: str(value) for m, value in one.items()} for name, one in scores.items()}).T
    return table.rename(columns=lambda name: name.replace("_", " ")).rename_axis("model").reset_index()


FORMATS = {name: "{:.0%}" for name in ("threshold", "flagged", "recall", "precision", "accuracy")} | {
    "F1": "{:.2f}",
    "gain a customer": "{:,.2f}",
}


def thresholds(
    found: Mapping[str, float], truth: np.ndarray, score: np.ndarray, value: float, cost: float, chance: float
) -> pd.DataFrame:
    """What each threshold does on the test rows: a row each, in shares of customers, and the gain in currency."""
    rows = []
    for name, limit in found.items():
        one = at_threshold(truth, score, limit)
        right, flags, n = one["tp"], one["tp"] + one["fp"], len(truth)
        f1 = 2 * right / max(flags + right + one["fn"], 1)
        gain = (right * chance * value - flags * cost) / n
        rows.append((name, limit, flags / n, one["recall"], one["precision"], (right + one["tn"]) / n, f1, gain))
    names = ["serves", "threshold", "flagged", "recall", "precision", "accuracy", "F1", "gain a customer"]
    return pd.DataFrame(rows, columns=names)


INTENDED = "To rank customers by how likely they are not to come back, so that people can decide whom to contact."


def limits(words: Words, problem: str, failed: Sequence[str]) -> list[str]:
    """What the model cannot do and must not be used for, for its card."""
    told = [
        "It says who is likely to leave, not why, and not whom a contact would keep: that needs a trial with a group "
        "that is not contacted.",
        f"Measured on {words.test} only; another season may differ.",
        "No ground to refuse or to worsen anyone's terms.",
    ]
    return [*([problem] if problem else []), *(f"Failed gate: {gate}" for gate in failed), *told]


def compared(name: str, other: str, gain: Interval) -> str:
    """A paired difference of ROC AUC in words, with its verdict."""
    told = gain.comparison()
    told = told.replace("is ", "are ", 1) if name.endswith("s") else told  # boosted trees
    return f"{name} {told} {other} ({gain.value:+.3f}, 95% interval {gain.low:+.3f} to {gain.high:+.3f})"


def columns_kept(columns: pd.DataFrame) -> str:
    """What models look at, a sentence; `columns` is of `churn_columns.compare_tops`."""
    kept, *others = columns.itertuples()
    if not others:
        return f"Models look at all {kept.number} columns."
    other = others[0]
    return (
        f"Models look at {kept.number} columns, {kept.columns}: ROC AUC of small boosted trees {kept.roc_auc:.3f} on "
        f"the validated rows, against {other.roc_auc:.3f} with {other.columns}; by these scores, "
        f"{compared('the former', 'the latter', kept.gain)}."
    )


def winner(edge: Interval) -> str:
    """What a difference between the chosen model and the next best says of the choice; empty where it was right."""
    if edge.low > 0:
        return ""
    if edge.high < 0:
        return " The choice stays: it was made on validated rows, and a test that chooses is no test."
    return " There is no significant winner among the models; the choice was made on validated rows."


def of_the_active(words: Words, auc: Interval, verdict: Mapping[str, float], churned: float, customers: int) -> str:
    """What the test says of those who could still be kept, a sentence; `verdict` is of `evaluation.at_threshold`."""
    if not customers:
        return (
            f"None of the test rows is of {words.current} by then: of those who can still be kept nothing is measured."
        )
    return (
        f"Of the {customers:,} {words.current} by then, {churned:.0%} churned: {verdict['recall']:.0%} of these were "
        f"flagged, and {verdict['precision']:.0%} of flags were right (ROC AUC {auc}). Expect this of those who can "
        "still be kept."
    )


def unseen(said: pd.Series, test: pd.DataFrame, validation: pd.DataFrame, model: str) -> pd.Series:
    """Scores of today's customers, each by a model that has not seen the customer's own outcome.

    Of a log, today's outcome is not known to anyone: the scores are `said`, those of the saved model. Of a table, the
    customers of today are those that it learnt from: of them it is what was said when their part was left out.

    Parameters
    ----------
    said : Series
        What the saved model says of today's customers; the index is the customer.
    test, validation : DataFrame
        The test rows, and what `churn.out_of_fold` returned.
    model : str
        Name of the saved model.
    """
    if KNOWN in test:
        return said
    left_out = validation.set_index("customer_id")[model]
    return left_out.reindex(said.index).fillna(said)


def can_be_kept(today: pd.DataFrame, train: pd.DataFrame, test: pd.DataFrame) -> pd.Series:
    """Which of today's customers are `Words.current`."""
    if KNOWN in test:
        return today.recency_days <= horizon(test)
    churned = pd.concat([train, test]).set_index("customer_id")[OUTCOME]
    return today.customer_id.map(churned) == 0


def lately(test: pd.DataFrame) -> pd.Series:
    """Which test rows could still be kept: of a log those who ordered within one horizon before, of a table all."""
    return test.recency_days <= horizon(test) if KNOWN in test else pd.Series(True, test.index)


def horizon(test: pd.DataFrame) -> int:
    """Length of the label window, days."""
    return int((test[KNOWN] - test.as_of).dt.days.iloc[0])
