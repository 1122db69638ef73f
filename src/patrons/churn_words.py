"""What a forecast was tested on, and whom it is for, in words that are true of a log and of a customer table."""

from typing import NamedTuple

import pandas as pd

from patrons.features import KNOWN, OUTCOME


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
    """

    test: str
    customers: str
    split: str
    stayed: str
    by: str
    current: str


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
        )
    day, known = test.as_of.iloc[0].date(), test[KNOWN].iloc[0].date()
    return Words(
        f"the test day {day}",
        f"customers of {day}",
        f"The test is {day}, the latest day whose outcome is known; training uses only days whose outcome was known by "
        "then, so that nothing that a model learns from lies after the day it is tested on.",
        "came back",
        f" by {known}",
        f"customers who ordered in the last {_horizon(test)} days",
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
        return today.recency_days <= _horizon(test)
    churned = pd.concat([train, test]).set_index("customer_id")[OUTCOME]
    return today.customer_id.map(churned) == 0


def lately(test: pd.DataFrame) -> pd.Series:
    """Which test rows could still be kept: of a log those who ordered within one horizon before, of a table all."""
    return test.recency_days <= _horizon(test) if KNOWN in test else pd.Series(True, test.index)


def _horizon(test: pd.DataFrame) -> int:
    return int((test[KNOWN] - test.as_of).dt.days.iloc[0])
