"""Other assumptions tried on the list: margin, cost and save chance, and what they make of the plan."""

import pandas as pd
import streamlit as st

from patrons.app import address
from patrons.app.formats import number, with_unit
from patrons.app.results import Series
from patrons.value import what_if
from patrons.value.actions import Campaign, with_checks

FIELDS = {  # key, also in the address: the assumption, its label, and the unit that a reader types
    "margin": (what_if.MARGIN, "Margin rate (%)", 0.01),
    "saves": (what_if.SAVES, "Chance that a contact saves (%)", 0.01),
    "cost": (what_if.COST, "Cost of a contact", 1.0),
}
MOST = 1e6  # that a contact may cost
KEPT = ("at_stake.parquet", "draws.parquet")


def ask(series: Series, assumed: pd.DataFrame) -> Campaign | None:
    """Ask for other likely values; the list and plan that follow from them, None where nothing was changed."""
    asked = any(key in st.query_params for key in FIELDS)
    with st.expander("What if margin, cost or save chance were different?", expanded=asked):
        if "what_if" not in (series.json("value.json") or {}) or not all(series.file(name) for name in KEPT):
            st.info("These results were made before this could be tried: run the series again.")
            return None
        given = _given(assumed, series.currency)
        table = what_if.moved(assumed, given)
        st.table(readable(table))
        if not given:
            st.caption(
                "These are assumptions of whoever wrote the params file; no data says what a contact does. Change one: "
                "plan and list below follow. Its range moves along, and with the first chance those of longer silence."
            )
            return None
        st.caption(
            "To contact customers by these, put these lines into the params file, in place of those of the same name, "
            "and run the series:"
        )
        st.code(what_if.as_params(table), language="yaml")
    return _tried(series, given)


def readable(assumed: pd.DataFrame) -> pd.DataFrame:
    """The assumptions as text: rates and chances in percent, as they are typed."""
    table = assumed.set_index("assumption")
    share = table.index.str.startswith(what_if.SHARES)
    return (table[share] * 100).map("{:.3g}%".format).reindex(table.index).fillna(table.map(number))


def _given(assumed: pd.DataFrame, currency: str) -> dict[str, float]:
    """The likely values that somebody changed, by assumption."""
    given = {}
    for (key, (name, label, unit)), column in zip(FIELDS.items(), st.columns(len(FIELDS)), strict=True):
        likely = round(float(assumed.likely[assumed.assumption.str.startswith(name)].iloc[0]) / unit, 6)
        label = with_unit(label, currency) if unit == 1 else label
        most = MOST if unit == 1 else 100.0
        typed = address.follows(key, likely, ends=(0.0, most))
        column.number_input(label, 0.0, most, step=0.5 if unit == 1 else 1.0, format="%.4g", key=key)
        if typed != likely:
            given[name] = typed * unit
    return given


def _tried(series: Series, given: dict[str, float]) -> Campaign:
    files = [series.file(name) for name in (*KEPT, "value.json", "actions.csv")]
    changed = tuple(file.stat().st_mtime_ns for file in files if file is not None)
    campaign = _campaign(series, tuple(given.items()), changed)
    features = series.table("features.parquet")
    return campaign if features is None else campaign._replace(listed=with_checks(campaign.listed, features))


@st.cache_data(max_entries=16, show_spinner="Making the list again…", hash_funcs={Series: lambda one: one.processed})
def _campaign(series: Series, given: tuple[tuple[str, float], ...], changed: tuple[int, ...]) -> Campaign:
    record, listed = series.json("value.json"), series.listed()
    customers, draws = (series.table(name) for name in KEPT)
    assert customers is not None
    assert draws is not None
    assert listed is not None
    assumed = what_if.moved(pd.DataFrame(record["assumptions"]), dict(given))
    advice = {card["segment"]: card.get("contact") for card in series.json("segments.json") or []}
    return what_if.tried(what_if.Kept(customers, draws, record["what_if"]), listed, assumed, advice)
