"""Sentences on the arms of a list: who is held out, and what can be shown."""

import math
from collections.abc import Sequence

import pandas as pd

from patrons.digits import about
from patrons.errors import PATRONS
from patrons.lexicon import capital
from patrons.value.arms import FEWEST, HOLD_OUT, LEFT_ALONE
from patrons.value.power import LEVEL, POWER, Reach


def arms(listed: pd.DataFrame, reach: Reach, currency: str) -> str:
    """Who is left alone, why, and what the trial can show; what of it is of earlier lists says `before`."""
    return " ".join(filter(None, (held_out(listed, reach, currency), can_show(reach))))


def before(listed: pd.DataFrame, reach: Reach, notes: Sequence[str] = ()) -> str:
    """What earlier lists do to this one: who keeps what they drew; empty where there are none.

    `notes` say which earlier lists could not be read (see `patrons.value.arms.Earlier`).
    """
    below = int((listed.suggested_action == LEFT_ALONE).sum()) - reach.held
    more = f"{below:,} more, further down the list, are left alone for an earlier list." if below > 0 else ""
    return " ".join(filter(None, (kept(reach), more, *notes)))


def held_out(listed: pd.DataFrame, reach: Reach, currency: str) -> str:
    """Who is held out, why, and what that costs; or why nobody is."""
    both = reach.contacted + reach.held
    if not reach.held:
        others = " without the arm of an earlier list" if reach.kept else ""
        few = both - reach.kept < FEWEST
        why = f"there are fewer than {FEWEST} to contact{others}" if few else "hold_out is 0"
        return f"Nobody is left alone, as {why}. So nobody can tell afterwards what the contacts did."
    forgone = listed.expected_gain[(listed.arm == HOLD_OUT).to_numpy()].sum(min_count=1)
    cost = f" That gives up about {about(forgone)} {currency}".rstrip() + " of gain." if pd.notna(forgone) else ""
    return (
        f"Leave {reach.held:,} of the first {both:,} alone: they are drawn by lot (“hold out” in column arm). "
        f"“{PATRONS} trial” compares what they do with what those do who are contacted.{cost}"
    )


def kept(reach: Reach) -> str:
    """How many keep the arm of an earlier list; empty where nobody does."""
    if not reach.kept:
        return ""
    return (
        f"{reach.kept:,} of the first {reach.contacted + reach.held:,}, {reach.kept_held:,} of them left alone, stay "
        "as an earlier list drew them, because its trial is not over. They count for that trial."
    )


def can_show(reach: Reach) -> str:
    """The smallest effect that the arms can show, and how many the assumed one would take; empty without hold-outs."""
    if reach.held == reach.kept_held or not reach.silent > 0:
        return ""
    new = reach.contacted + reach.held - reach.kept
    others = f"{new:,} newly drawn customers" if reach.kept else f"these {new:,} customers"
    if math.isnan(reach.least):
        found = f"{capital(others)} are too few for such a trial to show any effect."
    else:
        found = (
            f"What {others} can show: if a contact keeps {reach.least:.0%} of those who would not order, "
            f"{POWER:.0%} of such trials find it (two-sided level {LEVEL:.0%})."
        )
    if not reach.assumed:
        return found
    assumed = f"If a contact keeps the {reach.assumed:.0%} that are assumed, {reach.power:.0%} of such trials find it."
    if reach.power >= POWER or not reach.needed:
        return f"{found} {assumed}"
    return (
        f"{found} {assumed} To find that in {POWER:.0%}, it takes {reach.needed:,} customers, on one list or on "
        f"several: “{PATRONS} trial” adds them up."
    )


def too_few(reach: Reach) -> str:
    """That one list is likely to miss the effect that is assumed, for the first page; empty where it is not."""
    if not can_show(reach) or not reach.assumed or reach.power >= POWER:
        return ""
    return (
        f"One list may miss the effect that is assumed: {reach.power:.0%} of such trials find it. Page 7 says how "
        "lists add up."
    )
