"""Numbers and names as a manager reads them."""

import re
from collections.abc import Callable, Mapping
from statistics import fmean
from typing import Any

import pandas as pd
from pandas.api.types import is_float_dtype
from pandas.io.formats.style import Styler
from streamlit.delta_generator import DeltaGenerator

from patrons.churn import gate_narrative
from patrons.digits import about, held
from patrons.features.labels import label
from patrons.spreadsheet import guarded

BLUE, GREY, GREEN, AMBER = "#0072b2", "#9aa5b1", "#009e73", "#e69f00"  # no red: that is for trouble
LEAST = 0.01  # of any currency
NONE = "–"  # where there is no value
MARKS = "marks"


def money(value: float | None, currency: str) -> str:
    """An amount with its currency, such as ``1.22 million EUR``; no smaller part of it than a hundredth."""
    if value is None or pd.isna(value):
        return "not known"
    return f"{amount(value)} {currency}".strip()


def amount(value: float) -> str:
    """An amount without its currency, such as ``1.22 million``, ``46.5``, ``0.46`` or ``under 0.01``."""
    if 0 < abs(value) < LEAST:
        return f"under {LEAST}" if value > 0 else "0"
    return f"{value:.2f}" if 0 < abs(value) < 1 else about(value)


def card(column: DeltaGenerator, label: str, text: str, key: str) -> None:
    """What looks like a metric, where a metric would cut a long text; `key` is one of the page."""
    box = column.container(border=True, height="stretch", gap=None, key=f"card-{key}")
    box.caption(label)
    box.markdown(f"### {escaped(text)}")


def percent(share: Any) -> str:
    """A share in percent, such as ``21%``."""
    return "not known" if pd.isna(share) else f"{share:.0%}"


def number(value: Any) -> str:
    """A number in three significant digits, or whole; a dash where there is none."""
    if pd.isna(value):
        return NONE
    return f"{value:,.0f}" if abs(value) >= 100 or value == int(value) else f"{value:.3g}"


def with_unit(name: str, unit: str) -> str:
    """A name with its unit, such as ``gain (EUR)``, where there is one."""
    return f"{name} ({unit})" if unit else name


def readable(name: str) -> str:
    """A feature's short label, such as ``longest gap`` for ``gap_max``; another column's name with spaces."""
    return label(name)


def escaped(text: str) -> str:
    """Text from data as it is, where Streamlit would take it for Markdown."""
    return re.sub(r"([\\`*_{}\[\]<>()#+!|~$:-])", r"\\\1", text)


def voiced(doubts: str) -> str:
    """Doubts as the first page says them: days in words, and which model it is."""
    return held(gate_narrative.for_everyone(doubts))


def coverage(later: Mapping[str, Any]) -> str:
    """How often likely later segments held the right one (`later` as `segments.later.record` makes it), a clause."""
    days = [day["value"] for day in later["origins"]]
    latest = f"for {percent(days[0])} of customers when last tested"
    if len(days) == 1:
        return latest
    return f"{latest} ({len(days)} days: {percent(fmean(days))} on average, {percent(min(days))} on the worst)"


HEADINGS = {
    "customer_id": "customer",
    MARKS: "marks",
    "range": "95% interval",
    "segment_name": "segment",
    "segments_later": "likely segments later",
    "churn_probability": "risk",
    "flagged": "warning",
    "expected_spend": "expected spend",
    "spend_low": "spend, low",
    "spend_high": "spend, high",
    "value": "expected spend",
    "value_if_kept": "spend if kept",
    "value_if_lost": "spend if lost",
    "expected_gain": "expected gain",
    "gain_low": "gain, low",
    "gain_high": "gain, high",
    "certain": "likely pays off",
    "late": "late by own rhythm",
    "suggested_action": "what to do",
    "reason_1": "first reason",
    "reason_2": "second reason",
    "reason_3": "third reason",
}


def styled(table: pd.DataFrame) -> Styler:
    """A table as it is shown: chances in percent, amounts in few digits, headings in words; it sorts by the numbers.

    What is shown can be downloaded as it is, so no text in it is a formula.
    """
    headings = {name: HEADINGS.get(name, readable(name)) for name in map(str, table)}
    floats = [name for name in headings if is_float_dtype(table[name].dtype)]
    formats: dict[Any, str | Callable[[object], str] | None] = {headings[name]: number for name in floats}
    formats |= {headings[name]: percent for name in floats if name == "churn_probability"}
    safe = guarded(table).assign(**{MARKS: table[MARKS]} if MARKS in table else {})  # our own words stay a list
    return safe.rename(columns=headings).style.format(formats)
