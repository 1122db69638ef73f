"""Sentences on what is watched."""

import pandas as pd

from patrons.monitoring.matured import KEPT, REPLAYED, TRIED
from patrons.monitoring.watched import Watched


def watched(what: Watched) -> str:
    """Which release is watched, and until when it learnt."""
    who = (
        f"The champion, release {what.release},"
        if what.promoted
        else "No model has been put into use yet, so the last forecast"
    )
    until = f" It has learnt what was known by {what.trained.date()}." if what.trained is not None else ""
    return f"{who} is watched.{until}{_failed(what)}"


def _failed(what: Watched) -> str:
    gates = what.record.get("gates", [])
    failed = sum(gate["verdict"] != "passed" for gate in gates)
    return (
        f" It had failed {failed} of its {len(gates)} checks then, so to be as good as it was then says little."
        if failed
        else ""
    )


def days(what: Watched) -> str:
    """How many days there are of each origin, and from when to when."""
    words = {TRIED: "on which the forecast was tried", REPLAYED: "replayed", KEPT: "kept"}
    rows = what.scored[what.scored.day.notna()]
    parts = [_days(rows[rows.origin == origin].day, words[origin]) for origin in words if (rows.origin == origin).any()]
    return f"There are {'; '.join(parts)}." if parts else ""


def _days(days: pd.Series, words: str) -> str:
    count, first, last = days.nunique(), days.min().date(), days.max().date()
    return f"1 day {words} ({last})" if count == 1 else f"{count} days {words} ({first} to {last})"
