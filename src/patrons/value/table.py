"""What a customer table says of value: what is paid in a period, times the periods to come; no forecast."""

import numpy as np
import pandas as pd

from patrons.features.panel import OUTCOME


def still_here(features: pd.DataFrame, panel: pd.DataFrame) -> pd.DataFrame:
    """Customers who have not churned: the others cannot be kept."""
    churned = features.customer_id.map(panel.set_index("customer_id")[OUTCOME])
    return features[(churned != 1).to_numpy()].reset_index(drop=True)


def values(customers: pd.DataFrame, spend: str, periods: float) -> pd.DataFrame:
    """What each customer pays over so many periods; all missing where no attribute says it (`spend` is empty).

    Returns
    -------
    DataFrame
        `customer_id`; `expected_orders`, missing: a table knows no orders; `expected_spend`, in the table's money, with
        `low` and `high`, the same: it is no forecast.
    """
    paid = customers[spend].to_numpy(float) * periods if spend else np.full(len(customers), np.nan)
    table = pd.DataFrame({"customer_id": customers.customer_id, "expected_orders": np.nan, "expected_spend": paid})
    return table.assign(low=table.expected_spend, high=table.expected_spend)


def at_stake(candidates: pd.DataFrame) -> pd.DataFrame:
    """The candidates with what they pay if they stay, and nothing if they leave; silence is not known (`band` 0).

    The price is what it is at any chance of leaving (`ratio` 1, see `gains.Stakes`).
    """
    return candidates.assign(value_if_kept=candidates.value, value_if_lost=candidates.value * 0, band=0, ratio=1.0)


def totals(candidates: pd.DataFrame) -> pd.DataFrame:
    """What each segment pays, the largest first: `value` and `customers`."""
    table = candidates.groupby("segment").agg(value=("value", "sum"), customers=("value", "size"))
    return table.sort_values("value", ascending=False)
