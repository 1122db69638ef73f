"""Numbers and names as a manager reads them."""

from typing import Any

import pandas as pd
from pandas.api.types import is_float_dtype
from pandas.io.formats.style import Styler

INK, BLUE, GREY = "#1f2933", "#0072b2", "#9aa5b1"


def money(amount: float | None, currency: str) -> str:
    """An amount in a few digits, such as ``1.2 million EUR``."""
    if pd.isna(amount):
        return "not known"
    for size, word, digits in ((1e6, " million", 1), (1e3, " thousand", 0)):
        if abs(amount) >= 10 * size or (size == 1e6 and abs(amount) >= size):
            return f"{amount / size:,.{digits}f}{word} {currency}".strip()
    return f"{amount:,.0f} {currency}".strip()


def measured(what: str, unit: str) -> str:
    """A name with its unit, such as ``gain (EUR)``, where there is one."""
    return f"{what} ({unit})" if unit else what


def share(value: float | None) -> str:
    """A share in percent."""
    return "not known" if pd.isna(value) else f"{value:.0%}"


def number(value: Any) -> str:
    """A number in three digits that count."""
    if pd.isna(value):
        return "–"
    return f"{value:,.0f}" if abs(value) >= 100 or value == int(value) else f"{value:.3g}"


def spoken(name: str) -> str:
    """A feature's name in words."""
    return name.replace("_", " ")


HEADINGS = {
    "customer_id": "customer",
    "segment_name": "segment",
    "segment_set": "segments it may be",
    "churn_probability": "chance of not coming back",
    "flagged": "flagged",
    "expected_spend": "expected spend",
    "spend_low": "spend, low",
    "spend_high": "spend, high",
    "value": "expected spend",
    "expected_gain": "expected gain",
    "gain_low": "gain, low",
    "gain_high": "gain, high",
    "certain": "sure gain",
    "suggested_action": "what to do",
    "reason_1": "first reason",
    "reason_2": "second reason",
    "reason_3": "third reason",
}


def headed(table: pd.DataFrame) -> Styler:
    """A table as it is shown: chances in percent, amounts in few digits, headings in words; it sorts by the numbers."""
    names = {name: HEADINGS.get(name, spoken(name)) for name in table}
    floats = [name for name in table if is_float_dtype(table[name].dtype)]
    said = {names[name]: share if name == "churn_probability" else number for name in floats}
    return table.rename(columns=names).style.format(said)
