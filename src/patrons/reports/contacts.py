"""The first rows of the list of whom to contact, as the first page shows them."""

import logging
from pathlib import Path
from typing import Any

import pandas as pd

from patrons.digits import about
from patrons.lexicon import capital
from patrons.reports.dates import Span
from patrons.value import listing
from patrons.value.actions import BEYOND
from patrons.value.arms import CONTACT, HOLD_OUT
from patrons.value.tables import why

LOG = logging.getLogger(__name__)
FIRST = 10
HEAD = {  # of a column: what it is called on a wide page and before each value on a narrow one
    "customer_id": "Customer",
    "segment": "Segment",
    "churn": "Risk",
    "gain": "Expected gain",
    "why": "Why",
    "suggested_action": "What to do",
}


def first(path: Path, currency: str, days: int | None = None) -> dict[str, Any] | None:
    """The first customers of ``actions.csv`` of 07.

    Parameters
    ----------
    path : Path
    currency : str
        The ISO code, or empty.
    days : int, optional
        How far ahead their spend is told.

    Returns
    -------
    dict or None
        `head` (names of the columns), `rows` (each a list of texts), `all` (how many customers are to be contacted),
        `held` (how many are held out, by `arm`), `bounded` (whether a contact would pay for more than the budget does),
        `segments` (the same by segment), `file` (the list's name from the project's folder); None where there is no
        list or nobody to contact.
    """
    if not path.exists():
        return None
    try:
        listed = listing.read(path.parents[1])
    except listing.ListError as error:  # the pages go without the list, whose file says no more than they would
        LOG.warning("%s", error)
        return None
    assert listed is not None
    held = 0
    bounded = bool((listed.suggested_action == BEYOND).any())
    if "arm" in listed:  # others are held out, or bring less than they cost
        held = int((listed.arm == HOLD_OUT).sum())
        listed = listed[listed.arm == CONTACT]
    if listed.empty:
        return None
    rows = listed.head(FIRST)
    texts = pd.DataFrame(
        {
            "customer_id": rows.customer_id,
            "segment": rows.segment,
            "churn": rows.churn_probability.map("{:.0%}".format, na_action="ignore"),
            "gain": rows.expected_gain.map(lambda gain: f"{about(gain)} {currency}".strip(), na_action="ignore"),
            "why": [why(row, currency, days) for row in rows.itertuples()],
            "suggested_action": rows.suggested_action.map(capital, na_action="ignore"),
        }
    )
    texts = texts.dropna(axis="columns", how="all").fillna("")
    return {
        "head": [HEAD[str(name)] for name in texts],
        "rows": texts.values.tolist(),
        "all": len(listed),
        "held": held,
        "bounded": bounded,
        "segments": {str(segment): int(count) for segment, count in listed.segment.value_counts().items()},
        "file": "/".join(["data/processed", *path.parts[-3:]]),
    }


def note(span: Span | None) -> str:
    """What risk and gain are, below the table."""
    risk = f"that a customer does not order {span}" if span else "of losing the customer"
    return f"Risk: the chance {risk}. Expected gain: what a contact brings beyond its cost, if the assumptions hold."
