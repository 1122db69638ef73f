"""Page: whom to contact with a budget, what that may bring, and the list as files."""

from typing import Any

import altair as alt
import numpy as np
import pandas as pd
import streamlit as st

from patrons.app import address, assumptions, contacts, downloads
from patrons.app.formats import BLUE, card, money, voiced, with_unit
from patrons.app.results import Series
from patrons.value import list_narrative, narrative, stake_check
from patrons.value.arms import HOLD_OUT


def show(series: Series) -> None:
    """Draw the page."""
    st.header("Actions")
    profit, actions = series.table("profit.parquet"), series.listed()
    if profit is None or actions is None:
        st.info("Values and actions come from the notebook on customer value (07), which has not run for this data.")
        return
    value = series.json("value.json") or {}
    _doubts(value)
    if len(profit) < 2 or profit[["cost", "gain", "low", "high"]].isna().any(axis=None):
        st.info("The gain cannot be estimated, as nothing says what a customer pays: this is whom to contact first.")
        _list(series, _marked(series, actions), len(actions), trying=False)
        return
    tried = assumptions.ask(series, pd.DataFrame(value.get("assumptions", [])))
    listed = tried.listed.assign(late=_late(actions, tried.listed)) if tried else actions
    table = _marked(series, listed)
    reached = _plan(series, profit, value, tried.curve if tried else None, table)
    _list(series, table, reached, trying=tried is not None)


def _doubts(value: dict[str, Any]) -> None:
    if doubts := narrative.doubtful(value.get("doubts", {})):
        st.warning(voiced(doubts))
    if check := value.get("check"):
        st.warning(check)


def _late(actions: pd.DataFrame, listed: pd.DataFrame) -> Any:
    """Who is late by the own rhythm, which no assumption changes."""
    late = actions.set_index("customer_id")["late"] if "late" in actions else pd.Series(dtype=bool)
    return listed.customer_id.astype(str).map(late).fillna(False).to_numpy(bool)


def _marked(series: Series, listed: pd.DataFrame) -> pd.DataFrame:
    return contacts.marked(listed.sort_values("rank"), contacts.flagged(series), series.table("features.parquet"))


def _plan(
    series: Series, profit: pd.DataFrame, value: dict[str, Any], tried: pd.DataFrame | None, table: pd.DataFrame
) -> int:
    """Show what a budget brings; how many it contacts."""
    curve, currency = profit if tried is None else tried, series.currency
    if curve.gain.max() <= 0:
        st.info("Under the assumptions, no contact brings more than it costs.")
    most = float(np.ceil(profit.cost.max()))
    start = min(float(value.get("plan", {}).get("cost", most / 4)), most)
    label = with_unit("Budget", currency)
    budget = address.follows("budget", start, ends=(0.0, most))
    st.slider(label, 0.0, most, step=most / 100, format="%.0f", key="budget")
    at = {name: float(np.interp(budget, curve.cost, curve[name])) for name in ("contacted", "gain", "low")}
    columns = st.columns(3)
    columns[0].metric("Customers to contact", f"{int(at['contacted']):,}", border=True, height="stretch")
    error = value["stake_error"]["value"] if value.get("corrected") is not None else None
    card(columns[1], "Expected gain", gained(at["gain"], min(budget, float(curve.cost.max())), error, currency), "gain")
    columns[2].metric("Gain if things go badly", money(at["low"], currency), border=True, height="stretch")
    if error is not None:
        st.caption(list_narrative.corrected_for(error))
    if text := to_check(_first(table, int(at["contacted"])), currency):
        st.caption(text)
    if tried is not None:
        before = {name: float(np.interp(budget, profit.cost, profit[name])) for name in ("contacted", "gain")}
        st.info(
            f"You are trying other assumptions. By those of the params file this budget contacts "
            f"{int(before['contacted']):,} customers and brings {money(before['gain'], currency)}."
        )
    st.altair_chart(_curve(curve, budget, currency))
    st.caption(
        "Gain = risk × chance that a contact saves × margin rate × (spend if kept − if lost) − cost. "
        "All this holds only if the assumptions do. The band is the 95% interval; “badly” means its lower end."
    )
    return int(at["contacted"])


