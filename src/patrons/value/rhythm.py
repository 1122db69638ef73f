"""Who is late by the own rhythm, beside who is silent for a fixed time?"""

import pandas as pd

from patrons.btyd import lifetime
from patrons.value.spend_model import Fits

LATE = "late"  # the column of the list


def late(fits: Fits, today: pd.DataFrame) -> pd.Series:
    """Whether each customer is silent beyond nine in ten of the own gaps; the index is the customer.

    Parameters
    ----------
    fits : Fits
        On the customers of today.
    today : DataFrame
        Features of the same day.
    """
    return pd.Series(lifetime.lateness(today, fits.orders) > 1, today.customer_id.to_numpy(), name=LATE)


def beside(late: pd.Series, today: pd.DataFrame, days: int) -> pd.DataFrame:
    """Customers by both rules.

    Parameters
    ----------
    late : Series
        What `late` gives.
    today : DataFrame
        Features of the same customers.
    days : int
        The fixed time of silence.

    Returns
    -------
    DataFrame
        A row each combination of rules: `by the own rhythm`, `by {days} days` (yes or no), `customers`, and the medians
        `days with an order` and `days of silence`; without those that nobody is in.
    """
    head = f"by {days} days"
    rows = pd.DataFrame(
        {
            "by the own rhythm": late.to_numpy(),
            head: (today.recency_days > days).to_numpy(),
            "days with an order": lifetime.active_days(today),
            "days of silence": today.recency_days.to_numpy(float),
        }
    )
    groups = rows.groupby(["by the own rhythm", head])
    table = groups.median().assign(customers=groups.size()).reset_index().sort_index(ascending=False)
    yes = {True: "yes", False: "no"}
    columns = ["by the own rhythm", head, "customers", "days with an order", "days of silence"]
    return table.replace({"by the own rhythm": yes, head: yes})[columns].reset_index(drop=True)


def with_late(listed: pd.DataFrame, late: pd.Series) -> pd.DataFrame:
    """The list with the column `late`, after the churn probability."""
    place = list(listed.columns).index("churn_probability") + 1
    columns = [*listed.columns[:place], LATE, *listed.columns[place:]]
    return listed.assign(**{LATE: listed.customer_id.map(late).to_numpy(bool)})[columns]
