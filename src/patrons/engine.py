"""DuckDB as the series uses it: in memory, but not in all of it."""

import os
import re
import tempfile
from pathlib import Path

import ibis
import psutil
from ibis.backends.duckdb import Backend

MOST = 4_600_000_000  # bytes; beyond it stages go to disk: 50 million lines would take 6.3e9


def connect() -> Backend:
    """A database of its own for one stage; what does not fit in memory is kept in the system's temporary folder."""
    limit = min(MOST, int(0.6 * psutil.virtual_memory().total))
    spill = Path(tempfile.gettempdir()) / f"patrons-{os.getpid()}"  # DuckDB makes it when needed, and removes it
    return ibis.duckdb.connect(memory_limit=f"{limit}B", temp_directory=str(spill))


def literal(path: str | Path) -> str:
    """The name of a file as DuckDB takes it for that and no pattern: ``shop[1].csv`` would be ``shop1.csv``."""
    return re.sub(r"([*?\[])", r"[\1]", str(path))
