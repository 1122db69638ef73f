"""What a customer table says of value: what is paid in a period, times the periods to come; no forecast."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from patrons.features.panel import OUTCOME
from patrons.value.actions import Plan
from patrons.value.narrative import shared


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


def totals(people: pd.DataFrame) -> pd.DataFrame:
    """What each segment pays, the largest first: `value` and `customers`."""
    table = people.groupby("segment").value.agg(value="sum", customers="size")
    return table.sort_values("value", ascending=False)


def summary(spend: str, horizon_days: int, total: pd.DataFrame, plan: Plan, assumed: pd.DataFrame) -> Mapping[str, Any]:
    """The record ``value.json``; without an attribute that says what is paid, only what was assumed."""
    if not spend:
        return {"spend": None, "assumptions": assumed.to_dict("records")}
    paid = {"value": float(total.value.sum())}
    return {"spend": spend, "expected_spend": paid, "top_segment": str(total.index[0])} | shared(
        horizon_days, plan, assumed
    )
