"""Who is late by their own rhythm, beside who is silent for a fixed time?"""

import pandas as pd

from patrons.btyd import lifetime
from patrons.value.spend_model import Fits

LATE = "late"  # the column of the list
OWN, ORDERS, SILENCE = "late by their own rhythm", "median days with an order", "median days of silence"


def late(fits: Fits, today: pd.DataFrame) -> pd.Series:
    """Whether each customer is silent beyond nine in ten of their own gaps; the index is the customer.

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
        A row each combination of rules: `OWN`, `silent for over {days} days` (yes or no), `customers`, and the medians
        `ORDERS` and `SILENCE`; without those that nobody is in.
    """
    head = f"silent for over {days} days"
    rows = pd.DataFrame(
        {
            OWN: late.to_numpy(),
            head: (today.recency_days > days).to_numpy(),
            ORDERS: lifetime.active_days(today),
            SILENCE: today.recency_days.to_numpy(float),
        }
    )
    groups = rows.groupby([OWN, head])
    table = groups.median().assign(customers=groups.size()).reset_index().sort_index(ascending=False)
    yes = {True: "yes", False: "no"}
    columns = [OWN, head, "customers", ORDERS, SILENCE]
    return table.replace({OWN: yes, head: yes})[columns].reset_index(drop=True)


def with_late(listed: pd.DataFrame, late: pd.Series) -> pd.DataFrame:
    """The list with the column `late`, after the churn probability."""
    place = list(listed.columns).index("churn_probability") + 1
    columns = [*listed.columns[:place], LATE, *listed.columns[place:]]
    return listed.assign(**{LATE: listed.customer_id.map(late).to_numpy(bool)})[columns]
