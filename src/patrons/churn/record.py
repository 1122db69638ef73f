"""What ``churn.json`` holds: the thresholds, the gates and the model's card."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from patrons.churn import gates
from patrons.churn.assessment import Assessment
from patrons.churn.customers import active, horizon
from patrons.churn.kinds import describe
from patrons.churn.narrative import INTENDED, Phrases, limits
from patrons.churn.search import SearchResult
from patrons.evaluation import scores
from patrons.evaluation.model_card import model_card
from patrons.features.panel import KNOWN


def card(
    model: Path,
    data: Mapping[str, Any],
    result: SearchResult,
    tested: Assessment,
    threshold: float,
    phrases: Phrases,
    failed: Sequence[str],
    author: str,
) -> dict[str, Any]:
    """The card of the chosen model.

    Parameters
    ----------
    model : Path
        Its file, already written.
    data : mapping
        ``dataset.json`` of 01.
    threshold : float
        The probability from which a customer is flagged.
    failed : sequence of str
        Names of the gates that failed.
    author : str
        Who answers for the model.
    """
    return model_card(
        model,
        data,
        algorithm=tested.chosen,
        author=author,
        parameters={kind: describe(result.settings[kind]) for kind in result.kinds(tested.chosen)},
        metrics=tested.scores | scores.intervals(scores.at(threshold), tested.truth, tested.score),
        intended_use=INTENDED,
        limits=limits(phrases, "", failed),
    )


def record(
    thresholds: Mapping[str, float],
    flag_by: str,
    verdicts: pd.DataFrame,
    card: Mapping[str, Any],
    phrases: Phrases,
    test: pd.DataFrame,
    problem: str = "",
) -> dict[str, Any]:
    """The record as plain values.

    Returns
    -------
    dict
        `threshold` (null where nothing could be learnt), `thresholds` (by what they serve), `flag_by`, `problem` (why
        nothing could be learnt, else empty), `horizon_days` (of the label; null of a table), `gates`, `current` (who
        can still be kept, in words; empty where all can), `card`.
    """
    return {
        "threshold": thresholds.get(flag_by),
        "thresholds": dict(thresholds),
        "flag_by": flag_by,
        "problem": problem,
        "horizon_days": horizon(test) if KNOWN in test else None,
        "gates": gates.as_record(verdicts),
        "current": "" if active(test).all() else phrases.current,
        "card": dict(card),
    }
