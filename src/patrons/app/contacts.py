"""The list of whom to contact: what marks a customer, who is shown of it, and how a row opens a customer."""

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from patrons.app.formats import AMBER, BLUE, GREEN, GREY, HEADINGS, NONE, amount, styled
from patrons.app.results import Series
from patrons.value import actions as contacting
from patrons.value.arms import CONTACT, HOLD_OUT

ROW, VISIBLE = 66, 8  # pixels, at which a row takes lines for a long text; rows that are seen without scrolling
SHOWN = 500  # rows on the page; the downloads have all
CHECK, HELD, WARNED, LATE, PAYS = contacting.CHECK, "held out", "warning", "late", "likely pays off"
TO_CONTACT = "to contact"
MARKS = {  # beside a customer, the most urgent first: colour, and what it means
    CHECK: (AMBER, "more than half of their spend was cancelled, of orders not known, so it is still in the gain"),
    HELD: (GREY, "left alone on purpose, so that it can be seen what contacts do"),
    WARNED: (BLUE, "the risk is at or above the threshold of the model"),
    LATE: (GREY, "silent for longer than nine in ten of their own gaps would be"),
    PAYS: (GREEN, "a contact brings more than it costs in 95% of draws"),
}
SORTS = {  # what the list can be sorted by: column, and whether the least comes first
    "rank": ("rank", True),
    "gain": ("expected_gain", False),
    "risk": ("churn_probability", False),
    "expected spend": ("value", False),
    "customer": ("customer_id", True),
}
COLUMNS = ["rank", "customer_id", "churn_probability", "expected_gain", "range", "marks", "segment", "value"]
TEXTS = ["suggested_action", "reason_1", "reason_2", "reason_3"]


def marked(listed: pd.DataFrame, flagged: pd.Series | None, features: pd.DataFrame | None) -> pd.DataFrame:
    """The list with `marks`, a list of `MARKS` for each customer.

    Parameters
    ----------
    listed : DataFrame
        ``actions.csv``.
    flagged : Series of bool or None
        By customer, whether 06 warns of them.
    features : DataFrame or None
        ``features.parquet``, which tells what was cancelled.
    """
    check = listed.suggested_action.str.startswith(CHECK)
    if features is not None:
        check |= contacting.cancelled_share(listed.customer_id, features) > contacting.CANCELLED
    masks = {
        CHECK: check,
        HELD: listed.arm == HOLD_OUT,
        WARNED: listed.customer_id.map(flagged if flagged is not None else {}) == True,  # noqa: E712, missing is no
        LATE: listed["late"] if "late" in listed else check & False,
        PAYS: listed.certain & (listed.expected_gain > 0) & ~check,
    }
    columns = [mask.to_numpy(bool) for mask in masks.values()]
    marks = [[name for name, has in zip(masks, row, strict=True) if has] for row in zip(*columns, strict=True)]
    return listed.assign(marks=pd.Series(marks, listed.index, dtype=object))


def to_check(table: pd.DataFrame) -> pd.Series:
    """Of whose spend more than half was cancelled and is not taken off, of a list with `marks`."""
    return table.marks.map(lambda own: CHECK in own).astype(bool)


def chosen(table: pd.DataFrame, segments: Sequence[str], marks: Sequence[str], search: str, sort: str) -> pd.DataFrame:
    """The rows with one of the segments, all of the marks and the text, sorted; empty choices leave all."""
    if segments:
        table = table[table.segment.isin(segments)]
    for mark in marks:
        has = table.marks.map(lambda own, mark=mark: mark in own) if mark != TO_CONTACT else table.arm == CONTACT
        table = table[has.astype(bool)]
    if text := search.strip().casefold():
        texts = [table[name].fillna("").astype(str) for name in ("customer_id", *TEXTS) if name in table]
        found = pd.concat([one.str.casefold().str.contains(text, regex=False) for one in texts], axis=1).any(axis=1)
        table = table[found]
    column, ascending = SORTS[sort]
    return table.sort_values([column, "rank"], ascending=[ascending, True], kind="stable")


def show(table: pd.DataFrame, currency: str) -> None:
    """The rows; a click on one opens that customer."""
    rows = table.head(SHOWN)
    st.session_state["listed"] = rows.customer_id.tolist()
    known = rows.assign(range=[_range(*ends) for ends in zip(rows.gain_low, rows.gain_high, strict=True)])
    columns = [name for name in [*COLUMNS, *TEXTS[:2]] if name not in ("expected_gain", "range", "value")]
    columns = [*COLUMNS, *TEXTS[:2]] if rows.value.notna().any() else columns
    more = f" Shown are the first {SHOWN:,}; the files have all." if len(table) > SHOWN else ""
    unit = f" Amounts are in {currency}." if currency and rows.value.notna().any() else ""
    st.caption(f"{len(table):,} customers. Click a row to open that customer.{more}{unit}")
    st.dataframe(
        styled(known[columns]),
        hide_index=True,
        key="list",
        row_height=ROW,
        height=ROW * min(len(rows), VISIBLE) + 40,
        on_select=_open,
        selection_mode="single-cell",
        placeholder=NONE,
        column_config={
            "rank": st.column_config.Column(width=50),
            "customer": st.column_config.TextColumn(width=90, pinned=True),
            HEADINGS["marks"]: st.column_config.MultiselectColumn(
                width=175, options=list(MARKS), color=[colour for colour, _ in MARKS.values()]
            ),
            HEADINGS["suggested_action"]: st.column_config.TextColumn(width=200),
            HEADINGS["reason_1"]: st.column_config.TextColumn(width=255),
        },
    )
    present = {mark for marks in rows.marks for mark in marks}
    if present:
        told = [f"**{mark}**: {meaning}" for mark, (_, meaning) in MARKS.items() if mark in present]
        st.caption("; ".join(told) + ".")


def _range(low: float, high: float) -> str:
    if pd.isna(low):
        return NONE
    return f"{amount(low)} to {amount(high)}".replace("-", "−")  # a hyphen in front would look like a formula


def _open() -> None:
    """Open the customer in whose row was clicked."""
    cells = st.session_state["list"]["selection"]["cells"]
    if cells:
        st.session_state.update(page="A customer", start="Look up", customer=st.session_state["listed"][cells[0][0]])


def flagged(series: Series) -> pd.Series | None:
    """By customer, whether 06 warns of them; None before it has run."""
    scores = series.table("churn_scores.parquet")
    return None if scores is None else scores.set_index(scores.customer_id.astype(str)).flagged
