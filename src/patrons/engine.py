"""DuckDB as the series uses it: in memory, but not in all of it."""

import atexit
import os
import re
from contextlib import ExitStack
from functools import cache
from pathlib import Path
from typing import overload

import ibis
import pandas as pd
import psutil
from ibis.backends.duckdb import Backend

from patrons.files import scratch

MOST = 4_600_000_000  # bytes; beyond it stages go to disk: 50 million lines would take 6.3e9
SCRATCH_VARIABLE = "PATRONS_SCRATCH"  # the runner's folder for a worker, which goes with it


def connect() -> Backend:
    """A database of its own for one stage; what does not fit in memory is kept on disk, where nobody else may look."""
    limit = min(MOST, int(0.6 * psutil.virtual_memory().total))
    spill = _scratch(os.getpid()) / "spill"  # DuckDB makes it when needed, and removes it
    return ibis.duckdb.connect(memory_limit=f"{limit}B", temp_directory=str(spill))


@cache
def _scratch(process: int) -> Path:
    """The worker's folder in a notebook that the runner has started, else one until this process ends."""
    given = os.environ.get(SCRATCH_VARIABLE)
    if given and Path(given).is_dir():
        return Path(given)
    kept = ExitStack()
    atexit.register(kept.close)
    return kept.enter_context(scratch())


def literal(path: str | Path) -> str:
    """The name of a file as DuckDB takes it for that and no pattern: ``shop[1].csv`` would be ``shop1.csv``."""
    return re.sub(r"([*?\[])", r"[\1]", str(path))


@overload
def as_table(rows: ibis.Table | pd.DataFrame) -> ibis.Table: ...
@overload
def as_table(rows: None) -> None: ...
@overload
def as_table(rows: ibis.Table | pd.DataFrame | None) -> ibis.Table | None: ...
def as_table(rows: ibis.Table | pd.DataFrame | None) -> ibis.Table | None:
    """Rows of either kind as an expression, that joins those of any connection where it is made of rows in memory."""
    return ibis.memtable(rows) if isinstance(rows, pd.DataFrame) else rows
