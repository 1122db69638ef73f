"""Page: whom to contact with a budget, and what that may bring."""

from typing import Any

import altair as alt
import numpy as np
import pandas as pd
import streamlit as st

from patrons.app.formats import BLUE, money, number, styled, with_unit
from patrons.app.results import Series
from patrons.files import safe_csv
from patrons.value.arms import HOLD_OUT

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
    if reasons := " ".join([*doubts.get("churn", []), *doubts.get("value", [])]):
        st.warning(f"What follows rests on doubtful ground. {reasons}")
    if len(profit) < 2 or profit[["cost", "gain", "low", "high"]].isna().any(axis=None):
        st.info("The gain cannot be estimated, as nothing says what a customer pays: this is whom to contact first.")
        _list(series, actions)
        return
    plan = value.get("plan", {})
    if profit.gain.max() <= 0:
        st.info("Under the assumptions, no contact brings more than it costs.")
    most = float(np.ceil(profit.cost.max()))
    budget = st.slider(
        with_unit("Budget", series.currency),
        0.0,
        most,
        min(float(plan.get("cost", most / 4)), most),
        most / 100,
        "%.0f",
    )
    plan_at = {name: float(np.interp(budget, profit.cost, profit[name])) for name in ("contacted", "gain", "low")}
    contacts = int(plan_at["contacted"])
    columns = st.columns(3)
    columns[0].metric("Customers to contact", f"{contacts:,}")
    columns[1].metric("Expected gain", money(plan_at["gain"], series.currency))
    columns[2].metric("Gain if things go badly", money(plan_at["low"], series.currency))
    st.altair_chart(_curve(profit, budget, series.currency))
    st.caption(
        "Gain = churn probability × chance that a contact saves × margin rate × (spend if kept − if lost) − cost. "
        "All this holds only if the assumptions do. The band is the 95 % interval; “badly” means its lower end."
    )
    _assumptions(value.get("assumptions", []))
    _list(series, _first(actions, contacts))


def _first(actions: pd.DataFrame, contacts: int) -> pd.DataFrame:
    """The rows of the list down to so many to contact; those who are held out stay among them, marked as such."""
    reached = (actions.arm != HOLD_OUT).cumsum()
    return actions[(reached <= contacts) & (reached.shift(fill_value=0) < contacts)]


def _list(series: Series, chosen: pd.DataFrame) -> None:
    st.download_button("Download the list", safe_csv(chosen), f"{series.name}_actions.csv", "text/csv", type="primary")
    if held := int((chosen.arm == HOLD_OUT).sum()):
        st.caption(
            f"{held:,} of these are held out (column arm): leave them alone, so that what contacts do can be seen."
        )
    st.dataframe(styled(chosen.head(SHOWN).dropna(axis=1, how="all")), hide_index=True)


def _assumptions(assumptions: list[dict[str, Any]]) -> None:
    with st.expander("The assumptions"):
        table = pd.DataFrame(assumptions, columns=["assumption", "low", "likely", "high"]).set_index("assumption")
        st.table(table.map(number))
        st.caption("They stand in the params file under 07_customer_value; run the series to try others.")


def _curve(profit: pd.DataFrame, budget: float, currency: str) -> alt.Chart:
    base = alt.Chart(profit, height=320, title="Gain by what is spent on contacts").encode(
        x=alt.X("cost:Q", title=with_unit("spent on contacts", currency))
    )
    band = base.mark_area(opacity=0.2, color=BLUE).encode(
        y=alt.Y("low:Q", title=with_unit("gain", currency)), y2="high:Q"
    )
    line = base.mark_line(color=BLUE).encode(y="gain:Q")
    rule = alt.Chart(pd.DataFrame({"cost": [budget]})).mark_rule(strokeDash=[4, 4]).encode(x="cost:Q")
    return band + line + rule
