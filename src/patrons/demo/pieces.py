"""Large shops: made up in pieces by several processes and written month by month, so that none is held as a whole.

Each piece is a shop of its own with the same assortment, and its lines go to disk by month. Then each month is read
from all pieces, sorted and numbered. What comes out depends on the arguments, not on how many processes there are.
"""

import os
import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from datetime import date
from functools import partial
from itertools import pairwise
from multiprocessing import get_context
from pathlib import Path
from typing import NamedTuple, TypeVar

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from rich.console import Console
from rich.progress import track

from patrons.demo.catalogue import products
from patrons.demo.flaws import LOG, in_sequence, order_ids
from patrons.demo.simulate import FILES, FIRST_ID, START, simulate, unsorted, write, write_tables
from patrons.files import whole

Item = TypeVar("Item")
IN_ONE = 100_000  # customers up to whom a shop is made up at once
PIECE = 25_000  # customers of a piece; about 0.8 GB while it is made up
PIECES = 2  # apart from other uses of the seed
LINES = pa.schema(
    [
        ("number", pa.int64()),
        ("cancels", pa.bool_()),
        ("product_id", pa.string()),
        ("description", pa.string()),
        ("quantity", pa.int64()),
        ("ordered_at", pa.timestamp("us")),
        ("unit_price", pa.float64()),
        ("customer_id", pa.string()),
        ("country", pa.string()),
    ]
)
OUT = pa.schema([pa.field("order_id", pa.string()), *(LINES.field(name) for name in LOG if name != "order_id")])


class Asked(NamedTuple):
    """What a large shop is made up from."""

    customers: int
    years: int
    seed: int
    change: date | None
    piece: int
    folder: Path


def make(
    folder: Path,
    customers: int = 4000,
    years: int = 2,
    seed: int = 7,
    change: date | None = None,
    processes: int | None = None,
) -> dict[Path, int]:
    """Make up a shop and write its three files, each whole.

    Parameters
    ----------
    folder : Path
        Where they go.
    customers, years, seed, change
        As of `simulate`. Up to `IN_ONE` customers give its very tables, more give others of the same kind.
    processes : int, optional
        How many make up pieces; as many as there are processors unless given.

    Returns
    -------
    dict
        The rows of each file, by its path.
    """
    if customers <= IN_ONE:
        shop = simulate(customers, years, seed, change)
        return dict(zip(write(shop, folder), map(len, shop), strict=True))
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".pieces-", dir=folder) as pieces:
        asked = Asked(customers, years, seed, change, PIECE, Path(pieces))
        return in_pieces(asked, folder, processes or os.cpu_count() or 1)


def in_pieces(asked: Asked, folder: Path, processes: int) -> dict[Path, int]:
    """Make up the pieces, put them together and return the rows of each file by its path."""
    numbers = range(-(-asked.customers // asked.piece))
    with ProcessPoolExecutor(processes, get_context("spawn")) as pool:
        done = pool.map(partial(_piece, asked), numbers)
        tables = [*_shown(done, len(numbers), f"Customers, {asked.piece:,} at a time")]
    lines = _log(asked, len(numbers), folder / FILES[0])
    of_customers = (
        pd.concat(parts).sort_values("customer_id", ignore_index=True) for parts in zip(*tables, strict=True)
    )
    named = dict(zip(FILES[1:], of_customers, strict=True))
    paths = write_tables(folder, named)
    return dict(zip([folder / FILES[0], *paths], [lines, *map(len, named.values())], strict=True))


def _shown(items: Iterator[Item], total: int, what: str) -> Iterator[Item]:
    """The same items, with a bar in a terminal that says how many there have been."""
    console = Console(stderr=True)
    yield from track(items, what, total, console=console, transient=True, disable=not console.is_terminal)


def _piece(asked: Asked, number: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Make up a piece, leave its lines in a file with a batch a month, and return its customers and their truth."""
    first = number * asked.piece
    seed = np.random.SeedSequence((asked.seed, PIECES, number + 1)).generate_state(1, np.uint64)[0]
    goods = products(np.random.default_rng((asked.seed, PIECES)))
    size = min(asked.piece, asked.customers - first)
    shop = unsorted(size, asked.years, int(seed), asked.change, goods, FIRST_ID + first)
    lines = in_sequence(shop.orders)
    bounds = np.searchsorted(lines["ordered_at"], _months(asked.years))
    with (
        whole(_file(asked, number)) as partial_file,
        pa.ipc.new_file(partial_file, LINES, options=pa.ipc.IpcWriteOptions(compression="zstd")) as file,
    ):
        for begin, end in pairwise(bounds):
            file.write_batch(pa.RecordBatch.from_pandas(lines.iloc[begin:end], LINES, preserve_index=False))
    return shop.customers, shop.truth


def _file(asked: Asked, number: int) -> Path:
    return asked.folder / f"{number}.arrow"


def _months(years: int) -> pd.DatetimeIndex:
    """The first instant of each month of the log, and of the one after it."""
    return pd.date_range(START, periods=12 * years + 1, freq="MS")


def _log(asked: Asked, pieces: int, target: Path) -> int:
    """Write the log, month by month, and return how many lines it has."""
    orders = written = 0
    with whole(target) as partial_file, pq.ParquetWriter(partial_file, OUT) as file:
        months = iter(range(12 * asked.years))
        for month in _shown(months, 12 * asked.years, "Months of the log"):
            lines, orders = _month(asked, range(pieces), month, orders)
            file.write_table(lines)
            written += len(lines)
    return written


def _month(asked: Asked, pieces: Sequence[int], month: int, orders: int) -> tuple[pa.Table, int]:
    """The lines of a month by time, pieces in turn at a tie, and how many orders there have been with these."""
    batches = [pa.ipc.open_file(_file(asked, piece)).get_batch(month) for piece in pieces]
    lines = pa.Table.from_batches(batches)
    piece = np.repeat(np.arange(len(batches)), [batch.num_rows for batch in batches])
    by_time = np.argsort(lines["ordered_at"].to_numpy(), kind="stable")
    piece, number = piece[by_time], lines["number"].to_numpy()[by_time]
    new = np.diff(piece, prepend=-1).astype(bool) | np.diff(number, prepend=-1).astype(bool)
    lines = lines.take(by_time)
    ids = order_ids(pd.Series(orders + new.cumsum() - 1), pd.Series(lines["cancels"].to_numpy()))
    named = lines.append_column("order_id", pa.array(ids, pa.string())).select(OUT.names)
    return named.cast(OUT), orders + int(new.sum())
