"""How many customers did not order within a horizon, day by day, and how many of these ordered in the next."""

import ibis
import pandas as pd
from ibis import Table

from patrons.features.outcomes import outcomes
from patrons.features.panel import KNOWN, OUTCOME


def by_day(
    panel: pd.DataFrame, lines: Table, horizon_days: int, cancelled: Table | pd.DataFrame | None = None
) -> pd.DataFrame:
    """Churn of each day of the panel, of everyone and of the active: those who had ordered within one horizon before.

    The long silent are never taken off the list of customers, so the churn of everyone grows with the age of a log.

    Parameters
    ----------
    panel : DataFrame
        Customers on earlier days with their outcome.
    lines : Table
        Clean order lines.
    cancelled : Table or DataFrame, optional
        What cancellations take back of which line (see `outcomes`).

    Returns
    -------
    DataFrame
        `as_of`, `customers`, `churned` (share), `active` (number), `active_churned` (share; missing without any active)
        and `came_back`: the share of the active who churned that ordered in the horizon after; missing where that is
        not over, or nobody churned.
    """
    active = panel[panel.recency_days <= horizon_days]
    left = active[active[OUTCOME] == 1]
    days = ibis.memtable(panel[[KNOWN]].drop_duplicates().rename(columns={KNOWN: "as_of"}))
    later = outcomes(lines, days, horizon_days, cancelled).select("customer_id", **{KNOWN: "as_of"}).to_pandas()
    returned = left.merge(later, "left", ["customer_id", KNOWN], indicator=True)
    came_back = (returned._merge == "both").groupby(returned.as_of).mean()
    over = panel[KNOWN].max() - pd.Timedelta(days=2 * horizon_days)
    everyone, kept = panel.groupby("as_of")[OUTCOME], active.groupby("as_of")[OUTCOME]
    table = pd.DataFrame(
        {
            "customers": everyone.size(),
            "churned": everyone.mean(),
            "active": kept.size(),
            "active_churned": kept.mean(),
            "came_back": came_back[came_back.index <= over],
        }
    )
    return table.assign(active=table.active.fillna(0).astype(int)).reset_index()


def latest(rates: pd.DataFrame, column: str) -> pd.Series | None:
    """The row of the latest day that tells a column; None where none does."""
    known = rates.dropna(subset=[column])
    return None if known.empty else known.iloc[-1]


def metrics(rates: pd.DataFrame) -> dict[str, float]:
    """What 02 records: the latest `churn_rate_active`, and of the latest day that tells it `came_back_rate`."""
    told = {"churn_rate_active": "active_churned", "came_back_rate": "came_back"}
    rows = {name: (latest(rates, column), column) for name, column in told.items()}
    return {name: float(row[column]) for name, (row, column) in rows.items() if row is not None}
