"""Does a grouping depend on the day on which it is made? Refits as of earlier days, set beside the one of today."""

from collections.abc import Sequence

import ibis
import numpy as np
import pandas as pd
from ibis import Table
from scipy.optimize import linear_sum_assignment
from sklearn.metrics import adjusted_rand_score
from sklearn.pipeline import Pipeline

from patrons.engine import as_table
from patrons.segments.clustering import Candidate, as_pipeline, fitted
from patrons.segments.inputs import in_order, preparation
from patrons.segments.microclusters import Customers
from patrons.segments.stability import REFIT

YEAR = pd.Timedelta(days=366)  # how far back: over a year, so that each season is among them
LEAST = 10  # customers a group, without whom a day is left out
NONE = pd.DataFrame({"as_of": [], "days": [], "customers": [], "agreement": [], "otherwise": []}).astype(
    {"as_of": "datetime64[us]", "days": int, "customers": int, "agreement": float, "otherwise": float}
)


def refits(
    panel: Table | pd.DataFrame,
    today: Table | pd.DataFrame,
    clusterer: Pipeline,
    chosen: Candidate,
    variance: float,
    seed: int,
) -> pd.DataFrame:
    """How far groupings made on earlier days, by the same recipe, place customers as today's grouping does.

    Both place the same customers, as described on the earlier day: those present on both days, at most `REFIT` drawn
    at random. So nobody has moved between the two, and what differs is due to the day on which the groups were made.

    Parameters
    ----------
    panel, today : Table or DataFrame
        Features of earlier days (`as_of`) and of today, as 02 wrote them; one day of the panel is read at a time.
    clusterer : Pipeline
        Preparation and model of today.
    chosen : Candidate
        Its family and setting are fitted again.
    variance : float
        Of the preparation (`inputs.preparation`), which is fitted again too.
    seed : int

    Returns
    -------
    DataFrame
        One row for each day of the last year: `as_of`, `days` before today, `customers`, `agreement` (adjusted Rand
        index: 1 the same, 0 as by chance), `otherwise` (share placed in another group, once groups are paired so that
        most customers agree). No rows where there are no earlier days, or too few customers.
    """
    panel, today = as_table(panel), as_table(today)
    if "as_of" not in panel.columns:
        return NONE
    day, inputs = pd.Timestamp(today.as_of.max().execute()), list(clusterer.feature_names_in_)
    known = panel.filter(panel.as_of >= day - YEAR).select("customer_id", "as_of", *inputs)
    present, least = today.customer_id.to_pandas(), LEAST * max(2, len(np.unique(chosen.labels)))
    rows = [
        {"as_of": earlier, "days": (day - earlier).days} | _agreement(then, inputs, clusterer, chosen, variance, seed)
        for earlier in sorted(known.as_of.as_table().distinct().to_pandas().as_of)
        if len(then := _on(known, earlier, present)) >= least
    ]
    return pd.DataFrame(rows, columns=list(NONE)).astype(NONE.dtypes.to_dict())


def _on(known: Table, day: pd.Timestamp, present: pd.Series) -> pd.DataFrame:
    """Customers of an earlier day who are there today, in the order of their ids."""
    then = known.filter(ibis._.as_of == day).order_by("customer_id").to_pandas()
    return then[then.customer_id.isin(present)]


def _agreement(
    then: pd.DataFrame, inputs: Sequence[str], clusterer: Pipeline, chosen: Candidate, variance: float, seed: int
) -> dict[str, float]:
    rows = in_order(then.sample(min(len(then), REFIT), random_state=seed), inputs)
    prepare = preparation(variance)
    try:
        again = fitted(chosen.family, chosen.setting, Customers(prepare.fit_transform(rows), seed))
    except ValueError:  # on that day the family finds nothing, which agrees in nothing
        return {"customers": len(rows), "agreement": 0.0, "otherwise": 1.0}
    ours, theirs = clusterer.predict(rows), as_pipeline(prepare, again).predict(rows)
    return {
        "customers": len(rows),
        "agreement": float(adjusted_rand_score(ours, theirs)),
        "otherwise": otherwise(ours, theirs),
    }


def otherwise(ours: np.ndarray, theirs: np.ndarray) -> float:
    """Share of rows in different groups, once groups are paired so that most rows agree (Kuhn, 1955)."""
    shared = pd.crosstab(ours, theirs).to_numpy()
    return float(1 - shared[linear_sum_assignment(-shared)].sum() / shared.sum())
