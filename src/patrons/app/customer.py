"""Page: one customer, as they are or as they might be."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import altair as alt
import pandas as pd
import streamlit as st

from patrons.app import address
from patrons.app.formats import BLUE, card, coverage, escaped, money, number, percent, readable, with_unit
from patrons.app.results import Series
from patrons.features.season import CALENDAR
from patrons.scoring import silence
from patrons.scoring.incoming import CANCELLED
from patrons.scoring.plain import plain
from patrons.scoring.rows import CATEGORY, ORDERS, Feature, records
from patrons.scoring.scorer import Scorer

MOST_SLIDERS = 6  # offered at first; any feature can be chosen
KNOWN, TYPICAL = "Look up", "Enter values"
SILENCE_READS = ("orders.parquet", "quarantine.parquet", "features.parquet")


def show(series: Series) -> None:
    """Draw the page."""
    st.header("A customer")
    scorer = series.scorer()
    if doubts := series.doubts():
        st.warning(doubts)
    start = address.follows("start", KNOWN, (KNOWN, TYPICAL))
    st.radio("Start from", [KNOWN, TYPICAL], horizontal=True, key="start", label_visibility="collapsed")
    known = _looked_up(series, scorer) if start == KNOWN else None
    if known is None and start == KNOWN:
        return
    row = known or {feature.name: feature.example for feature in scorer.features}
    answer = scorer.score_one(row)
    st.subheader(f"Customer {known['customer_id']}" if known else "A typical customer")
    on_list = listed(series.listed(), known["customer_id"], series.currency) if known else None
    _show_answer(answer, scorer, series.currency, on_list=on_list)
    if known and scorer.manifest["kind"] == ORDERS:
        _show_silence(series, scorer, known["customer_id"])
    st.subheader("Try other values")
    st.caption(
        "Each slider changes one value only; the others stay, even those that would change with it in a shop. So it "
        "shows what the models respond to, not what would become of a customer."
    )
    changed = {**row, **_sliders(scorer, row, series)}
    if changed != row:
        if contradictions := silence.contradictions(changed, scorer.features):
            st.warning(f"No customer can be like this: {'; '.join(contradictions)}. Do not rely on the answer.")
        _show_answer(scorer.score_one(changed), scorer, series.currency, answer)


def _looked_up(series: Series, scorer: Scorer) -> dict[str, Any] | None:
    """The features of the customer whose number was entered, None with a sentence where there is no such customer."""
    table = series.table("features.parquet")
    if table is None:
        st.info("Customers can be looked up once the series has described them; values can be entered already.")
        return None
    address.follows("customer", "")
    wanted = st.text_input("Customer number", key="customer").strip()
    if not wanted:
        st.info(f"Type a customer number, such as {table.customer_id.iloc[0]}, or click a row on the page Actions.")
        return None
    rows = table[table.customer_id.astype(str) == wanted]
    if rows.empty:
        st.warning(
            escaped(f"There is no customer {wanted} among the {len(table):,} of {series.title}. Check the number.")
        )
        return None
    names = [feature.name for feature in scorer.features if feature.name in rows]
    return plain(records(rows[["customer_id", *names]])[0])


def _show_answer(
    answer: Mapping[str, Any],
    scorer: Scorer,
    currency: str,
    before: Mapping[str, Any] | None = None,
    on_list: str | None = None,
) -> None:
    """What the models say, with the change since `before`, and what the list says of a customer."""
    if answer["error"]:
        st.error(f"Cannot be scored: {answer['error']}")
        return
    if answer["warnings"]:
        st.warning(escaped(f"Unlike the training: {'; '.join(answer['warnings'])}"))
    columns = st.columns(3)
    card(columns[0], "Segment", answer["segment_name"], f"segment-{before is not None}")
    earlier = before["churn_probability"] if before else None
    delta = None if earlier is None else f"{(answer['churn_probability'] - earlier) * 100:+.0f} points"
    columns[1].metric(
        f"Risk of {churn(scorer.manifest)}",
        percent(answer["churn_probability"]),
        delta,
        "off",
        border=True,
        height="stretch",
    )
    columns[2].metric("Expected spend", money(answer["expected_spend"], currency), border=True, height="stretch")
    st.caption(_meaning(answer, scorer, currency))
    limit = scorer.manifest["thresholds"]["churn"]
    if limit is not None:
        gone = on_list == "" and scorer.manifest["kind"] == ORDERS
        st.markdown(verdict(answer["flagged"], limit, gone))
    if on_list:
        st.markdown(escaped(on_list))
    st.caption("What moves the risk most, beside all customers:")
    for reason in filter(None, (answer[f"reason_{place}"] for place in (1, 2, 3))):
        st.markdown(f"- {escaped(reason)}")


def verdict(flagged: bool, limit: float, gone: bool) -> str:
    """Whether a customer gets a warning, and why, a sentence."""
    if gone:
        return "No warning: they are no recent buyer and not on the list. They have gone quiet already."
    side = "**Warning**: the risk is at or above" if flagged else "No warning: the risk is below"
    return f"{side} the threshold of the model, {percent(limit)}."


def listed(table: pd.DataFrame | None, customer: str, currency: str) -> str | None:
    """What the list of whom to contact says of a customer; empty for one who is not on it, None without a list."""
    if table is None:
        return None
    rows = table[table.customer_id == str(customer)]
    if rows.empty:
        return ""
    row = rows.iloc[0]
    known = pd.notna(row.expected_gain)
    gain = f", expected gain {money(row.expected_gain, currency)}" if known else ""
    why = "" if pd.isna(row.reason_1) else f" First reason: {row.reason_1}."
    return f"Number {row['rank']:,} of the list{gain}. What to do: {row.suggested_action}.{why}"


def churn(manifest: Mapping[str, Any]) -> str:
    """What the release forecasts: of an order log no order in a horizon, of a table that a customer leaves."""
    if manifest["kind"] != ORDERS:
        return "leaving"
    return f"no order in {manifest['parameters']['02_transformation']['horizon_days']} days"


def _meaning(answer: Mapping[str, Any], scorer: Scorer, currency: str) -> str:
    """What the numbers mean: which time they are for, and how sure they are."""
    parameters, sentences = scorer.manifest["parameters"], []
    if answer["segments_later"]:
        sentences.append(likely_later(answer["segments_later"], scorer.later))
    if answer["expected_spend"] is not None:
        low, high = (money(answer[name], currency) for name in ("spend_low", "spend_high"))
        days = parameters.get("07_customer_value", {}).get("value_horizon_days")
        sentences.append(
            f"Spend is that of {days} days; the mean of customers like this one lies between {low} and {high} "
            "(95% interval)."
        )
    return " ".join(sentences)


def likely_later(names: Sequence[str], later: Mapping[str, Any]) -> str:
    """The likely later segments of a customer, and how often such held (`Scorer.later`)."""
    return f"In {later['days']} days likely “{'” or “'.join(names)}”: such held the right segment {coverage(later)}."


def _show_silence(series: Series, scorer: Scorer, customer: str) -> None:
    """How the answer changes with every day without an order."""
    lines, returns, table = (series.file(name) for name in SILENCE_READS)
    taken = series.file("cancelled.parquet")
    if lines is None or returns is None or table is None:
        return
    ahead = _if_silent(scorer, scorer.manifest["id"], customer, lines, returns, table, taken, lines.stat().st_mtime_ns)
    if len(ahead) < 2:  # no answer for a later day, and so nothing to show
        return
    st.subheader("What if they order nothing for longer?")
    st.altair_chart(_curve(ahead, f"risk of {churn(scorer.manifest)}"))
    now, *later = ahead[["days", "segment_name"]].to_dict("records")
    moved = next((day for day in later if day["segment_name"] != now["segment_name"]), None)
    future = (
        f"in {moved['days']} days they are “{moved['segment_name']}”" if moved else f"they stay “{now['segment_name']}”"
    )
    season = ", and so does how much of the peak season lies ahead" if CALENDAR in scorer.manifest["groups"] else ""
    st.caption(f"Every value changes along, as it would in the shop{season}: {future}.")


def _curve(ahead: pd.DataFrame, title: str) -> alt.Chart:
    """The chance that `title` names, by days without an order."""
    days, chances = alt.Scale(domain=[0, int(ahead.days.max())]), alt.Scale(domain=[0, 1])
    base = alt.Chart(ahead, height=300).encode(
        x=alt.X("days:Q", title="days from now without an order", scale=days),
        y=alt.Y("churn_probability:Q", title=title, axis=alt.Axis(format="%"), scale=chances),
        tooltip=["days", "segment_name", alt.Tooltip("churn_probability", format=".0%")],
    )
    return base.mark_line(color=BLUE, point=True)


@st.cache_data(max_entries=64, show_spinner="Looking ahead…")
def _if_silent(
    _scorer: Scorer,
    release: str,
    customer: str,
    lines: Path,
    returns: Path,
    table: Path,
    taken: Path | None,
    changed: int,
) -> pd.DataFrame:
    own = [("customer_id", "==", customer)]
    orders = pd.read_parquet(lines, filters=own)
    returned = pd.read_parquet(returns, filters=[*own, ("reason", "==", CANCELLED)])
    cancelled = pd.read_parquet(taken, filters=own) if taken else None
    features = records(pd.read_parquet(table, filters=own))[0]
    today = pd.Timestamp(features["as_of"]).date()
    ahead = silence.if_silent(_scorer, orders, returned, features, today, cancelled=cancelled)
    return ahead.loc[ahead.error.isna(), ["days", "segment_name", "churn_probability"]]


def _sliders(scorer: Scorer, row: Mapping[str, Any], series: Series) -> dict[str, Any]:
    """Values that somebody changed, by feature."""
    features = {feature.name: feature for feature in scorer.features}
    first = _first(series.table("dictionary.parquet"), list(features))
    chosen = st.multiselect("Change", list(features), first, format_func=readable, max_selections=12)
    columns, values = st.columns(2), {}
    for place, name in enumerate(chosen):
        with columns[place % 2]:
            values[name] = _control(features[name], row.get(name), f"{row.get('customer_id')}:{name}")
    return {name: value for name, value in values.items() if value != row.get(name)}


def _first(dictionary: pd.DataFrame | None, names: list[str]) -> list[str]:
    """The features that are offered unasked: recency, frequency and monetary value where there are such."""
    rfm = [] if dictionary is None else list(dictionary.feature[dictionary.group == "rfm"])
    return ([name for name in rfm if name in names] or names)[:MOST_SLIDERS]


def _control(feature: Feature, value: Any, key: str) -> Any:
    name = readable(feature.name)
    label = with_unit(name, "" if feature.unit in {*feature.name.split("_"), *name.split()} else feature.unit)
    meaning = feature.meaning or None
    if feature.kind == CATEGORY:
        options = list(dict.fromkeys([*([value] if value is not None else []), *feature.values]))
        return st.selectbox(label, options, key=key, help=meaning)
    value = float(value if value is not None else feature.example or 0)
    low, high = min(value, feature.low or 0.0), max(value, feature.high or 1.0)
    if low == high:
        st.caption(f"{label}: {number(value)} for every customer")
        return value
    if all(float(end).is_integer() for end in (low, high, value)):
        return st.slider(label, int(low), int(high), int(value), key=key, help=meaning)
    return st.slider(label, low, high, value, key=key, help=meaning)
