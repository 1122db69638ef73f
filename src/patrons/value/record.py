"""The record ``value.json``: what is expected, of whom, what contacts should bring, and what was assumed."""

import math
from collections.abc import Mapping
from typing import Any

import pandas as pd

from patrons.evaluation.metrics import Interval
from patrons.value import stake_check, stake_narrative
from patrons.value.forecast import Days
from patrons.value.gains import Plan
from patrons.value.stake_check import Checked


def of_log(
    when: Days,
    horizon_days: int,
    total: pd.DataFrame,
    interval: Interval,
    beside: Mapping[str, Any],
    top_share: float,
    plan: Plan,
    assumed: pd.DataFrame,
) -> dict[str, Any]:
    """Of a log, whose spend is forecast.

    Parameters
    ----------
    total : DataFrame
        What `patrons.value.spread.totals` gives.
    interval : Interval
        Of what all customers spend.
    beside : mapping
        What the expected spend stands beside: sentences (`off`, `before`), and what `seasons.beside` gives.
    top_share : float
        Share of the spend that is expected of the highest tenth of the forecasts.
    """
    expected = {"value": float(total.value.sum()), "low": interval.low, "high": interval.high, **beside}
    return {
        "from": str(when.end),
        "tested_on": when.cutoff and str(when.cutoff),
        "expected_spend": expected,
        "top_decile_share": float(top_share),
        "top_segment": str(total.index[0]),
        "segments": _by_segment(total),
        **_shared(horizon_days, plan, assumed),
    }


def of_check(checked: Checked | None, plan: Plan) -> dict[str, Any]:
    """What the check of the stake showed.

    Returns
    -------
    dict
        `stake`, a sentence; `stake_error`: by which share it was too high (below zero: too low), as `value`, `low` and
        `high`, null where it could not be checked; `corrected`: what the plan brings without that error, null where it
        may be chance.
    """
    error = corrected = None
    if checked is not None and math.isfinite(checked.expected):
        error = dict(zip(("value", "low", "high"), map(float, checked.too_high), strict=True))
        corrected = stake_check.corrected(checked, plan)
    return {"stake": stake_narrative.stake(checked), "stake_error": error, "corrected": corrected}


def of_table(spend: str, horizon_days: int, total: pd.DataFrame, plan: Plan, assumed: pd.DataFrame) -> dict[str, Any]:
    """Of a customer table; without an attribute that says what is paid (`spend`), only what was assumed."""
    if not spend:
        return {"spend": None, "assumptions": assumed.to_dict("records")}
    paid = {"value": float(total.value.sum())}
    shared = _shared(horizon_days, plan, assumed)
    return {
        "spend": spend,
        "expected_spend": paid,
        "top_segment": str(total.index[0]),
        "segments": _by_segment(total),
        **shared,
    }


def _by_segment(total: pd.DataFrame) -> dict[str, float]:
    """What each segment's customers are worth together."""
    return {str(segment): float(value) for segment, value in total.value.items()}


def _shared(horizon_days: int, plan: Plan, assumed: pd.DataFrame) -> dict[str, Any]:
    return {"horizon_days": horizon_days, "plan": plan._asdict(), "assumptions": assumed.to_dict("records")}
