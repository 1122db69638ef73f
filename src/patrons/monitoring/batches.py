"""Rows that are only ever added: Parquet files by month, each batch whole, and kept once.

A folder a month of *writing* (``2026-11/``), in it a file a batch, named by its address. The addresses of all batches
in a file stand in its footer, so that a batch is known again when files were put together, and a file that a killed
process left beside the one it was put into counts once. ``known.json`` notes them as well and outlives the months, so
that old results which are still there are not added once more. Whoever calls holds the lock of the ledger.
"""

import hashlib
import json
import shutil
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from patrons.files import DamagedError, read_json, shown, whole, write_json

BATCHES = b"patrons.batches"  # in a footer: the addresses of the batches that a file holds
KNOWN, YEARS = "known.json", 10  # every batch that was ever added, by its address; of the last years
PASSING = "now-"  # how addresses begin of what can only be said once, such as answers of the API: not noted
MOST_FILES = 32  # in the month that is written to; from one more on they are put together
ASIDE = ".aside"  # the ending of a file that a person has set aside
Pick = Callable[[pa.RecordBatch], pa.RecordBatch]


class Batches:
    """A folder of batches of one schema.

    Parameters
    ----------
    folder : Path
        Made when something is added.
    schema : pyarrow.Schema
    """

    def __init__(self, folder: Path, schema: pa.Schema):
        self.folder, self.schema = folder, schema

    def files(self) -> list[Path]:
        """The files, the oldest month first; those that were put into another one are left out."""
        return list(self._held())

    def addresses(self) -> set[str]:
        """Of every batch in the months that are kept."""
        return {address for addresses in self._held().values() for address in addresses}

    def aside(self) -> list[Path]:
        """Files that a person has set aside: their rows are missing."""
        return sorted(self.folder.glob(f"*/*{ASIDE}"))

    def count(self) -> int:
        """How many rows there are."""
        return sum(_footer(path).num_rows for path in self.files())

    def _held(self) -> dict[Path, frozenset[str]]:
        paths = sorted(self.folder.glob("[0-9]*-[0-9]*/*.parquet"))
        all_of = {path: frozenset(json.loads((_footer(path).metadata or {}).get(BATCHES, b"[]"))) for path in paths}
        return {path: held for path, held in all_of.items() if not any(held < other for other in all_of.values())}

    def add(self, rows: pa.Table, address: str, at: datetime) -> bool:
        """Add a batch, whole or not at all; false where one of that address was ever added."""
        if address in self.addresses() or address in self._known():
            return False
        _write(self.folder / f"{at:%Y-%m}" / f"{address}.parquet", [rows.cast(self.schema)], self.schema, [address])
        return True

    def _known(self) -> dict[str, str]:
        """The month in which each batch was added, by its address; of batches whose month was deleted, too."""
        return read_json(self.folder / KNOWN, {})

    def note(self, at: datetime) -> None:
        """Note which batches were ever added: before their months are deleted, or their files are set aside."""
        known = self._known()
        held = {address: path.parent.name for path, several in self._held().items() for address in several}
        lasting = {address: month for address, month in held.items() if not address.startswith(PASSING)}
        first = f"{at.year - YEARS}-{at:%m}"
        wanted = {address: month for address, month in sorted({**lasting, **known}.items()) if month >= first}
        if wanted != known:
            write_json(self.folder / KNOWN, wanted)

    def tidy(self, at: datetime) -> None:
        """Put the files of each month that is over into one, and remove what killed processes left."""
        for half in self.folder.glob("*/.*.partial"):
            half.unlink(missing_ok=True)
        held = self._held()
        for left in set(self.folder.glob("[0-9]*-[0-9]*/*.parquet")) - set(held):
            left.unlink()
        months = {path.parent for path in held}
        for month in sorted(months):
            files = {path: addresses for path, addresses in held.items() if path.parent == month}
            if len(files) > (MOST_FILES if month.name == f"{at:%Y-%m}" else 1):
                self._put_together(month, files)

    def _put_together(self, month: Path, files: dict[Path, frozenset[str]]) -> None:
        addresses = sorted(frozenset().union(*files.values()))
        name = hashlib.sha256("\n".join(addresses).encode()).hexdigest()[:16]
        _write(month / f"{name}.parquet", _tables(files), self.schema, addresses)
        for path in files:
            path.unlink()

    def drop_before(self, month: str) -> list[str]:
        """Delete the months before one such as ``2026-11``, whose batches `note` has noted; their names."""
        old = sorted(path for path in self.folder.glob("[0-9]*-[0-9]*") if path.name < month)
        for path in old:
            shutil.rmtree(path)
        return [path.name for path in old]

    def read(self, columns: Sequence[str], pick: Pick = lambda rows: rows) -> pa.Table:
        """Some columns of all rows that `pick` leaves of each part; memory holds a part and what is left.

        Raises
        ------
        DamagedError
            Names the file, and says what to do.
        """
        schema = pa.schema([self.schema.field(name) for name in columns])
        parts = [pick(rows) for rows in _parts(self.files(), list(columns))]
        return pa.Table.from_batches([part for part in parts if part.num_rows], schema)

    def rewrite(self, pick: Pick) -> int:
        """Write each file again with what `pick` leaves of it; how many rows are gone."""
        gone = 0
        for path, addresses in self._held().items():
            kept = [pa.Table.from_batches([pick(part)]) for part in _parts([path])]
            lost = _footer(path).num_rows - sum(table.num_rows for table in kept)
            if lost:
                _write(path, kept, self.schema, sorted(addresses))
            gone += lost
        return gone


def _write(path: Path, tables: Iterable[pa.Table], schema: pa.Schema, addresses: Sequence[str]) -> None:
    with whole(path) as partial:
        noted = schema.with_metadata({BATCHES: json.dumps(list(addresses)).encode()})
        with pq.ParquetWriter(partial, noted, compression="zstd", write_page_checksum=True) as file:
            for table in tables:
                file.write_table(table.cast(noted))


def _tables(paths: Iterable[Path]) -> Iterator[pa.Table]:
    return (pa.Table.from_batches([part]) for part in _parts(paths))


def _parts(paths: Iterable[Path], columns: list[str] | None = None) -> Iterator[pa.RecordBatch]:
    for path in paths:
        with _named(path), pq.ParquetFile(path, page_checksum_verification=True) as file:
            yield from file.iter_batches(columns=columns)


def _footer(path: Path) -> pq.FileMetaData:
    with _named(path):
        return pq.read_metadata(path)


@contextmanager
def _named(path: Path) -> Iterator[None]:
    """Say of a file that cannot be read which one it is."""
    try:
        yield
    except FileNotFoundError:
        raise
    except (pa.ArrowException, OSError, ValueError) as error:
        reason = str(error).splitlines()[0].rstrip(".")
        raise DamagedError(
            f"{shown(path)} is damaged or was cut off ({reason}). Restore a copy; or set it aside by renaming it to "
            f"{path.name}{ASIDE}: its rows are then missing, and all others can be read."
        ) from None
