"""What the pages of 06, 07 and 08 open with beyond the first page's answer: a price, a verdict, the first customers."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd

from patrons.digits import about
from patrons.files import read_json
from patrons.value.arms import CONTACT, HOLD_OUT
from patrons.value.tables import why

CHURN, VALUE = "06_churn", "07_customer_value"
ROWS = 5  # customers that a page opens with
STAYS = {  # by the verdict of 08, before its reason
    "none": "It may stay for now.",
    "watch": "It may stay for now, but keep an eye on it.",
    "retrain": "No, it should be trained again.",
}


class Customers(NamedTuple):
    """Some customers, as a table: what stands above and below it, its head and its rows."""

    heading: str
    note: str
    head: list[str]
    rows: list[list[str]]


def title(stage: str, processed: Path) -> str:
    """The question of a page with its days; empty where the notebook's own does."""
    days = read_json(processed / CHURN / "churn.json", {}).get("horizon_days") if stage == CHURN else None
    return f"Who is likely not to order in the next {days} days?" if days else ""


def watched(record: Mapping[str, Any]) -> str:
    """Whether the model in use may stay, by ``monitoring.json``."""
    reason = str(record["reason"])
    judged = record["verdict"] == "none" and reason.startswith("No need")
    return f"{'Yes, it may stay.' if judged else STAYS[record['verdict']]} {reason}"


def customers(stage: str, listed: pd.DataFrame | None, currency: str, days: int | None, by: str) -> Customers | None:
    """The first customers that a page is about, with what they are worth; None where there is no list.

    On the page of 06 those at highest risk whom we warn of, without those who are left alone for a trial; on that of 07
    the first to contact.

    Parameters
    ----------
    listed : DataFrame or None
        What `contacts.listed` returned.
    days, by
        See `patrons.value.tables.why`.
    """
    if stage not in (CHURN, VALUE) or listed is None:
        return None
    arm = listed.arm if "arm" in listed else pd.Series(CONTACT, listed.index)
    if stage == VALUE:
        some = listed[arm == CONTACT] if (arm == CONTACT).any() else listed
        heading, of = "The first to contact", len(some)
        note = "{} of {:,}, in the order of what a contact may bring. The list below has more."
    else:
        some = listed[listed.warned & (arm != HOLD_OUT)].sort_values(
            "churn_probability", ascending=False, kind="stable"
        )
        heading, of = "At highest risk", int(listed.warned.sum())
        note = "{} of {:,} with a warning, without those left alone for a trial. For whom a contact may pay: page 7."
    if some.empty:
        return None
    table = _texts(some.head(ROWS), currency, days, by, stage)
    return Customers(heading, note.format(len(table), of), [str(name) for name in table], table.values.tolist())


def _texts(rows: pd.DataFrame, currency: str, days: int | None, by: str, stage: str) -> pd.DataFrame:
    """The columns of such a table, those that are known."""
    money = f" {currency}".rstrip()
    texts = {
        "Customer": rows.customer_id,
        "Segment": rows.segment,
        "Risk": rows.churn_probability.map("{:.0%}".format),
        f"Expected spend in {days} days": rows.value.map(lambda amount: about(amount) + money, na_action="ignore"),
        "Expected gain of a contact": rows.expected_gain.map(lambda gain: about(gain) + money, na_action="ignore"),
        "Why": [why(row, currency, days, by) for row in rows.itertuples()],
    }
    if stage == CHURN:
        del texts["Expected gain of a contact"]
    table = pd.DataFrame(texts).dropna(axis="columns", how="all").fillna("")
    return table[[name for name in table if table[name].astype(bool).any()]]
