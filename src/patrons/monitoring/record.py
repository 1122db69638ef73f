"""What ``monitoring.json`` holds, and the metrics that 08 records."""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from patrons.monitoring import verdict
from patrons.monitoring.broken import Broken
from patrons.monitoring.moved import Moved
from patrons.monitoring.verdict import Verdict
from patrons.monitoring.verdict_narrative import RETRAIN
from patrons.monitoring.watched import Watched


def record(
    watched: Watched, found: Verdict, off: pd.DataFrame, moved: Moved, broken: Sequence[Broken]
) -> dict[str, Any]:
    """The record as plain values.

    Returns
    -------
    dict
        What `verdict.record` returns; `champion` (id of the release, or of the run whose results stand in for one),
        `promoted`, `day` (the end of the log; null of a table), `trained` (the last day whose outcomes it has learnt),
        `days_tried`, `cbpe_error` (root mean square error of the Brier score that is estimated without outcomes; null
        where no day tells it), `features`, `drifted_features`, `broken` (sentences). 08 adds
        `since_last_run` (sentences of `compare_narrative`).
    """
    error = off.error["brier"]
    return {
        **verdict.record(found),
        "champion": watched.release,
        "promoted": watched.promoted,
        "day": _day(watched.today),
        "trained": _day(watched.trained),
        "days_tried": int(watched.own[watched.own.origin == "tried"].day.nunique()),
        "cbpe_error": None if pd.isna(error) else float(error),
        "features": len(moved.features),
        "drifted_features": moved.drifted,
        "broken": [one.sentence for one in broken],
    }


def _day(day: pd.Timestamp | None) -> str | None:
    return None if day is None else str(day.date())


def metrics(about: Mapping[str, Any]) -> dict[str, float]:
    """What 08 records of it; what is not known is left out."""
    named = ("drifted_features", "loss_excess", "days_matured", "cbpe_error")
    known = {name: about[name] for name in named if about[name] is not None}
    return {**known, "retrain": float(about["verdict"] == RETRAIN), "broken": float(len(about["broken"]))}
