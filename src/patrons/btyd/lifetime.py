"""What to expect of a customer, as features: MBG/NBD fitted on the features of a day and on nothing later."""

import numpy as np
import pandas as pd

from patrons.btyd.mbgnbd import WEEK, Fitted, chance_active, expected, fit, longest_gap


def with_expectations(table: pd.DataFrame, days: int, fitted: Fitted | None = None) -> pd.DataFrame:
    """The feature table with what to expect; each day of description has a fit of its own unless one is given.

    Parameters
    ----------
    table : DataFrame
        What `patrons.features.panel.build` gives.
    days : int
        How far ahead; 0 adds nothing.
    fitted : mbgnbd.Fitted, optional
        As fitted before: a few new customers are too few to fit anything to.

    Returns
    -------
    DataFrame
        The table with the columns that `columns` names.
    """
    if not days:
        return table
    return table.join(pd.concat([_of_a_day(rows, days, fitted) for _, rows in table.groupby("as_of")]))


def fit_day(rows: pd.DataFrame) -> Fitted:
    """MBG/NBD, fitted on the features of one day."""
    return fit(*history(rows))[0]


def history(rows: pd.DataFrame) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Repeats (days with an order after the first), weeks from the first order to the last, and to `as_of`."""
    age = rows.tenure_days.to_numpy(float) / WEEK
    return active_days(rows) - 1, age - rows.recency_days.to_numpy(float) / WEEK, age


def active_days(rows: pd.DataFrame) -> np.ndarray:
    """Days with an order; without that feature, as if no day had two orders."""
    return rows.get("active_days", rows.frequency).to_numpy(float)


def lateness(rows: pd.DataFrame, fitted: Fitted) -> np.ndarray:
    """Silence over the gap that nine in ten of the customer's own stay within; above 1 the customer is late.

    Parameters
    ----------
    rows : DataFrame
        Features of a day.
    fitted : mbgnbd.Fitted
        As of that day.
    """
    repeats, last, _age = history(rows)
    return rows.recency_days.to_numpy(float) / (WEEK * longest_gap(fitted, repeats, last))


def _of_a_day(rows: pd.DataFrame, days: int, fitted: Fitted | None) -> pd.DataFrame:
    own, fitted = history(rows), fitted or fit_day(rows)
    orders = expected(fitted, *own, days / WEEK)
    expectations = {
        "chance_active": chance_active(fitted, *own),
        f"expected_orders_{days}d": orders,
        f"expected_spend_{days}d": orders * (rows.monetary / rows.frequency).to_numpy(),
        "lateness": lateness(rows, fitted),
    }
    return pd.DataFrame(expectations, index=rows.index).round(6)


def columns(days: int) -> list[tuple[str, str, str]]:
    """Name, unit and meaning of what `with_expectations` adds."""
    if not days:
        return []
    return [
        ("chance_active", "probability", "chance that the customer has not left for good (MBG/NBD)"),
        (
            f"expected_orders_{days}d",
            "days with an order",
            f"days with an order to expect in the next {days} days by their rhythm (MBG/NBD)",
        ),
        (
            f"expected_spend_{days}d",
            "currency",
            f"to expect in the next {days} days by their rhythm, at their mean order value",
        ),
        (
            "lateness",
            "ratio",
            "silence over the gap that nine in ten of the customer's own stay within (MBG/NBD); above 1 is late",
        ),
    ]
