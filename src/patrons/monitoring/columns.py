"""What a row of the ledger is: its columns and types, from a table in memory and back; and what its folder says."""

import hashlib
from datetime import datetime
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.csv

UTC_TIME = pa.timestamp("us", tz="UTC")
SCORES = pa.schema(
    [
        pa.field("customer_id", pa.string(), False),
        pa.field("day", pa.date32(), False),  # as of which the customer was described; of a table that of scoring
        pa.field("release", pa.string(), False),  # id of the release, or of the run where none was made
        pa.field("probability", pa.float64(), False),
        pa.field("flagged", pa.bool_(), False),
        ("active", pa.bool_()),  # whether the customer could be kept, where it was known
        ("expected_spend", pa.float64()),
        ("segment", pa.string()),
        ("arm", pa.string()),
        ("horizon_days", pa.int32()),  # missing of a table
        ("value_horizon_days", pa.int32()),
        pa.field("source", pa.string(), False),  # series, predict or api
        pa.field("kept_at", UTC_TIME, False),
    ]
)
OUTCOMES = pa.schema(
    [
        pa.field("customer_id", pa.string(), False),
        pa.field("day", pa.date32(), False),
        pa.field("churned", pa.int8(), False),
        ("spend", pa.float64()),  # within the value horizon; missing where it is not known (yet)
        pa.field("received_at", UTC_TIME, False),
        pa.field("source", pa.string(), False),  # log, or the name of a file
    ]
)
KEYS = ["customer_id", "day"]
SERIES, PREDICT, API = "series", "predict", "api"  # what scores come from
README = """# What this folder holds

`scores`: what was said of customers, a row a customer, day and release: id, day, release, probability of churn, whether
they were flagged, could be kept, expected spend, segment, arm of a trial, horizons, where it comes from, when it was
kept. `outcomes`: what became of them: id, day, churned (1 or 0), spend, when that was received, from where; what it
replaces stays. `runs`: of the last 30 runs parameters and numbers, and of up to 20,000 tested customers each id, day,
score and outcome. `retrain.json` and `looked.json`: the retrainings, and the last look at the data, without customers.
No features are held, no names, no addresses, unless the id itself is one.

These are personal data: keep them where you keep the orders. `{patrons} outcomes NAME` says how much is held.
Months are deleted {months} months after they were written, when something is added (PATRONS_LEDGER_MONTHS sets how
many). `known.json` notes for ten years which batches were added, by a digest without customers: none is added again
once its month was deleted. `{patrons} outcomes NAME --forget ID` takes one customer out of every Parquet file here. It
refuses while a file that was set aside (its name ends in `.aside`) is here, as nobody can tell whether it holds the
customer. Take them out of the source too, or the next run writes them again.
"""


class LedgerError(ValueError):
    """Rows that the ledger does not take, or a setting of it that cannot be."""


def typed(rows: pd.DataFrame, schema: pa.Schema, at: datetime) -> pa.Table:
    """Rows as they are kept, stamped with a moment; columns that may be missing are filled.

    Raises
    ------
    LedgerError
        Where one that may not be missing is.
    """
    stamped = next(place for place, field in enumerate(schema) if field.type == UTC_TIME)
    plain = schema.remove(stamped)
    complete = rows.reindex(columns=plain.names)
    for field in plain:
        empty = complete[field.name].isna()
        if pa.types.is_string(field.type):
            empty |= complete[field.name].astype(object) == ""
        if not field.nullable and empty.any():
            raise LedgerError(f"{int(empty.sum()):,} rows have no {field.name}: nothing was kept.")
    complete = complete.assign(day=pd.to_datetime(complete.day).dt.date)
    table = pa.Table.from_pandas(complete, plain, preserve_index=False)
    return table.add_column(stamped, schema.field(stamped), pa.array([at] * len(table), UTC_TIME))


def address_of(table: pa.Table) -> str:
    """Of a batch's content, whatever its order: the rows as text, since that is the same under every version."""
    ordered = table.sort_by([(name, "ascending") for name in table.column_names])
    text = pa.BufferOutputStream()
    pyarrow.csv.write_csv(ordered, text)
    return hashlib.sha256(text.getvalue()).hexdigest()[:16]


def frame_of(table: pa.Table) -> pd.DataFrame:
    kinds: dict[Any, Any] = {pa.bool_(): pd.BooleanDtype(), pa.int32(): pd.Int32Dtype(), pa.int8(): pd.Int8Dtype()}
    frame = table.to_pandas(types_mapper=kinds.get, date_as_object=False)
    return frame.assign(day=frame.day.astype("datetime64[us]")) if "day" in frame else frame
