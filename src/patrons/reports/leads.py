"""What the pages of 06, 07 and 08 open with beyond the first page's answer: a price, a verdict, the first customers."""

import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd

from patrons.digits import about
from patrons.files import read_json
from patrons.value import listing
from patrons.value.arms import CONTACT
from patrons.value.tables import why

LOG = logging.getLogger(__name__)
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


def lines(stage: str, processed: Path) -> list[str]:
    """What a page adds to its first answer, sentences."""
    if stage == VALUE:
        ahead = read_json(processed / VALUE / "value.json", {}).get("expected_spend", {}).get("ahead", "")
        return [ahead] if ahead else []
    today = read_json(processed / CHURN / "churn.json", {}).get("today", {}) if stage == CHURN else {}
    right = read_json(processed / CHURN / "metrics.json", {}).get("precision_active")
    if not today.get("customers") or right is None:
        return []
    return [
        f"That is a warning for {today['flagged'] / today['customers']:.0%} of recent buyers, so as to miss few. The "
        f"price in the test: {1 - right:.0%} of the warnings were false alarms."
    ]


def watched(record: Mapping[str, Any]) -> str:
    """Whether the model in use may stay, by ``monitoring.json``."""
    reason = str(record["reason"])
    judged = record["verdict"] == "none" and reason.startswith("No need")
    return f"{'Yes, it may stay.' if judged else STAYS[record['verdict']]} {reason}"


def customers(stage: str, processed: Path, currency: str) -> Customers | None:
    """The first customers that a page is about, with what they are worth; None where there is no list.

    On the page of 06 the first whom we warn of, on that of 07 the first to contact, both in the order of the list.
    """
    path, value = processed / VALUE / "actions.csv", read_json(processed / VALUE / "value.json", {})
    if stage not in (CHURN, VALUE) or not path.exists() or not value:
        return None
    try:
        listed = listing.read(processed)
    except listing.ListError as error:  # the pages go without the list, whose file says no more than they would
        LOG.warning("%s", error)
        return None
    assert listed is not None
    some = listed[listed.arm == CONTACT] if "arm" in listed and (listed.arm == CONTACT).any() else listed
    if stage == CHURN:
        scores = pd.read_parquet(processed / CHURN / "churn_scores.parquet", columns=["customer_id", "flagged"])
        some = some[some.customer_id.isin(scores.customer_id[scores.flagged.astype(bool)])]
    if some.empty:
        return None
    table = _texts(some.head(ROWS), currency, value.get("horizon_days"), stage)
    return Customers(*_words(stage, len(table), len(some)), [str(name) for name in table], table.values.tolist())


def _words(stage: str, shown: int, of: int) -> tuple[str, str]:
    """Heading of the first customers, and what stands below them."""
    order = "in the order of what a contact may bring"
    if stage == CHURN:
        return (
            "The first whom we warn of",
            f"{shown} of the {of:,} warned of who are not left alone for a trial, {order}.",
        )
    return "The first to contact", f"{shown} of {of:,}, {order}. The list below has more."


def _texts(rows: pd.DataFrame, currency: str, days: int | None, stage: str) -> pd.DataFrame:
    """The columns of such a table, those that are known."""
    money = f" {currency}".rstrip()
    texts = {
        "Customer": rows.customer_id,
        "Segment": rows.segment,
        "Risk": rows.churn_probability.map("{:.0%}".format),
        f"Expected spend in {days} days": rows.value.map(lambda amount: about(amount) + money, na_action="ignore"),
        "Expected gain of a contact": rows.expected_gain.map(lambda gain: about(gain) + money, na_action="ignore"),
        "Why": [why(row, currency, days) for row in rows.itertuples()],
    }
    if stage == CHURN:
        del texts["Expected gain of a contact"]
    table = pd.DataFrame(texts).dropna(axis="columns", how="all").fillna("")
    return table[[name for name in table if table[name].astype(bool).any()]]
