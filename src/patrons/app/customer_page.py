"""Page: one customer, as they are or as they might be."""

from typing import Any

import altair as alt
import pandas as pd
import streamlit as st

from patrons.app.results import Series
from patrons.app.words import BLUE, money, number, share, spoken
from patrons.features.season import CALENDAR
from patrons.scoring import silence
from patrons.scoring.incoming import CANCELLED
from patrons.scoring.rows import Feature
from patrons.scoring.scorer import ORDERS, Scorer, plain

MOST_SLIDERS = 6  # offered at first; any feature can be chosen
KNOWN, TYPICAL = "Look up", "Enter values"


def show(series: Series) -> None:
    """Draw the page."""
    st.header("A customer")
    scorer = series.scorer()
    if told := series.doubt():
        st.warning(told)
    row = _looked_up(series, scorer) if st.radio("Start from", [KNOWN, TYPICAL], horizontal=True) == KNOWN else None
    typical = {feature.name: feature.example for feature in scorer.features}
    now = scorer.score_one(row or typical)
    st.subheader(f"Customer {row['customer_id']}" if row else "A typical customer")
    _say(now, scorer, series.currency)
    if row and scorer.manifest["kind"] == ORDERS:
        _if_silent(series, scorer, row["customer_id"])
    st.subheader("What if a value were another?")
    st.caption(
        "Each slider changes one value only; the others stay, also those that would change with it in a shop. So it "
        "shows what the models listen to, not what would become of a customer."
    )
    changed = {**(row or typical), **_sliders(scorer, row or typical, series)}
    if changed != (row or typical):
        if said := silence.impossible(changed, scorer.features):
            st.warning(f"No customer can be like this: {'; '.join(said)}. Do not go by the answer.")
        _say(scorer.score_one(changed), scorer, series.currency, now)


def _looked_up(series: Series, scorer: Scorer) -> dict[str, Any] | None:
    """The features of a customer that somebody asked for; the page ends here where there is no such customer."""
    table = series.table("features.parquet")
    if table is None:
        st.info("Customers can be looked up once the series has described them; values can be entered now.")
        return None
    asked = st.text_input("Customer number", key="customer", placeholder=f"such as {table.customer_id.iloc[0]}").strip()
    if not asked:
        return None
    found = table[table.customer_id == asked]
    if found.empty:
        st.error(f"There is no customer {asked} among the {len(table):,} of {series.name}. Look at the number again.")
        st.stop()
    names = [feature.name for feature in scorer.features if feature.name in found]
    return plain(found.iloc[0][["customer_id", *names]])


def _say(answer: dict[str, Any], scorer: Scorer, currency: str, before: dict[str, Any] | None = None) -> None:
    """The answer in words, with what changed since `before`."""
    if answer["error"]:
        st.error(f"Cannot be scored: {answer['error']}")
        return
    columns = st.columns(3)
    columns[0].caption("Segment")  # a metric would cut a long name
    columns[0].markdown(f"### {answer['segment_name']}")
    change = before and before["churn_probability"] is not None
    delta = f"{(answer['churn_probability'] - before['churn_probability']) * 100:+.0f} points" if change else None
    columns[1].metric("Chance of not coming back", share(answer["churn_probability"]), delta, "inverse")
    columns[2].metric("Expected spend", money(answer["expected_spend"], currency))
    st.caption(_meant(answer, scorer, currency))
    limit = scorer.manifest["thresholds"]["churn"]
    if limit is not None:
        verdict = "**Flagged**: the chance reaches" if answer["flagged"] else "Not flagged: the chance is below"
        st.markdown(f"{verdict} the threshold of the model, {share(limit)}.")
    for reason in filter(None, (answer[f"reason_{place}"] for place in (1, 2, 3))):
        st.markdown(f"- {reason}")


def _meant(answer: dict[str, Any], scorer: Scorer, currency: str) -> str:
    """What the numbers mean: of which time they are, and how sure."""
    stated, said = scorer.manifest["parameters"], []
    if others := [name for name in answer["segment_set"] if name != answer["segment_name"]]:
        said.append(f"The segment may also be “{'” or “'.join(others)}”.")
    if days := stated.get("02_transformation", {}).get("horizon_days"):
        said.append(f"Not coming back means no order within {days} days.")
    if answer["expected_spend"] is not None:
        low, high = (money(answer[name], currency) for name in ("spend_low", "spend_high"))
        days = stated.get("07_customer_value", {}).get("value_horizon_days")
        said.append(
            f"Spend is that of {days} days; the mean of customers like this one lies between {low} and {high} "
            "(95 % interval)."
        )
    return " ".join(said)


