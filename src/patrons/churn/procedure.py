"""The procedure of 06 tried on earlier days, as it would have been used on them: what `origins` are made by.

On each of these days the chosen recipe is fitted on what was known by then, calibrated and given its threshold by days
before it, and says what it forecasts of the customers of that day. So a season, a young log and a lucky day show. The
settings are frozen: they were chosen on validated days that may be among the earlier origins, but never on the last.
"""

import numpy as np
import pandas as pd
from sklearn.compose import ColumnTransformer
from sklearn.pipeline import Pipeline

from patrons.churn import thresholds
from patrons.churn.customers import active
from patrons.churn.final import RAW, SCORE, calibrated, fit_chosen, on_day
from patrons.churn.origins import STALE, Origin, Tried, known_by
from patrons.churn.search import IDENTIFYING, SearchResult
from patrons.churn.split import ENOUGH, probability
from patrons.churn.splitter import SnapshotSplit
from patrons.features.panel import KNOWN, OUTCOME
from patrons.features.split import inputs

LEAST, MOST = 6, 12  # origins, where the log has so many


def days(panel: pd.DataFrame) -> list[pd.Timestamp]:
    """The origins of a panel, oldest first: days apart by a horizon, up to `MOST`, and the latest others to `LEAST`.

    Where they are closer than a horizon their outcomes overlap, and intervals that resample customers know it.
    """
    horizon = int((panel[KNOWN] - panel.as_of).dt.days.iloc[0])
    splitter = SnapshotSplit(1, horizon)
    apart = splitter.apart(panel.as_of)[-MOST:]
    others = [day for day in splitter.usable(panel.as_of) if day not in apart]
    missing = max(LEAST - len(apart), 0)
    return sorted([*apart, *(others[-missing:] if missing else [])])


def tried(
    result: SearchResult,
    method: str,
    panel: pd.DataFrame,
    last: Pipeline,
    prepare: ColumnTransformer,
    top: int,
    most: int,
    min_recall: float,
    seed: int,
    today: pd.DataFrame,
) -> Tried:
    """Forecast each origin of a log's panel from what was known on it, oldest first.

    Parameters
    ----------
    method : str
        How probabilities are calibrated, or "none".
    last : Pipeline
        The chosen model, fitted on the training rows: what is known on the last origin. Not calibrated.
    top, most : int
        As in `final.fit_kinds`.
    min_recall : float
        The share of those who do not order that each threshold is to flag.
    today : DataFrame
        The features of today.

    Returns
    -------
    Tried
        Empty of a customer table, which has no days.
    """
    if KNOWN not in panel:
        return Tried([], None)
    models: dict[pd.Timestamp, Pipeline] = {}
    found: list[Origin] = []
    for day in days(panel):
        known = panel[panel[KNOWN] <= day]
        if min(known[OUTCOME].sum(), (1 - known[OUTCOME]).sum()) < ENOUGH:
            continue
        again = last if day == panel.as_of.max() else on_day(result, day)
        models[day] = again or fit_chosen(result, known, prepare, top, most, seed)
        found.append(_origin(panel[panel.as_of == day], day, models, method, known_by(day, found), min_recall))
    return Tried(found, today.as_of.iloc[0])


def _origin(
    rows: pd.DataFrame,
    day: pd.Timestamp,
    models: dict[pd.Timestamp, Pipeline],
    method: str,
    before: pd.DataFrame | None,
    min_recall: float,
) -> Origin:
    X, horizon = inputs(rows), rows[KNOWN].iloc[0] - day
    threshold, raw = np.nan, probability(models[day], X)
    score = raw
    if before is not None:
        model, judged = calibrated(models[day], method, before)
        threshold = thresholds.found(judged, min_recall, None)["recall"]
        score = raw if method == "none" else probability(model, X)
    lacking = [other for other in models if other <= day - horizon]
    kept = rows[[name for name in IDENTIFYING if name in rows]].reset_index(drop=True)
    columns = {
        RAW: raw,
        SCORE: score,
        STALE: probability(models[max(lacking)], X) if lacking else np.nan,
        "active": active(rows).to_numpy(),
    }
    return Origin(day, kept.assign(**columns), threshold)
