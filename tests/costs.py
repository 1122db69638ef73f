"""What work costs, counted rather than timed, beside what it cost when the figures of `costs.json` were written.

Counts of fixed inputs come out the same on every machine, busy or not. After a change that is meant to cost more::

    PATRONS_WRITE_COSTS=1 .venv/bin/python -m pytest tests/test_costs.py
"""

import fcntl
import gc
import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Any

import pytest
from ibis.backends.duckdb import Backend

FIGURES = Path(__file__).with_name("costs.json")
WRITES = os.environ.get("PATRONS_WRITE_COSTS") == "1"
ROOM = 0.10  # by which a count may rise
RENEW = "PATRONS_WRITE_COSTS=1 .venv/bin/python -m pytest tests/test_costs.py"
PYTHON = f"{sys.version_info.major}.{sys.version_info.minor}"
ASKS = ("execute", "sql", "table", "query", "cursor")  # of a connection: what was asked before has ended by then


def calls(work: Callable[[], Any]) -> int:
    """Calls of functions in Python and in C while something is done for the second time."""
    work()
    count = 0

    def seen(frame: FrameType, event: str, argument: Any) -> None:
        nonlocal count
        count += event in ("call", "c_call")

    before = sys.getprofile()
    gc.collect()
    gc.disable()  # what it calls belongs to whatever was done before
    sys.setprofile(seen)
    try:
        work()
    finally:
        sys.setprofile(before)
        gc.enable()
    return count


class Rows:
    """A connection of DuckDB that adds up the rows that went into and out of all operators of its queries.

    Parameters
    ----------
    backend : Backend
        Of one thread, so that queries are planned alike on every machine.
    """

    def __init__(self, backend: Backend):
        backend.raw_sql("SET profiling_coverage = 'ALL'")
        backend.raw_sql("PRAGMA enable_profiling = 'no_output'")
        self._connection, self._last, self.count = backend.con, "", 0
        backend.con = self
        self.add()
        self.count = 0

    def __getattr__(self, name: str) -> Any:
        if name in ASKS:
            self.add()
        return getattr(self._connection, name)

    def add(self) -> None:
        """Add the rows of the latest query, once."""
        text = self._connection.get_profiling_information(format="json")
        if text and text != self._last:  # seconds make each profile another
            profile = json.loads(text)
            self.count += sum(profile.get(name) or 0 for name in ("cumulative_cardinality", "cumulative_rows_scanned"))
        self._last = text


def hold(what: str, count: int) -> None:
    """Fail where a count is above its figure by more than `ROOM`; write it where that was asked for."""
    if WRITES:
        _write(what, count)
        return
    figure = json.loads(FIGURES.read_text()).get(what)
    if figure is None:
        pytest.skip(f"there is no figure for {what!r} yet: {RENEW}")
    if count > figure * (1 + ROOM):
        pytest.fail(
            f"{what} rose by {count / figure - 1:.0%}: {count:,}, {figure:,} before, and up to {ROOM:.0%} more "
            "is let pass. Look for what is read, joined or called once more than before. Where the work is "
            f"worth it, renew the figure and say why in the commit: {RENEW}",
            pytrace=False,
        )


def _write(what: str, count: int) -> None:
    with FIGURES.open("a+", encoding="utf-8") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        file.seek(0)
        figures = {**json.loads(file.read() or "{}"), what: count}
        file.truncate(0)
        file.write(json.dumps(figures, indent=2, sort_keys=True) + "\n")
