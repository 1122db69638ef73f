"""From which probability a customer is flagged: found on validated rows, of those who could be kept."""

import numpy as np
import pandas as pd

from patrons.churn.customers import active
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


def judged(validation: pd.DataFrame) -> pd.DataFrame:
    """The validated rows that thresholds are found on: those who could be kept, or all where none of these churned."""
    rows = validation[active(validation)]
    return rows if rows[OUTCOME].nunique() > 1 else validation


def curve(validation: pd.DataFrame, model: str, value: float, cost: float, chance: float) -> pd.DataFrame | None:
    """`metrics.profits` of the validated rows of a customer table; None of a log."""
    if KNOWN in validation:
        return None
    return profits(validation[OUTCOME].to_numpy(), validation[model].to_numpy(), value, cost, chance)


def found(validation: pd.DataFrame, model: str, min_recall: float, profit: pd.DataFrame | None) -> dict[str, float]:
    """The threshold for a recall among those who could be kept; of a table also that of the highest profit.

    Parameters
    ----------
    validation : DataFrame
        Validated rows, with probabilities in the column `model`.
    min_recall : float
        The share of those who churned that is to be flagged, at least.
    profit : DataFrame or None
        What `curve` returned.
    """
    rows = judged(validation)
    limits = {"recall": threshold_for_recall(rows[OUTCOME].to_numpy(), rows[model].to_numpy(), min_recall)}
    return limits if profit is None else limits | {"profit": float(profit.threshold[np.argmax(profit.gain)])}
