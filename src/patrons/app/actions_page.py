"""Page: whom to contact with a budget, and what that may bring."""

from typing import Any

import altair as alt
import numpy as np
import pandas as pd
import streamlit as st

from patrons.app.results import Series
from patrons.app.words import BLUE, headed, measured, money, number

SHOWN = 200  # customers on the page


def show(series: Series) -> None:
    """Draw the page."""
    st.header("Actions")
    profit, actions = series.table("profit.parquet"), series.table("actions.csv")
    if profit is None or actions is None:
        st.info("Values and actions come from the notebook on customer value (07), which has not run for this data.")
        return
    actions, value = actions.sort_values("rank"), series.json("value.json") or {}
    doubts = value.get("doubts", {})
    if told := " ".join([*doubts.get("churn", []), *doubts.get("value", [])]):
        st.warning(f"What follows rests on doubtful ground. {told}")
    if len(profit) < 2 or profit[["cost", "gain", "low", "high"]].isna().any(axis=None):
        st.info("No gain can be told, as where nothing says what a customer pays: this is whom to contact first.")
        _listed(series, actions)
        return
    plan = value.get("plan", {})
    if profit.gain.max() <= 0:
        st.info("Under the assumptions made, no contact brings more than it costs.")
    top = float(np.ceil(profit.cost.max()))
    budget = st.slider(
        measured("Budget", series.currency), 0.0, top, min(float(plan.get("cost", top / 4)), top), top / 100, "%.0f"
    )
    at = {name: float(np.interp(budget, profit.cost, profit[name])) for name in ("contacted", "gain", "low", "high")}
    contacts = int(at["contacted"])
    columns = st.columns(3)
    columns[0].metric("Customers to contact", f"{contacts:,}")
    columns[1].metric("Expected gain", money(at["gain"], series.currency))
    columns[2].metric("Gain if things go badly", money(at["low"], series.currency))
    st.altair_chart(_curve(profit, budget, series.currency))
    st.caption("All this holds only if the assumptions do. The band is the 95 % interval; badly means its low end.")
    _assumed(value.get("assumptions", []))
    _listed(series, actions.head(contacts))


def _listed(series: Series, chosen: pd.DataFrame) -> None:
    st.download_button("Download the list", chosen.to_csv(index=False), f"{series.name}_actions.csv", type="primary")
    st.dataframe(headed(chosen.head(SHOWN).dropna(axis=1, how="all")), hide_index=True)


def _assumed(assumptions: list[dict[str, Any]]) -> None:
    with st.expander("The assumptions"):
        table = pd.DataFrame(assumptions, columns=["assumption", "low", "likely", "high"]).set_index("assumption")
        st.table(table.map(number))
        st.caption("They are typed in the params file under 07_customer_value; run the series to try others.")


def _curve(profit: pd.DataFrame, budget: float, currency: str) -> alt.Chart:
    base = alt.Chart(profit, height=320, title="Gain by what is spent on contacts").encode(
        x=alt.X("cost:Q", title=measured("spent on contacts", currency))
    )
    band = base.mark_area(opacity=0.2, color=BLUE).encode(
        y=alt.Y("low:Q", title=measured("gain", currency)), y2="high:Q"
    )
    line = base.mark_line(color=BLUE).encode(y="gain:Q")
    rule = alt.Chart(pd.DataFrame({"cost": [budget]})).mark_rule(strokeDash=[4, 4]).encode(x="cost:Q")
    return band + line + rule
