"""Tables of the monitoring notebook, and what MLflow is told of each day."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from patrons.monitoring.matured import KEPT, METRICS, REPLAYED, TRIED
from patrons.monitoring.moved import Moved
from patrons.monitoring.shift import DISTANCE, MISSING, PSI

WARNED = "warned of"
ORIGINS = {TRIED: "tried before the release", REPLAYED: "replayed afterwards", KEPT: "kept when scored"}
SHARES = ("accuracy", "precision", "recall", WARNED, "forecast", "observed")
OF_DAYS = dict.fromkeys(SHARES, "{:.0%}") | dict.fromkeys(
    ("ROC AUC", "PR AUC", "Brier", "log loss", "F1", "ROC AUC (everyone)", "Brier (everyone)"), "{:.3f}"
)
OF_MOVED = {"distance": "{:.2f}", "limit": "{:.2f}", "PSI": "{:.2f}", "missing": "{:+.1%}", "q": "{:.3f}"}
OF_SPEND = {"expected": "{:,.0f}", "spent": "{:,.0f}", "too much expected": "{:+.0%}"}


def days(table: pd.DataFrame) -> pd.DataFrame:
    """What `matured.days` returned, for a reader: a row a day and origin."""
    return pd.DataFrame(
        {
            "day": _days(table),
            "scores": table.origin.map(ORIGINS),
            "customers": table.customers,
            "without outcome": table.without_outcome,
            "forecast": table.observed + table.forecast_minus_observed,
            "observed": table.observed,
            "ROC AUC": table.roc_auc,
            "log loss": table.log_loss,
            "Brier": table.brier,
            WARNED: table.flagged_share,
            "recall": table.recall,
            "precision": table.precision,
            "F1": table.f1,
            "accuracy": table.accuracy,
            "PR AUC": table.pr_auc,
            "ROC AUC (everyone)": table.roc_auc_all,
            "Brier (everyone)": table.brier_all,
        }
    )


def spending(table: pd.DataFrame) -> pd.DataFrame:
    """What `spending.of_days` returned, for a reader."""
    return pd.DataFrame(
        {
            "day": _days(table),
            "scores": table.origin.map(ORIGINS),
            "customers": table.customers,
            "expected": table.expected,
            "spent": table.spent,
            "too much expected": table.relative_error,
            "groups": table.groups,
            "within their interval": table.inside,
        }
    )


def _days(table: pd.DataFrame) -> pd.Series:
    return pd.to_datetime(table.day).dt.strftime("%Y-%m-%d").astype(object).where(table.day.notna(), "the table")


def by_day(table: pd.DataFrame) -> list[dict[str, Any]]:
    """The metrics of each matured day as MLflow is told them: of what was kept, else of what was replayed, else tried.

    Returns
    -------
    list of dict
        `day` (such as "2025-09-25") and `metrics` (name to number; those that are not known are left out), oldest
        first. Empty of a table, whose days are not known.
    """
    dated = table[table.day.notna()]
    last = (
        dated.assign(rank=dated.origin.map({TRIED: 0, REPLAYED: 1, KEPT: 2}))
        .sort_values(["day", "rank"])
        .drop_duplicates("day", keep="last")
    )
    names = [*METRICS, *(f"{name}_all" for name in METRICS)]
    return [
        {
            "day": str(pd.Timestamp(row["day"]).date()),
            "metrics": {name: float(row[name]) for name in names if pd.notna(row[name])},
        }
        for row in last.to_dict("records")
    ]


def moved(found: Moved, named: Mapping[str, str]) -> pd.DataFrame:
    """Every feature with what it differs by, for a reader, beside the distance from which it is called moved."""
    table = found.features
    if table.empty:
        return pd.DataFrame(columns=["feature", *OF_MOVED, "moved"])
    return pd.DataFrame(
        {
            "feature": [named.get(str(name), str(name)) for name in table.index],
            "distance": table[DISTANCE].to_numpy(),
            "limit": table.limit.to_numpy(),
            "PSI": table[PSI].to_numpy(),
            "missing": table[MISSING].to_numpy(),
            "q": table.q.to_numpy(),
            "moved": np.where(table["moved"], "yes", ""),
        }
    )
