"""Some of the customers instead of all, where there are more than a step needs: drawn by customer, and said."""

import ibis
import numpy as np
import pandas as pd
from ibis import Table


def places(customers: pd.Series) -> np.ndarray:
    """A whole number for each customer's id, always the same, by which customers stand in a random order."""
    return pd.util.hash_array(customers.astype(str).to_numpy(object), categorize=False)


def drawn(customers: pd.Series, most: int) -> pd.Series | None:
    """The ids of the first `most` customers in the order of their `places`, or None where there are no more than that.

    So fewer are always some of more: whom one notebook draws, another that draws more has drawn, too.

    Parameters
    ----------
    customers : Series
        The id of each customer, once.
    """
    if len(customers) <= most:
        return None
    return customers.iloc[np.argsort(places(customers), kind="stable")[:most]]


def few(rows: pd.DataFrame, most: int) -> pd.DataFrame:
    """The rows of `most` customers as `drawn` draws them, in the order they had; all where there are no more."""
    some = drawn(rows.customer_id.drop_duplicates(), most)
    return rows if some is None else rows[rows.customer_id.isin(some)]


def of_some(table: Table, customers: pd.Series | None) -> Table:
    """What a table says of some customers, by their ids; of all where that is None."""
    if customers is None:
        return table
    return table.semi_join(ibis.memtable(pd.DataFrame({"customer_id": customers})), "customer_id")


def rows(table: Table, customers: pd.Series | None) -> pd.DataFrame:
    """The same in memory: of some by day and id, of all in the order of the file."""
    some = of_some(table, customers)
    if customers is not None:
        some = some.order_by([name for name in ("as_of", "customer_id") if name in table.columns])
    return some.to_pyarrow().to_pandas()


def among(customers: pd.Series | None) -> str:
    """Of whom a count is, where only some customers were looked at: to follow what is counted; empty for all."""
    return "" if customers is None else f" of the {len(customers):,} customers drawn"


def sentence(some: int, customers: int) -> str:
    """That what follows rests on some of the customers."""
    return f"Models learn from and are tested on {some:,} of the {customers:,} customers, drawn at random."
