"""What ``churn.json`` holds, the thresholds, the gates and the model's card, and ``tried.parquet``."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from patrons.churn import gates
from patrons.churn.assessment import Assessment
from patrons.churn.customers import active, expected, expected_range, horizon
from patrons.churn.drawn import Drawn
from patrons.churn.final import SCORE
from patrons.churn.kinds import describe
from patrons.churn.narrative import INTENDED, Phrases, limits
from patrons.churn.origins import Tried
from patrons.churn.search import SearchResult
from patrons.evaluation import samples, scores
from patrons.evaluation.model_card import model_card
from patrons.features.panel import KNOWN, OUTCOME
from patrons.features.rates import latest

MOST_TRIED = 20_000  # customers of whom `rows_tried` keeps the forecasts


def card(
    model: Path,
    data: Mapping[str, Any],
    result: SearchResult,
    tested: Assessment,
    threshold: float,
    phrases: Phrases,
    failed: Sequence[str],
    author: str,
    panel: Drawn,
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
    panel : Drawn
        The rows whose outcome is known, all or those of some customers.
    """
    rows = panel.rows
    known = f"{len(rows):,} rows whose outcome is known{_until(rows)}"
    return model_card(
        model,
        data,
        algorithm=tested.chosen,
        author=author,
        parameters={kind: describe(result.settings[kind]) for kind in result.kinds(tested.chosen)},
        metrics=tested.scores | scores.intervals(scores.at(threshold), *tested.of_judged),
        intended_use=INTENDED,
        limits=limits(phrases, "", failed),
        tested_as=f"fitted on what was known by {phrases.test}"
        if KNOWN in rows
        else "fitted without held-out customers",
        used_as=f"the same recipe fitted on {'' if panel.sentence else 'all '}{known}{_drawn(panel)}",
    )


def _drawn(panel: Drawn) -> str:
    some = panel.rows.customer_id.nunique()
    return f", of {some:,} of {panel.customers:,} customers" if panel.sentence else ""


def _until(panel: pd.DataFrame) -> str:
    return f" by {panel[KNOWN].max().date()}" if KNOWN in panel else ""


def record(
    thresholds: Mapping[str, float],
    flag_by: str,
    verdicts: pd.DataFrame,
    card: Mapping[str, Any],
    phrases: Phrases,
    test: pd.DataFrame,
    problem: str = "",
    tested_threshold: float | None = None,
    more: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """The record as plain values.

    Parameters
    ----------
    more : mapping, optional
        What `of_days` and `of_today` return.

    Returns
    -------
    dict
        `threshold` (null where nothing could be learnt), `thresholds` (by what they serve),
        `tested_threshold` (that of the model that was tested), `flag_by`, `problem` (why
        nothing could be learnt, else empty), `gates`, `current` (who can still be kept, in words; empty where all can),
        `outcome` (what those did who churned, in words), `horizon_days` (null of a table), `card`, and `more`.
    """
    return {
        "threshold": thresholds.get(flag_by),
        "thresholds": dict(thresholds),
        "tested_threshold": tested_threshold,
        "flag_by": flag_by,
        "problem": problem,
        "gates": gates.as_record(verdicts),
        "current": "" if active(test).all() else phrases.current,
        "outcome": phrases.outcome,
        "horizon_days": horizon(test) if KNOWN in test and len(test) else None,
        **(more or {}),
        "card": dict(card),
    }


def of_days(tried: Tried, panel: pd.DataFrame, rates: pd.DataFrame | None) -> dict[str, Any]:
    """What is known of a log's days, empty of a table.

    Parameters
    ----------
    rates : DataFrame or None
        Of `features.rates.by_day`.

    Returns
    -------
    dict
        `test_day`, `learnt_until` (the last day whose outcomes the saved model has learnt), `log_odds_error` (by how
        much the log odds of all forecasts of a day are off together), `season` (the day nearest in season to today:
        `day`, `forecast` and `happened`), `found` (the lowest and the highest share that flags found on the days that
        were tried), `came_back_rate` (of the active who did not order in a horizon the share that
        did in the next; missing where no day tells it).
    """
    if not tried:
        return {}
    truth, score = tried.nearest.of()
    season = {"day": str(tried.nearest.day.date()), "forecast": float(score.mean()), "happened": float(truth.mean())}
    return {
        "test_day": str(panel.as_of.max().date()),
        "learnt_until": str(panel[KNOWN].max().date()),
        "log_odds_error": tried.error,
        "season": season,
        **_found_over_days(tried),
        **came_back(rates),
    }


def _found_over_days(tried: Tried) -> dict[str, list[float]]:
    """`found`: the lowest and the highest share that flags found on the days that were tried."""
    recall = tried.table.recall.dropna() if "recall" in tried.table else pd.Series(dtype=float)
    return {"found": [float(recall.min()), float(recall.max())]} if len(recall) > 1 else {}


def came_back(rates: pd.DataFrame | None) -> dict[str, float]:
    """`came_back_rate` of the latest day that tells it; empty where none does."""
    last = None if rates is None else latest(rates, "came_back")
    return {} if last is None else {"came_back_rate": float(last.came_back)}


def of_today(scored: pd.DataFrame, can_be_kept: pd.Series, labels: pd.DataFrame | None, tried: Tried) -> dict[str, Any]:
    """How many of today's customers can be kept, and how many of these are flagged: `today`.

    Parameters
    ----------
    scored : DataFrame
        `customer_id`, `flagged` and `churn_probability` of today's customers.
    can_be_kept : Series of bool
        Of the same rows.
    labels : DataFrame or None
        `customer_id` and `segment` of 04; None where the series has none.

    Returns
    -------
    dict
        `today`: `customers`, `flagged`, `expected` (the sum of their probabilities), `expected_range` (of
        `customers.expected_range`, null where it is not known), and with labels `segments`: the first two of each
        `segment`.
    """
    chosen = scored[can_be_kept.to_numpy()]
    counts: dict[str, Any] = {"customers": len(chosen), "flagged": int(chosen.flagged.sum())}
    counts["expected"] = expected(chosen)
    counts["expected_range"] = expected_range(chosen, tried.error, tried.apart)
    if labels is None:
        return {"today": counts}
    segment = labels.set_index("customer_id").segment.reindex(chosen.customer_id).rename("segment").to_numpy()
    by_segment = chosen.flagged.groupby(segment).agg(customers="size", flagged="sum").astype(int)
    return {"today": counts | {"segments": by_segment.rename_axis("segment").reset_index().to_dict("records")}}


def rows_tried(tried: Tried, left_out: pd.DataFrame, threshold: float) -> pd.DataFrame:
    """What the procedure forecast where it had not seen the outcome, and what happened: what monitoring compares with.

    Parameters
    ----------
    left_out : DataFrame
        Of a customer table: its customers with their `score` by a model that had not seen theirs.
    threshold : float
        From which these are flagged; the days of a log have their own.

    Returns
    -------
    DataFrame
        A row a customer and day (of a table: a customer): `customer_id`, `as_of` and `outcome_known_at` (of a log), the
        outcome, `score`, `active` (whether they could be kept), `threshold` (missing where a day had none). Of more
        than `MOST_TRIED` customers as many, always the same, on all their days.
    """
    if tried:
        rows = pd.concat([one.rows.assign(threshold=one.threshold) for one in tried.origins], ignore_index=True)
    else:
        rows = left_out.assign(active=True, threshold=threshold)
    names = ["customer_id", "as_of", KNOWN, OUTCOME, SCORE, "active", "threshold"]
    return samples.few(rows, MOST_TRIED)[[name for name in names if name in rows]].reset_index(drop=True)
