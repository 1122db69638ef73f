"""The first rows of the list of whom to contact, as the first page shows them."""

import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from patrons.digits import about
from patrons.files import result_file
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


def listed(processed: Path) -> pd.DataFrame | None:
    """The list of a series with `warned`, whether 06 warns of each; None where there is none, or its ids are in doubt.

    Without scores of 06, nobody is warned of.
    """
    try:
        table = listing.read(processed)
    except listing.ListError as error:  # the pages go without the list, whose file says no more than they would
        LOG.warning("%s", error)
        return None
    scores = result_file(processed, "churn_scores.parquet")
    if table is None or scores is None:
        return None if table is None else table.assign(warned=False)
    known = pd.read_parquet(scores, columns=["customer_id", "flagged"])
    return table.assign(warned=table.customer_id.isin(known.customer_id[known.flagged.astype(bool)]))


def first(table: pd.DataFrame, currency: str, days: int | None, by: str) -> dict[str, Any] | None:
    """The first customers of the list of 07.

    Parameters
    ----------
    table : DataFrame
        What `listed` returned.
    currency : str
        The ISO code, or empty.
    days : int or None
        How far ahead their spend is told.
    by : str
        See `patrons.value.tables.why`.

    Returns
    -------
    dict or None
        `head` (names of the columns), `rows` (each a list of texts), `all` (how many customers are to be contacted),
        `warned` (how many of these 06 warns of), `unsure` (of how many the
        interval of the gain includes zero), `held` (how many are held out, by `arm`), `bounded` (whether a contact
        would pay for more than the budget does), `segments` (those to contact by segment); None where there is nobody
        to contact.
    """
    held = 0
    bounded = bool((table.suggested_action == BEYOND).any())
    if "arm" in table:  # others are held out, or bring less than they cost
        held = int((table.arm == HOLD_OUT).sum())
        table = table[table.arm == CONTACT]
    if table.empty:
        return None
    rows = table.head(FIRST)
    texts = pd.DataFrame(
        {
            "customer_id": rows.customer_id,
            "segment": rows.segment,
            "churn": rows.churn_probability.map("{:.0%}".format, na_action="ignore"),
            "gain": rows.expected_gain.map(lambda gain: f"{about(gain)} {currency}".strip(), na_action="ignore"),
            "why": [why(row, currency, days, by) for row in rows.itertuples()],
            "suggested_action": rows.suggested_action.map(capital, na_action="ignore"),
        }
    )
    texts = texts.dropna(axis="columns", how="all").fillna("")
    return {
        "head": [HEAD[str(name)] for name in texts],
        "rows": texts.values.tolist(),
        "all": len(table),
        "warned": int(table.warned.sum()),
        "held": held,
        "unsure": int((~table.certain.astype(bool)).sum()) if "certain" in table else 0,
        "bounded": bounded,
        "segments": {str(segment): int(count) for segment, count in table.segment.value_counts().items()},
    }


def note(span: Span | None, found: Mapping[str, Any]) -> str:
    """What risk and gain are, and in which order the list is, below the table; `found` is what `first` returned."""
    risk = f"that a customer does not order {span}" if span else "of losing the customer"
    told = f"Risk: the chance {risk}."
    if "Expected gain" not in found["head"]:
        return told
    without = found["all"] - found["warned"]
    few = f": {without:,} of the {found['all']:,} carry no warning" if without and found["warned"] else ""
    return (
        f"{told} Expected gain: what a contact brings beyond its cost, if the assumptions hold. The list goes by gain, "
        f"not by risk{few}."
    )
