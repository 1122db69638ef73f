"""What works on tables: DuckDB as the series uses it, in memory but not in all of it, or Spark on many machines."""

import atexit
import importlib.util
import os
import re
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass, fields
from functools import cache
from pathlib import Path
from typing import Any, Self, overload
from uuid import uuid4

import duckdb
import ibis
import pandas as pd
import psutil
from ibis import Table
from ibis.backends.duckdb import Backend

from patrons.errors import SourceError
from patrons.files import put, scratch

MOST = 4_600_000_000  # bytes; beyond it stages go to disk: 50 million lines would take 6.3e9
SCRATCH_VARIABLE = "PATRONS_SCRATCH"  # the runner's folder for a worker, which goes with it
DUCKDB, SPARK = "duckdb", "spark"
JAVA = 17  # the oldest that Spark 4 runs on
INSTALL = "sudo apt-get install openjdk-17-jre-headless, or brew install openjdk@17"


def connect() -> Backend:
    """A database of its own for one stage; what does not fit in memory is kept on disk, where nobody else may look."""
    limit = min(MOST, int(0.6 * psutil.virtual_memory().total))
    spill = _scratch(os.getpid()) / "spill"  # DuckDB makes it when needed, and removes it
    database = ibis.duckdb.connect(memory_limit=f"{limit}B", temp_directory=str(spill))
    with suppress(duckdb.InvalidInputException):  # in a kernel without widgets there is no bar, nor can it be set
        database.raw_sql("SET enable_progress_bar = false")  # the series shows its own
    return database


def held(table: Table, path: Path | None = None) -> Table:
    """The table, worked out once and kept in a file, a tenth of what it takes in memory: until the process ends.

    A `path` that is given is kept for longer; on Spark the table stays there.
    """
    if spread(table):
        return table.cache()
    path = path or _scratch(os.getpid()) / f"{uuid4().hex}.parquet"
    table.to_parquet(path)
    return reopened(ibis.get_backend(table), path, table.schema())


def reopened(database: Backend, path: Path, schema: ibis.Schema) -> Table:
    """A table that `held` has kept, with the types that it had."""
    kept = database.read_parquet(literal(path), hive_partitioning=False)
    return kept.cast(schema)  # DuckDB writes a literal such as 1.0 as a decimal


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
    """The name of a file as DuckDB takes it for that and no pattern: ``shop[1].csv`` would be ``shop1.csv``.

    Of a folder, as Spark writes a table, it means the Parquet files in it.
    """
    name = re.sub(r"([*?\[])", r"[\1]", str(path))
    return f"{name}/*.parquet" if Path(path).is_dir() else name


@overload
def as_table(rows: Table | pd.DataFrame) -> Table: ...
@overload
def as_table(rows: None) -> None: ...
@overload
def as_table(rows: Table | pd.DataFrame | None) -> Table | None: ...
def as_table(rows: Table | pd.DataFrame | None) -> Table | None:
    """Rows of either kind as an expression, that joins those of any connection where it is made of rows in memory."""
    return ibis.memtable(rows) if isinstance(rows, pd.DataFrame) else rows


class ClusterError(SourceError):
    """Spark is asked for, and something that it needs is not there."""


@dataclass(frozen=True)
class Engine:
    """What works on a log, as the parameters of 01 and 02 say.

    Parameters
    ----------
    engine : {"duckdb", "spark"}
    master : str
        Of Spark: ``spark://host:7077``, ``yarn``, ``local[4]``.
    memory : str
        Of each executor, such as ``8g``; of the process that drives them, too.
    packages : sequence of str
        Of Java, as group:name:version, that Spark is to fetch, such as those for files in a bucket.
    """

    engine: str = DUCKDB
    master: str = "local[*]"
    memory: str = "2g"
    packages: Sequence[str] = ()

    @classmethod
    def of(cls, parameters: Mapping[str, Any]) -> Self:
        """The engine that a notebook's parameters state."""
        return cls(**{field.name: parameters[field.name] for field in fields(cls) if field.name in parameters})

    @property
    def spreads(self) -> bool:
        """Whether tables lie on several machines."""
        return self.engine == SPARK

    def check(self) -> None:
        """Refuse what Spark cannot start with, before any work.

        Raises
        ------
        ClusterError
            Where pyspark or Java is missing or Java is too old, or the memory is no size.
        """
        if not self.spreads:
            return
        problems = [*_packages_missing(), *_java_missing()]
        if not re.fullmatch(r"[1-9]\d*[mgt]", self.memory):
            problems.append(f"memory: {self.memory!r} is no size such as 512m or 8g")
        if problems:
            raise ClusterError("`engine: spark` cannot start:" + "".join(f"\n  - {problem}" for problem in problems))

    def connect(self) -> Any:
        """A connection: a DuckDB of its own, or the one Spark session of this process."""
        if not self.spreads:
            return connect()
        self.check()
        from patrons import spark  # pyspark is installed where it is used alone

        return spark.connect(self.master, self.memory, self.packages)


def _packages_missing() -> list[str]:
    if importlib.util.find_spec("pyspark"):
        return []
    return ["pyspark is not installed: make spark, then use .venv-spark/bin/python"]


def _java_missing() -> list[str]:
    home = os.environ.get("JAVA_HOME", "")
    java = shutil.which(str(Path(home, "bin", "java"))) if home else shutil.which("java")
    needed = f"Spark needs Java {JAVA} or later: {INSTALL}"
    if java is None:
        return [f"there is no Java, {f'JAVA_HOME is {home}' if home else 'java is not on the path'}. {needed}"]
    said = subprocess.run([java, "-version"], capture_output=True, text=True, check=False).stderr
    version = re.search(r'version "(\d+)', said)
    if version is None or int(version[1]) < JAVA:
        return [f"{java} is of version {version[1] if version else 'unknown'}. {needed}"]
    return []


def spread(table: Table) -> bool:
    """Whether a table lies on Spark."""
    backends, _ = table._find_backends()
    return [backend.name for backend in backends] == ["pyspark"]


def write_spread(table: Table, path: Path) -> None:
    """Write a table of Spark as a folder of Parquet files, which appears whole or not at all, also where a file was."""
    partial = path.with_name(f".{path.name}.{os.getpid()}.partial")
    try:
        table.get_backend().frame(table).write.parquet(partial.as_uri())
        put(partial, path)
    finally:
        shutil.rmtree(partial, ignore_errors=True)
