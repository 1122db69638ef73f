"""Page: how the key numbers moved over runs, and two runs side by side."""

from pathlib import Path
from typing import Any, NamedTuple

import altair as alt
import pandas as pd
import streamlit as st

from patrons.app import address, metrics
from patrons.app.formats import BLUE, NONE, escaped, with_unit
from patrons.app.results import Series
from patrons.monitoring import compare_narrative
from patrons.monitoring import runs as kept
from patrons.monitoring.compare import Comparison

CHARTS_A_ROW = 3
MONEY, SHARE, PLAIN = "money", "share", "plain"
NUMBERS = {  # of which a reader knows a run: what it is called, and how it is written
    "01.customers": ("Customers", PLAIN),
    "01.revenue": ("Revenue", MONEY),
    "02.churn_rate_active": ("Share who did not order again", SHARE),
    "06.roc_auc_active": ("Risk: ROC AUC", PLAIN),
    "06.flagged_active": ("Share warned of", SHARE),
    "06.gates_failed": ("Checks that failed", PLAIN),
    "07.expected_spend": ("Expected spend", MONEY),
    "07.contacts": ("Customers to contact", PLAIN),
    "07.gain": ("Gain of contacts", MONEY),
    "05.accuracy_held_out": ("Placed in the right segment", SHARE),
    "03.k": ("Segments", PLAIN),
}
NAMES = {name: title for name, (title, _) in NUMBERS.items()}


class Told(NamedTuple):
    """Two runs side by side, as tables of text: `number`, `before`, `after`, `difference`; `kind`, `what`, `change`."""

    sentences: list[str]
    numbers: pd.DataFrame
    changes: pd.DataFrame


def show(series: Series) -> None:
    """Draw the page."""
    st.header("Runs")
    ledger = series.root / "data" / "ledger" / series.name
    records = kept.kept(ledger)
    if not records:
        st.info("No run is kept here yet: each run that finishes is.")
        return
    table = history(records)
    which = f"The last {len(records)} runs, the oldest on the left" if len(records) > 1 else "The one run that is kept"
    st.caption(f"{which}. Bars are 95% intervals.")
    shown = [name for name in NUMBERS if (table.number == name).any()]
    for start in range(0, len(shown), CHARTS_A_ROW):
        columns = st.columns(CHARTS_A_ROW)
        for column, name in zip(columns, shown[start : start + CHARTS_A_ROW], strict=False):
            column.altair_chart(_trend(table[table.number == name], name, series.currency))
    st.subheader("Two runs side by side")
    if len(records) < 2:
        st.info("Only one run is kept: there is none to compare it with.")
        return
    _compare(ledger, records)


def history(records: list[dict[str, Any]]) -> pd.DataFrame:
    """The key numbers of each run that has them.

    Returns
    -------
    DataFrame
        `place` (of the run, from 1), `run` (its id), `finished`, `until` (the last day of its data), `number` (of
        `NUMBERS`), `value`, and the ends of its interval, `low` and `high` (missing where none is recorded).
    """
    rows = []
    for place, record in enumerate(records, 1):
        found = {
            f"{stage[:2]}.{name}": value
            for stage, one in record["stages"].items()
            for name, value in one.get("metrics", {}).items()
        }
        about = {"place": place, "run": record["run_id"], "finished": _moment(record), "until": _until(record)}
        rows += [
            about
            | {"number": name, "value": found[name], "low": found.get(f"{name}_low"), "high": found.get(f"{name}_high")}
            for name in NUMBERS
            if name in found
        ]
    columns = ["place", "run", "finished", "until", "number", "value", "low", "high"]
    return pd.DataFrame(rows, columns=columns).astype({"low": float, "high": float})


def _moment(record: dict[str, Any]) -> str:
    return f"{pd.Timestamp(record['finished']):%-d %b %Y, %H:%M}"


def _until(record: dict[str, Any]) -> str:
    period = record["data"].get("period") or [""]
    return str(period[-1])


def _trend(table: pd.DataFrame, name: str, currency: str) -> alt.LayerChart:
    title, kind = NUMBERS[name]
    title = with_unit(title, currency) if kind == MONEY else title
    style = ".1%" if kind == SHARE else ".3~s" if table.value.abs().max() >= 10_000 else ",.4~r"
    tooltip = [
        alt.Tooltip("run:N"),
        alt.Tooltip("finished:N"),
        alt.Tooltip("until:N", title="data until"),
        alt.Tooltip("value:Q", format=".1%" if kind == SHARE else ",.4~r"),
    ]
    base = alt.Chart(table, height=150, title=title).encode(
        x=alt.X("place:O", title=None, axis=alt.Axis(labels=False, ticks=False)),
        y=alt.Y("value:Q", title=None, axis=alt.Axis(format=style, tickCount=4), scale=alt.Scale(zero=False)),
        tooltip=tooltip,
    )
    bars = base.mark_rule(color=BLUE, opacity=0.4).encode(y="low:Q", y2="high:Q")
    return bars + base.mark_line(color=BLUE) + base.mark_point(color=BLUE, filled=True, size=40)


def _compare(ledger: Path, records: list[dict[str, Any]]) -> None:
    ids = [str(record["run_id"]) for record in reversed(records)]
    titles = {str(record["run_id"]): f"{_moment(record)} · {record['run_id']}" for record in records}
    columns = st.columns(2)
    before, after = address.follows("before", ids[1], ids), address.follows("after", ids[0], ids)
    columns[0].selectbox("Before", ids, format_func=titles.__getitem__, key="before")
    columns[1].selectbox("After", ids, format_func=titles.__getitem__, key="after")
    if before == after:
        st.info("Both are the same run. Choose another one.")
        return
    told = _told(ledger, before, after)
    st.markdown("\n".join(f"- {escaped(sentence)}" for sentence in told.sentences))
    if told.numbers.empty:
        st.info("No number differs.")
        return
    known = told.numbers.number.isin(list(NAMES))
    named = told.numbers.assign(number=told.numbers.number.map(lambda name: NAMES.get(name) or metrics.name(name)))
    if known.any():
        st.table(named[known].set_index("number"))
    with st.expander(f"All {len(told.numbers)} numbers that differ, and what the runs were made from"):
        st.dataframe(named, hide_index=True, placeholder=NONE)
        st.dataframe(told.changes, hide_index=True, placeholder=NONE)


@st.cache_data(max_entries=16, show_spinner="Comparing…")
def _told(ledger: Path, before: str, after: str) -> Told:
    comparison = Comparison(kept.read(ledger, before), kept.read(ledger, after))
    sentences = compare_narrative.since_last_run(comparison)
    return Told(sentences, compare_narrative.numbers(comparison), compare_narrative.changes_table(comparison))
