"""What later stages may expect of a table of features, checked before it is written."""

from datetime import date

import numpy as np
import pandas as pd

from patrons.errors import FeaturesError
from patrons.features.panel import KEYS, KNOWN, OUTCOME


def checked(table: pd.DataFrame, end: date) -> pd.DataFrame:
    """The same table, or an error that lists everything that is wrong with it.

    Parameters
    ----------
    table : DataFrame
        Features of customers on one day or, with `churned` and `known_on`, the panel of several.
    end : date
        The day after the log's last: nobody is described later, and no outcome was known later.

    Raises
    ------
    FeaturesError
        When a customer is described twice on a day, a number is infinite, recency, frequency or tenure cannot be, or an
        outcome is neither 0 nor 1 or lies in the future.
    """
    numbers = table.select_dtypes("number")
    broken = {
        "the same customer twice on a day": table.duplicated(list(KEYS)),
        "a number that is infinite": pd.Series(np.isinf(numbers.to_numpy(float)).any(axis=1), table.index),
        "a last order on or after the day of description": table.recency_days < 1,
        "a first order after the last": table.tenure_days < table.recency_days,
        "no order": table.frequency < 1,
        "a day of description after the log": table.as_of > pd.Timestamp(end),
    }
    if OUTCOME in table:
        broken["an outcome that is neither 0 nor 1"] = ~table[OUTCOME].isin([0, 1])
        broken["an outcome before it was known"] = (table[KNOWN] > pd.Timestamp(end)) | (table[KNOWN] <= table.as_of)
    errors = [f"{rows.sum():,} of {len(table):,} rows have {what}" for what, rows in broken.items() if rows.any()]
    if errors:
        raise FeaturesError(
            f"The features are not what later stages expect: {'; '.join(errors)}. "
            "The clean orders are not as they should be: run 01 again, and if that does not help, report it with the "
            "params file."
        )
    return table
