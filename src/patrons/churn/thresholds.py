"""From which probability a customer is flagged: found on validated rows, of those who could be kept."""

import numpy as np
import pandas as pd

from patrons.churn.customers import active
from patrons.churn.final import SCORE
from patrons.errors import SourceError
from patrons.evaluation.metrics import profits, threshold_for_recall
from patrons.features.panel import KNOWN, OUTCOME


class FlagError(SourceError):
    """A threshold that cannot be had of this kind of data."""


def refuse(flag_by: str, panel: pd.DataFrame) -> None:
    """An error where a log is to be flagged by profit, which 07 weighs customer by customer."""
    if flag_by == "profit" and KNOWN in panel:
        raise FlagError(
            "flag_by: profit takes every customer for worth the same, so it is for customer tables. An order log says "
            "what each customer is worth: 07 weighs the gain of a contact with that. Leave flag_by: recall."
        )


def judged(rows: pd.DataFrame) -> pd.DataFrame:
    """The rows that thresholds are found on: those who could be kept, or all where none of these churned."""
    kept = rows[active(rows)]
    return kept if kept[OUTCOME].nunique() > 1 else rows


def curve(rows: pd.DataFrame, value: float, cost: float, chance: float) -> pd.DataFrame | None:
    """`metrics.profits` of the outcomes and `score` of a customer table's rows; None of a log."""
    if KNOWN in rows:
        return None
    return profits(rows[OUTCOME].to_numpy(), rows[SCORE].to_numpy(), value, cost, chance)


def found(rows: pd.DataFrame, min_recall: float, profit: pd.DataFrame | None) -> dict[str, float]:
    """The threshold for a recall among those who could be kept; of a table also that of the highest profit.

    Parameters
    ----------
    rows : DataFrame
        Outcome and `score`, the probability by a model that had not seen it; of a log `recency_days` and its days too.
    min_recall : float
        The share of those who churned that is to be flagged, at least.
    profit : DataFrame or None
        What `curve` returned.
    """
    kept = judged(rows)
    limits = {"recall": threshold_for_recall(kept[OUTCOME].to_numpy(), kept[SCORE].to_numpy(), min_recall)}
    return limits if profit is None else limits | {"profit": float(profit.threshold[np.argmax(profit.gain)])}
