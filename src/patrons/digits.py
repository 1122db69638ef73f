"""Amounts in sentences, with as many digits as a reader can keep in mind."""

import math

DIGITS = 3
LARGE = ((1e9, " billion"), (1e6, " million"))


def about(amount: float) -> str:
    """An amount to three digits, in millions where it has some: 1.22 million, 5,580, 46.5.

    Whole from a hundred on; two digits below ten.
    """
    size = abs(amount)
    if not math.isfinite(size):
        return "unknown"
    if size < 10:
        return f"{float(f'{amount:.2g}'):g}"
    rounded = float(f"{amount:.{DIGITS}g}")
    for unit, name in LARGE:
        if abs(rounded) >= unit:
            return f"{rounded / unit:.{DIGITS}g}{name}"
    return f"{rounded:,.0f}" if abs(rounded) >= 100 else f"{rounded:g}"
