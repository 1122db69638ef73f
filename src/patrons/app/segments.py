"""Page: who the segments are, how they differ, and how customers move between them."""

from collections.abc import Mapping
from typing import Any

import altair as alt
import pandas as pd
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from patrons.app.formats import BLUE, GREY, coverage, money, number, percent, readable
from patrons.app.results import Series

CARDS_A_ROW = 4
NOT_TO_BE_USED = "It is not to be used:"  # how a model's card begins to say so
SHARES_ONLY = "shares of the segments"  # what 05 calls a model where there was nothing to learn
LINES = "split(datum.label, ', ')"  # a long name takes several lines


def show(series: Series) -> None:
    """Draw the page."""
    st.header("Segments")
    cards = series.json("segments.json")
    if not cards:
        st.info("There are no segments yet: run the whole series.")
        return
    outcome = (series.json("churn.json") or {}).get("outcome", "")
    if text := weak(series.json("segment_model.json")):
        st.warning(text)
    width = len(cards) if len(cards) <= CARDS_A_ROW else CARDS_A_ROW - 1
    for start in range(0, len(cards), width):
        for column, card in zip(
            st.columns(width), cards[start : start + width], strict=False
        ):  # as high as the highest
            _card(column, card, series.currency, outcome)
    st.subheader("How they differ")
    st.altair_chart(_shares(pd.DataFrame(cards)))
    _profile(cards, series.currency)
    _movement(series.table("migration.parquet"), cards, series.table("in_time.parquet"))
    if text := later(series.json("segment_later.json")):
        st.caption(text)


def _card(column: DeltaGenerator, card: dict[str, Any], currency: str, outcome: str) -> None:
    with column.container(border=True, height="stretch"):
        st.markdown(f"#### {card['segment']}")
        st.markdown(f"**{card['customers']:,}** customers, {percent(card['share'])} of all")
        if card.get("revenue_share") is not None:
            st.markdown(f"{percent(card['revenue_share'])} of revenue ({money(card['revenue'], currency)})")
        if text := churned(card, outcome):
            st.markdown(text)
        if card.get("action"):
            st.markdown(f"**Suggested, not tested here:** {card['action']}")
        if card.get("against"):
            st.caption(f"You will know this is wrong if {card['against']}")


def weak(model: Mapping[str, Any] | None) -> str:
    """That new customers cannot be placed well, where 05 says so of its model; else empty.

    `model` is ``segment_model.json``, None where there is none yet.
    """
    limits = " ".join(model["card"].get("limits", [])) if model else ""
    if model and model["card"].get("algorithm") == SHARES_ONLY:
        return f"New customers cannot be placed in these segments. {limits}"
    start = limits.find(NOT_TO_BE_USED)
    if start < 0:
        return ""
    reason = limits[start:].removeprefix(NOT_TO_BE_USED).split(". ")[0].strip().rstrip(".")
    return f"The model that places new customers in these segments is weak and not to be used: {reason}."


def churned(card: Mapping[str, Any], outcome: str) -> str:
    """Which share of a segment churned, in the words of 06 for that; empty where either is not known.

    Of an order log these are the customers who were in the segment a horizon ago.
    """
    if card.get("churn_rate") is None or not outcome:
        return ""
    whom = "those who were in it before" if card.get("earlier_customers") else "them"
    return f"{percent(card['churn_rate'])} of {whom} {outcome}"


def _shares(cards: pd.DataFrame) -> alt.Chart:
    names = {"share": "customers", "revenue_share": "revenue"}
    known = [name for name in names if name in cards and cards[name].notna().any()]
    long = cards.melt("segment", known, "of", "part").assign(of=lambda table: table["of"].map(names))
    colours = alt.Scale(domain=list(names.values()), range=[GREY, BLUE])
    return (
        alt.Chart(long, height=60 * len(cards) + 90, title=f"Share of {' and of '.join(names[name] for name in known)}")
        .mark_bar()
        .encode(
            x=alt.X("part:Q", title="share", axis=alt.Axis(format="%", tickCount=5)),
            y=alt.Y("segment:N", title=None, sort=list(cards.segment), axis=alt.Axis(labelExpr=LINES, labelLimit=140)),
            yOffset="of:N",
            color=alt.Color("of:N", title="share of", scale=colours, legend=alt.Legend(orient="top")),
            tooltip=["segment", "of", alt.Tooltip("part", format=".1%")],
        )
    )


def _profile(cards: list[dict[str, Any]], currency: str) -> None:
    medians = [name for name in cards[0] if name.endswith("_median")]
    if medians:
        table = {card["segment"]: [number(card.get(name)) for name in medians] for card in cards}
        unit = f"; amounts in {currency}" if currency else ""
        st.caption(f"The median customer of each segment{unit}")
        st.table(pd.DataFrame(table, index=[readable(name.removesuffix("_median")) for name in medians]))


def later(kept: Mapping[str, Any] | None) -> str:
    """Whether the segments likely later are given, and how often such held, else why not; empty of a table.

    `kept` is ``segment_later.json``, None where there is none yet.
    """
    if not kept or not (kept["used"] or kept.get("reason")):
        return ""
    if not kept["used"]:
        return f"Which segments are likely later is not said of a customer: {kept['reason']}."
    return (
        f"For each customer the segments likely in {kept['days']} days are given: such held the right one "
        f"{coverage(kept)}."
    )


def borders(in_time: pd.DataFrame | None) -> str:
    """How many customers another day's grouping alone would place otherwise; empty where it is not known."""
    if in_time is None or in_time.empty:
        return ""
    latest = in_time.sort_values("days").iloc[0]
    return (
        f". Groups made {latest.days:.0f} days ago would place {percent(latest.otherwise)} of the customers of then "
        "otherwise: as much of the movement may be the borders between segments"
    )


def whose(cards: list[dict[str, Any]]) -> str:
    """Whose movement is shown where it is not everyone's, a sentence's end; empty where it is."""
    drawn = cards[0].get("drawn")  # by 04, of a large log
    return (
        f", of {drawn:,.0f} of {sum(card['customers'] for card in cards):,} customers, drawn at random" if drawn else ""
    )


def _movement(moves: pd.DataFrame | None, cards: list[dict[str, Any]], in_time: pd.DataFrame | None) -> None:
    st.subheader("Who moves where")
    if moves is None or moves.empty:
        st.info("This needs a log that is long enough, and the log of these results is not.")
        return
    names = [card["segment"] for card in cards]
    moves = moves.assign(share=moves.customers / moves.groupby("from").customers.transform("sum"))
    shares = "Of those who were in a segment before (row), the share in each segment now (column)"
    st.caption(f"{shares}{whose(cards)}{borders(in_time)}")
    base = alt.Chart(moves, height=60 * moves["from"].nunique() + 80).encode(
        x=alt.X("to:N", title="segment now", sort=names, axis=alt.Axis(labelAngle=-40, labelOverlap=False)),
        y=alt.Y("from:N", title="before", sort=names),
    )
    cells = base.mark_rect().encode(
        color=alt.Color("share:Q", scale=alt.Scale(scheme="blues", domain=[0, 1]), legend=None),
        tooltip=["from", "to", alt.Tooltip("share", format=".0%")],  # of a large log the counts are of some customers
    )
    ink = alt.condition("datum.share > 0.5", alt.value("white"), alt.value("black"))
    st.altair_chart(cells + base.mark_text().encode(text=alt.Text("share:Q", format=".0%"), color=ink))
