"""Numbers and names as a manager reads them."""

import math
from typing import Any

INK, BLUE, GREY = "#1f2933", "#0072b2", "#9aa5b1"


def money(amount: float | None, currency: str) -> str:
    """An amount in a few digits, such as ``1.2 million EUR``."""
    if amount is None or math.isnan(amount):
        return "not known"
    for size, word in ((1e6, " million"), (1e3, " thousand")):
        if abs(amount) >= 10 * size or (size == 1e6 and abs(amount) >= size):
            return f"{amount / size:,.1f}{word} {currency}".strip()
    return f"{amount:,.0f} {currency}".strip()


def share(value: float | None) -> str:
    """A share in percent."""
    return "not known" if value is None or math.isnan(value) else f"{value:.0%}"


def number(value: Any) -> str:
    """A number in three digits that count."""
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return "–"
    return f"{value:,.0f}" if abs(value) >= 100 or value == int(value) else f"{value:.3g}"


def spoken(name: str) -> str:
    """A feature's name in words."""
    return name.replace("_", " ")
