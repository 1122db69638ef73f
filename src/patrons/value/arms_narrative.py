"""Sentences on the arms of a list: who is held out, and what can be shown."""

import math

import pandas as pd

from patrons.digits import about
from patrons.value.arms import FEWEST, HOLD_OUT
from patrons.value.power import LEVEL, POWER, Reach


def arms(listed: pd.DataFrame, reach: Reach, currency: str) -> str:
    """Who is held out, and what the two arms can show."""
    return f"{held_out(listed, reach, currency)} {can_show(reach)}".strip()


def held_out(listed: pd.DataFrame, reach: Reach, currency: str) -> str:
    """Who is held out, why, and what that costs; or why nobody is."""
    both = reach.contacted + reach.held
    if not reach.held:
        why = f"there are fewer than {FEWEST} to contact" if both < FEWEST else "hold_out is 0"
        return f"Nobody is held out, as {why}: what the contacts do cannot be told afterwards."
    forgone = listed.expected_gain[(listed.arm == HOLD_OUT).to_numpy()].sum(min_count=1)
    cost = f" That forgoes about {about(forgone)} {currency}".rstrip() + " of gain." if pd.notna(forgone) else ""
    return (
        f"{reach.held:,} of the first {both:,} are held out by lot (column arm). Leave them alone: beside them "
        f"“patrons trial” will show what the contacts did.{cost}"
    )


def can_show(reach: Reach) -> str:
    """The smallest effect that the arms can show, and how many the assumed one would take; empty without hold-outs."""
    if not reach.held or not reach.silent > 0:
        return ""
    at = f"a chance of {POWER:.0%} (two-sided level {LEVEL:.0%})"
    assumed = f"the save chance of {reach.assumed:.0%} that is assumed"
    if math.isnan(reach.least):
        found = f"These {reach.contacted + reach.held:,} customers are too few to show any effect with {at}."
    else:
        found = (
            f"With {at} these arms show a save chance of {reach.least:.0%} or more: {reach.least * reach.silent:.0%} "
            f"of the customers, at their mean churn probability of {reach.silent:.0%}."
        )
    if not reach.assumed:
        return found
    if reach.power >= POWER:
        return f"{found} They will probably show {assumed}."
    return (
        f"{found} They show {assumed} with a chance of {reach.power:.0%}; that takes {reach.needed:,} customers, in "
        "one campaign or in several."
    )