def _if_silent(series: Series, scorer: Scorer, customer: str) -> None:
    """What becomes of the answer with every day without an order."""
    lines = series.file("orders.parquet")
    if lines is None:
        return
    table = _ahead(scorer, scorer.manifest["id"], series, customer, lines.stat().st_mtime_ns)
    if len(table) < 2:  # no answer for a later day, and so nothing to show
        return
    st.subheader("What if they order nothing for longer?")
    ahead, parts = alt.Scale(domain=[0, int(table.days.max())]), alt.Scale(domain=[0, 1])
    base = alt.Chart(table, height=220).encode(
        x=alt.X("days:Q", title="days from now without an order", scale=ahead),
        y=alt.Y("churn_probability:Q", title="chance not to come back", axis=alt.Axis(format="%"), scale=parts),
        tooltip=["days", "segment_name", alt.Tooltip("churn_probability", format=".0%")],
    )
    st.altair_chart(base.mark_line(color=BLUE, point=True))
    now, *later = table[["days", "segment_name"]].itertuples(index=False)
    moved = next((one for one in later if one.segment_name != now.segment_name), None)
    said = f"in {moved.days} days they are “{moved.segment_name}”" if moved else f"they stay “{now.segment_name}”"
    season = ", and so does how much of the peak season lies ahead" if CALENDAR in scorer.manifest["groups"] else ""
    st.caption(f"Every value moves along, as it would in the shop{season}: {said}.")


@st.cache_data(max_entries=64, show_spinner="Looking ahead…")
def _ahead(_scorer: Scorer, made: str, series: Series, customer: str, changed: int) -> pd.DataFrame:
    of = [("customer_id", "==", customer)]
    lines = pd.read_parquet(series.file("orders.parquet"), filters=of)
    returns = pd.read_parquet(series.file("quarantine.parquet"), filters=[*of, ("reason", "==", CANCELLED)])
    known = series.table("features.parquet").set_index("customer_id").loc[customer]
    table = silence.goes_on(_scorer, lines, returns, known, pd.Timestamp(known["as_of"]).date())
    return table.loc[table.error.isna(), ["days", "segment_name", "churn_probability"]]


def _sliders(scorer: Scorer, row: dict[str, Any], series: Series) -> dict[str, Any]:
    """Values that somebody changed, by feature."""
    known = {feature.name: feature for feature in scorer.features}
    chosen = st.multiselect(
        "Change", list(known), _first(series.table("dictionary.parquet"), known), format_func=spoken, max_selections=12
    )
    columns, values = st.columns(2), {}
    for place, name in enumerate(chosen):
        with columns[place % 2]:
            values[name] = _control(known[name], row.get(name), f"{row.get('customer_id')}:{name}")
    return {name: value for name, value in values.items() if value != row.get(name)}


def _first(dictionary: pd.DataFrame | None, known: dict[str, Feature]) -> list[str]:
    rfm = [] if dictionary is None else list(dictionary.feature[dictionary.group == "rfm"])
    return ([name for name in rfm if name in known] or list(known))[:MOST_SLIDERS]


def _control(feature: Feature, value: Any, key: str) -> Any:
    unit = "" if feature.unit in ("", *feature.name.split("_")) else f" ({feature.unit})"
    label = spoken(feature.name) + unit
    told = feature.meaning or None
    if feature.kind == "category":
        options = list(dict.fromkeys([*([value] if value is not None else []), *feature.values]))
        return st.selectbox(label, options, key=key, help=told)
    value = float(value if value is not None else feature.example or 0)
    low, high = min(value, feature.low or 0.0), max(value, feature.high or 1.0)
    if low == high:
        st.caption(f"{label}: {number(value)} for every customer")
        return value
    whole = all(float(one).is_integer() for one in (low, high, value))
    if whole:
        return st.slider(label, int(low), int(high), int(value), key=key, help=told)
    return st.slider(label, low, high, value, key=key, help=told)
