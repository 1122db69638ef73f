"""How many customers did not order within a horizon, day by day, and how many of these ordered in the next."""

import ibis
import pandas as pd
from ibis import Table, _

from patrons.features.panel import KEYS, KNOWN, OUTCOME


def by_day(panel: pd.DataFrame, lines: Table, horizon_days: int) -> pd.DataFrame:
    """Churn of each day of the panel, of everyone and of the active: those who had ordered within one horizon before.

    The long silent are never taken off the list of customers, so the churn of everyone grows with the age of a log.

    Parameters
    ----------
    panel : DataFrame
        Customers on earlier days with their outcome.
    lines : Table
        Clean order lines.

    Returns
    -------
    DataFrame
        `as_of`, `customers`, `churned` (share), `active` (number), `active_churned` (share; missing without any active)
        and `came_back`: the share of the active who churned that ordered in the horizon after; missing where that is
        not over, or nobody churned.
    """
    active = panel[panel.recency_days <= horizon_days]
    left = active[active[OUTCOME] == 1]
    returned = left.merge(_next_horizon(lines, panel, horizon_days), "left", list(KEYS), indicator=True)
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


def _next_horizon(lines: Table, panel: pd.DataFrame, horizon_days: int) -> pd.DataFrame:
    """Who ordered in the horizon that follows the one in which the outcome of a day fell."""
    days = panel[["as_of", KNOWN]].drop_duplicates()
    windows = ibis.memtable(days.assign(until=days[KNOWN] + pd.Timedelta(days=horizon_days)))
    dates = lines.select("customer_id", "ordered_at").distinct()
    inside = dates.join(windows, [dates.ordered_at >= windows[KNOWN], dates.ordered_at < windows.until])
    return inside.select(_.customer_id, _.as_of).distinct().to_pandas()


def metrics(rates: pd.DataFrame) -> dict[str, float]:
    """What 02 records: the latest `churn_rate_active`, and of the latest day that tells it `came_back_rate`."""
    latest = {"churn_rate_active": rates.active_churned.dropna(), "came_back_rate": rates.came_back.dropna()}
    return {name: float(known.iloc[-1]) for name, known in latest.items() if len(known)}