def gained(gain: float, cost: float, error: float | None, currency: str) -> str:
    """The expected gain as the first page tells it: with and without the error of the test, the lower amount first.

    Parameters
    ----------
    error : float or None
        How much too high the test put what a contact could save, a share of it; None where that may be chance.
    """
    if error is None or not gain:
        return money(gain, currency)
    return list_narrative.gained(gain, stake_check.without_error(gain, cost, error), currency)


def to_check(reached: pd.DataFrame, currency: str) -> str:
    """How much of the gain counts spend whose cancellation is not taken off, in sentences; empty for none of it.

    `reached` is the list down to whom the budget reaches, with `marks`.
    """
    rows = reached[contacts.to_check(reached) & (reached.arm != HOLD_OUT)]
    if rows.empty:
        return ""
    whom = "a customer" if len(rows) == 1 else f"{len(rows):,} customers"
    return (
        f"{money(rows.expected_gain.sum(), currency)} of the expected gain is of {whom} to check first: more than half "
        "of their spend was cancelled, but which orders is not known, so it is not taken off. Do not count on this "
        "gain."
    )


def _first(actions: pd.DataFrame, contacts: int) -> pd.DataFrame:
    """The rows of the list down to so many to contact; those who are held out stay among them, marked as such."""
    reached = (actions.arm != HOLD_OUT).cumsum()
    return actions[(reached <= contacts) & (reached.shift(fill_value=0) < contacts)]


def _list(series: Series, table: pd.DataFrame, reached: int, trying: bool) -> None:
    """The list that is shown, by the filters that stand in the address, and as files."""
    st.subheader("The list")
    options, columns = [contacts.TO_CONTACT, *contacts.MARKS], st.columns([2, 2, 2, 1.5])
    names = [card["segment"] for card in series.json("segments.json") or []] or sorted(table.segment.dropna().unique())
    segments, marks = address.follows("segment", [], names), address.follows("mark", [], options)
    sort, search = address.follows("sort", "rank", contacts.SORTS), address.remembers("search", "")
    columns[0].multiselect("Segment", names, key="segment", placeholder="all")
    columns[1].multiselect("Only those marked", options, key="mark", placeholder="all")
    columns[2].text_input("Search", key="search", placeholder="customer, reason, action")
    columns[3].selectbox("Sort by", list(contacts.SORTS), key="sort")
    beyond = reached >= len(table) or address.follows("everyone", False)
    if reached < len(table):
        st.toggle("Also those whom the budget does not reach", key="everyone")
    within = table if beyond else _first(table, reached)
    rows = contacts.chosen(within, segments, marks, search, sort)
    if rows.empty:
        st.info(_nobody(contacts.chosen(table, segments, marks, search, sort)))
        return
    if not trying:
        downloads.show(series, rows.drop(columns="marks"))
    if held := int((rows.arm == HOLD_OUT).sum()):
        st.caption(f"{held:,} of these are held out: leave them alone, so that what contacts do can be seen.")
    contacts.show(rows, series.currency)
    downloads.for_mail(series)


def _nobody(beyond: pd.DataFrame) -> str:
    """Why the list is empty."""
    if beyond.empty:
        return "Nobody on the list is like this. Take a filter away."
    return f"The budget reaches nobody like this; beyond it there are {len(beyond):,}."


def _curve(profit: pd.DataFrame, budget: float, currency: str) -> alt.LayerChart:
    base = alt.Chart(profit, height=300, title="Gain by what is spent on contacts").encode(
        x=alt.X("cost:Q", title=with_unit("spent on contacts", currency), axis=alt.Axis(tickCount=6))
    )
    band = base.mark_area(opacity=0.2, color=BLUE).encode(
        y=alt.Y("low:Q", title=with_unit("gain", currency)), y2="high:Q"
    )
    line = base.mark_line(color=BLUE).encode(y="gain:Q")
    rule = alt.Chart(pd.DataFrame({"cost": [budget]})).mark_rule(strokeDash=[4, 4], color="grey").encode(x="cost:Q")
    return band + line + rule
