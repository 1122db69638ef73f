"""Sentences of 07 on what is at stake: how its check went."""

from datetime import date

import numpy as np
import pandas as pd

from patrons.digits import off_by
from patrons.value.narrative import money
from patrons.value.stake_check import Checked

UNCHECKED = (
    "No earlier day shows how much more customers spend who order than those who do not. So what is at stake has not "
    "been checked, and the interval of the gain does not allow for an error in it."
)


def two_part(checked: Checked | None, cutoff: date | None, horizon_days: int, currency: str = "") -> str:
    """How the division of expected spend foretold those who ordered and those who did not, and what it changes."""
    if checked is None:
        return UNCHECKED
    bands = checked.bands
    return (
        f"{_too_high(checked, currency)} Customers who ordered within {horizon_days} days of {cutoff} were expected to "
        f"spend {_pair(bands, 'ordering', currency)}. Those who did not were expected to spend "
        f"{_pair(bands, 'gone', currency)}. In this check the risk of no order comes from earlier days, in the list "
        "from page 6."
    )


def stake(checked: Checked | None) -> str:
    """By how much what is at stake was off on the day of the check, a sentence that the first page says, too."""
    if checked is None:
        return UNCHECKED
    if np.isnan(checked.expected):
        return "Everyone had the same outcome, so what is at stake could not be checked."
    if not checked.is_known:
        return (
            "On the day of the test, customers who ordered spent hardly more than those who did not, or nearly nothing "
            "was at stake: by how much it was put too high or too low cannot be told."
        )
    error, low, high = checked.too_high
    how = f"{off_by(error)} (95% interval {low:+.0%} to {high:+.0%})"
    told = f"On the day of the test, what a contact could save was put {how}."
    return f"{told} {WITH_AND_WITHOUT if checked.is_off else MAY_BE_CHANCE}"


# `gains.draw`: the error moves no expected gain, but reaches the interval
WITH_AND_WITHOUT = (
    "One day proves little: expected gains are not corrected for that, and their sum is told with and without it."
)
MAY_BE_CHANCE = "That may be chance, so nothing is corrected for it. Intervals of the gain allow for it."


def _too_high(checked: Checked, currency: str) -> str:
    """The same, with the amounts, and what follows."""
    if not checked.is_known:
        return stake(checked)
    return (
        f"{stake(checked)} A customer who stays was expected to spend {money(checked.expected, currency)} more than "
        f"one who leaves; it was {money(checked.happened, currency)} (mean over what was at stake)."
    )


def _pair(bands: pd.DataFrame, name: str, currency: str) -> str:
    """Means over bands, of those whom each column is about: expected and spent."""
    weight = bands[f"{name}_customers"] / max(bands[f"{name}_customers"].sum(), 1)
    expected, spent = (float((bands[column].fillna(0) * weight).sum()) for column in (name, f"{name}_spent"))
    return f"{money(expected, currency)} on average and spent {money(spent, currency)}"
