"""Some of the customers instead of all, where there are more than a step needs: drawn by customer, and said."""

import ibis
import pandas as pd
from ibis import Table


def drawn(customer_id: pd.Series, most: int, seed: int) -> pd.Series | None:
    """The ids of a random `most` of the customers, or None where there are no more than that.

    Parameters
    ----------
    customer_id : Series
        Each customer once.
    """
    return None if len(customer_id) <= most else customer_id.sample(most, random_state=seed)


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


def sentence(some: int, customers: int) -> str:
    """That what follows rests on some of the customers."""
    return f"Models learn from and are tested on {some:,} of the {customers:,} customers, drawn at random."
