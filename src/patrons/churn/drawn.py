"""A panel too large to learn from as a whole: some of its customers, on all their days, drawn once and for all.

Settings, models and tests are made on these rows alone, so that time and memory have a limit whatever the number of
customers is; whoever is a customer today is scored.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from patrons.churn.preprocessing import without
from patrons.evaluation.samples import places
from patrons.features.panel import KNOWN, OUTCOME

MOST = 350_000  # rows
AT_ONCE = 65_536  # rows read at a time


@dataclass(frozen=True)
class Drawn:
    """What 06 learns from and tests on.

    Attributes
    ----------
    rows : DataFrame
        The panel, or all rows of some of its customers.
    customers : int
        How many customers the whole panel has.
    outcomes : DataFrame
        Of a customer table `customer_id` and outcome of all customers; of a log, of which customers have many
        outcomes, those of `rows`.
    """

    rows: pd.DataFrame
    customers: int
    outcomes: pd.DataFrame

    @property
    def sentence(self) -> str:
        """What a page says where customers were drawn; empty where all are there."""
        some = self.rows.customer_id.nunique()
        if some == self.customers:
            return ""
        those = "customers described on earlier days" if KNOWN in self.rows else "customers"
        return (
            f"Models learn from and are tested on {some:,} of {self.customers:,} {those}, drawn at random. "
            "Today's scores are of all customers."
        )


def drawn(path: Path, left_out: Sequence[str], dictionary: pd.DataFrame, most: int = MOST) -> Drawn:
    """The panel of a Parquet file, or of more than `most` rows those of the first customers by `samples.places`.

    So they are some of those whom 02 has drawn, and rows stay in their order. Only the drawn ones are ever in memory.
    At least one customer is drawn, however many rows that makes.

    Parameters
    ----------
    left_out : sequence of str
        Columns that no model may use (see `preprocessing.without`).
    dictionary : DataFrame
        The data dictionary of 02.
    """
    file = pq.ParquetFile(path)
    is_log = KNOWN in file.schema_arrow.names
    counted = pc.value_counts(file.read(["customer_id"])["customer_id"])
    counts = pd.Series(counted.field("counts").to_numpy(), counted.field("values").to_pandas()).sort_index()
    if file.metadata.num_rows <= most:
        rows = pd.read_parquet(path)
    else:
        order = np.argsort(places(counts.index.to_series()), kind="stable")
        enough = max(1, int(np.searchsorted(np.cumsum(counts.to_numpy()[order]), most, "right")))
        rows = _of(file, counts.index[np.sort(order[:enough])])
    rows = without(rows, left_out, dictionary)
    return Drawn(rows, len(counts), rows if is_log else file.read(["customer_id", OUTCOME]).to_pandas())


def _of(file: pq.ParquetFile, customers: pd.Index) -> pd.DataFrame:
    """The rows of some customers, in the order of the file."""
    wanted = pa.array(customers, type=file.schema_arrow.field("customer_id").type)
    batches = (batch.filter(pc.is_in(batch["customer_id"], wanted)) for batch in file.iter_batches(AT_ONCE))
    return pa.Table.from_batches(batches, file.schema_arrow).unify_dictionaries().to_pandas()
