"""The first rows of the list of whom to contact, as the first page shows them."""

from pathlib import Path
from typing import Any

import pandas as pd

from patrons.digits import about

FIRST = 10
CONTACT = "contact"  # the arm of those to contact
HEAD = {  # of a column: what it is called on a wide page and before each value on a narrow one
    "customer_id": "Customer",
    "segment": "Segment",
    "churn": "Risk",
    "gain": "Expected gain",
    "reason_1": "Main reason",
    "suggested_action": "What to do",
}


def first(path: Path, currency: str) -> dict[str, Any] | None:
    """The first customers of ``actions.csv`` of 07.

    Returns
    -------
    dict or None
        `head` (names of the columns), `rows` (each a list of texts), `all` (how many customers are to be contacted),
        `segments` (the same by segment), `file` (the list's name from the project's folder); None where there is no
        list or nobody to contact.
    """
    if not path.exists():
        return None
    listed = pd.read_csv(path, dtype={"customer_id": str}, encoding="utf-8-sig")
    if "arm" in listed:  # others are held out, or bring less than they cost
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
            "reason_1": rows.reason_1,
            "suggested_action": rows.suggested_action.map(_capital, na_action="ignore"),
        }
    )
    texts = texts.dropna(axis="columns", how="all").fillna("")
    return {
        "head": [HEAD[str(name)] for name in texts],
        "rows": texts.values.tolist(),
        "all": len(listed),
        "segments": {str(segment): int(count) for segment, count in listed.segment.value_counts().items()},
        "file": "/".join(["data/processed", *path.parts[-3:]]),
    }


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
