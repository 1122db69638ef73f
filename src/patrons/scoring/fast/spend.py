"""The expected spend of one customer without pandas: the arithmetic of `spend_model.SpendModel`."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from patrons.btyd import gamma_gamma, mbgnbd
from patrons.scoring.fast.trees import boosted_exponential
from patrons.value.spend_model import LEAST, SpendModel

Row = Mapping[str, Any]


def spend(model: SpendModel) -> Callable[[Row], float]:
    """The fast form of the spend model: from a row to an amount in the log's currency."""
    orders, value = mbgnbd.Fitted(*model.orders_), gamma_gamma.Fitted(*model.value_)
    inputs = list(model.inputs or ())
    boost = boosted_exponential(model.booster_) if model.booster_ is not None else None

    def run(row: Row) -> float:
        age = np.array([row["tenure_days"] / mbgnbd.WEEK])
        days = np.array([row.get("active_days", row["frequency"])])
        last = age - row["recency_days"] / mbgnbd.WEEK
        spend_an_order = gamma_gamma.expected(value, days, row["monetary"] / days)
        repeats = mbgnbd.expected(orders, days - 1, last, age, model.horizon_days / mbgnbd.WEEK)
        base = float((repeats * spend_an_order * model.level_)[0])
        if boost is None:
            return base
        x = np.array([row[name] for name in inputs], dtype=float)
        return float(model.scale_ * np.sqrt(base * boost(x, np.log(max(base, LEAST)))))

    return run
