"""The verdict of a customer table: whether those whose outcomes came in are still ranked.

Losses cannot be compared. The scores of training are of everyone, those who had left included; what is acted on are
scores of those who had not, of whom far fewer leave in the time after. So their loss is lower whatever the model is
worth, and rises with their share of leavers. What follows from neither is the ranking, and even that is harder among
those who stayed. So a model is called worn out where it has lost more than half of what its ROC AUC was above chance.
"""

import numpy as np
import pandas as pd

FEWEST = 100  # customers of a batch with an outcome, below which it is not judged
KNOWN = 0.8  # share of the customers that were scored whose outcome must be known: those who left are told of first
LOST = 0.5  # of the ROC AUC above chance
COLUMNS = ["day", "customers", "loss", "loss_error", "excess", "bound", "bad", "cusum", "limit", "fired", "roc_auc"]


def complete(seen: pd.DataFrame) -> pd.DataFrame:
    """The days on which enough customers, and nearly all who were scored, have an outcome."""
    rows = seen[seen.customers >= FEWEST]
    if "without_outcome" not in rows:
        return rows
    return rows[rows.customers_all >= KNOWN * (rows.customers_all + rows.without_outcome)]


def ranked(reference: pd.DataFrame, enough: pd.DataFrame) -> tuple[pd.DataFrame, list[dict[str, object]]]:
    """A row a batch, as `verdict.Verdict.path` has them, and the one rule; both empty where nothing can be judged.

    `enough` are the days that are `complete`. A batch calls for training anew where the upper end of its 95% interval
    lies below the limit, and is `bad` where its ROC AUC does.
    """
    rows = enough.dropna(subset=["roc_auc"]).sort_values("day")
    if rows.empty or not reference.roc_auc.notna().any():
        return pd.DataFrame(columns=COLUMNS), []
    before = float(reference.roc_auc.dropna().iloc[-1])
    limit = 0.5 + (1 - LOST) * (before - 0.5)
    path = pd.DataFrame(
        {
            "day": rows.day,
            "customers": rows.customers,
            "loss": rows.log_loss,
            "loss_error": rows.log_loss_error,
            "excess": np.nan,
            "bound": np.nan,
            "bad": rows.roc_auc < limit,
            "cusum": 0.0,
            "limit": 1.0,
            "fired": rows.roc_auc_high < limit,
            "roc_auc": rows.roc_auc,
        }
    ).reset_index(drop=True)
    value, fired = float(path.roc_auc.iloc[-1]), bool(path.fired.iloc[-1])
    return path, [{"rule": "ranking", "value": value, "limit": limit, "fired": fired, "run_length": np.nan}]
