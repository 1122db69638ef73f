"""A customer taken out of every Parquet file of a ledger's folder, who asks to be forgotten."""

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from patrons.files import shown, whole
from patrons.monitoring.batches import ASIDE, Batches
from patrons.monitoring.columns import LedgerError


def forget(folder: Path, parts: Sequence[Batches], customer_id: str, at: datetime) -> int:
    """Take a customer out of a folder that nobody else is at work in; how many rows that were.

    Raises
    ------
    LedgerError
        Where files were set aside, which cannot be searched; nothing is changed then.
    """
    _refuse_aside(folder, customer_id)
    for part in parts:
        part.note(at)
        part.tidy(at)  # what killed processes left holds customers, too
    gone = sum(part.rewrite(lambda rows: _without(rows, customer_id)) for part in parts)
    kept = [part.folder for part in parts]
    others = [path for path in folder.rglob("*.parquet") if path.parents[1] not in kept]
    return gone + sum(_forgotten(path, customer_id) for path in others)


def _refuse_aside(folder: Path, customer_id: str) -> None:
    if aside := sorted(folder.rglob(f"*{ASIDE}")):
        raise LedgerError(
            f"Nothing was taken out: {', '.join(map(shown, aside))} may hold customer {customer_id}, and what was "
            f"set aside cannot be searched. Restore a sound copy under the name without {ASIDE} and delete what "
            "was set aside, or only delete it (its rows are then lost); then say --forget again."
        )


def _without(rows: pa.RecordBatch, customer_id: str) -> pa.RecordBatch:
    return rows.filter(pc.not_equal(rows["customer_id"], customer_id))


def _forgotten(path: Path, customer_id: str) -> int:
    """Take a customer out of another table of the ledger's folder, such as that of a run."""
    table = pq.read_table(path)
    if "customer_id" not in table.column_names:
        return 0
    kept = table.filter(pc.not_equal(table["customer_id"].cast(pa.string()), customer_id))
    if kept.num_rows < table.num_rows:
        with whole(path) as partial:
            pq.write_table(kept, partial)
    return table.num_rows - kept.num_rows
