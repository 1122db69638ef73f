"""Answers kept for monitoring, behind the requests: no answer waits for it, and none fails because of it.

The loop hands answers over and goes on; a thread writes them every minute. Where it cannot keep up, answers are dropped
and counted. A process that is killed loses what was not written yet: a minute's answers at most.
"""

import os
import threading
import zlib
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd

from patrons.errors import is_expected
from patrons.events import Log
from patrons.files import shown
from patrons.monitoring import keeping
from patrons.monitoring.ledger import Ledger
from patrons.service.metrics import Metrics

PAUSE = 60.0  # seconds between two writes
MOST = 20_000  # answers that may wait; from half of it on they are written at once
PATIENCE = 10.0  # seconds that the end of the service waits for the last write
Answer = Mapping[str, Any]


class Origin(NamedTuple):
    """What the answers of a request have in common."""

    release: str
    within: keeping.Horizons
    day: date


class Keeper:
    """Keeps a share of the customers' answers in a ledger.

    Parameters
    ----------
    folder : Path
        The ledger, such as ``data/ledger/demo``.
    share : float
        Share of the customers, always the same ones: by a hash of their id.
    log, metrics : Log, Metrics

    Raises
    ------
    OSError
        Where the folder cannot be made or written to.
    """

    def __init__(self, folder: Path, share: float, log: Log, metrics: Metrics):
        self._ledger, self._share, self._log, self._metrics = Ledger(folder), share, log, metrics
        self._lock, self._wake, self._ended = threading.Lock(), threading.Event(), False
        self._waiting: list[tuple[Origin, Sequence[Answer]]] = []
        self._count = 0
        folder.mkdir(parents=True, exist_ok=True)
        if not os.access(folder, os.W_OK):
            raise PermissionError(
                f"{shown(folder)} cannot be written to: PATRONS_API_LEDGER must name a folder that can."
            )
        self._thread = threading.Thread(target=self._run, name="keep", daemon=True)
        self._thread.start()

    def offer(self, answers: Sequence[Answer], manifest: Mapping[str, Any]) -> None:
        """Take the answers of a request to be written later, or drop them where too many wait.

        Parameters
        ----------
        answers : sequence of dict
            As `messages.Answer` has them.
        manifest : dict
            Of the release that gave them.
        """
        day = datetime.now().astimezone().date()
        with self._lock:
            if taken := not self._ended and self._count + len(answers) <= MOST:
                origin = Origin(manifest["id"], keeping.stated(manifest["parameters"]), day)
                self._waiting.append((origin, answers))
                self._count += len(answers)
            full = self._count > MOST / 2
        if not taken:
            self._counted("dropped", len(answers))
        if full:
            self._wake.set()

    def close(self) -> None:
        """Write what waits, and end; after `PATIENCE` the rest is given up and counted in the log."""
        with self._lock:
            self._ended = True
        self._wake.set()
        self._thread.join(PATIENCE)
        if self._thread.is_alive():
            self._log("ledger_failed", error="the last answers were not written in time", answers=self._count)

    def _run(self) -> None:
        while not self._ended:
            self._wake.wait(PAUSE)
            self._wake.clear()
            self.write()
        self.write()

    def write(self) -> None:
        """Write all that waits, as one batch; what cannot be written is dropped, counted and logged."""
        with self._lock:
            waiting, self._waiting, self._count = self._waiting, [], 0
        sampled: dict[Origin, list[Answer]] = {}
        for origin, answers in waiting:  # put together first: a table for each request would hold the others up
            sampled.setdefault(origin, []).extend(one for one in answers if self._is_sampled(one["customer_id"]))
        parts = [keeping.of_records(several, *origin) for origin, several in sampled.items() if several]
        rows = pd.concat(parts, ignore_index=True) if parts else pd.DataFrame()
        if not len(rows):
            return
        try:
            self._ledger.keep(rows)
            self._counted("kept", len(rows))
        except Exception as error:
            reason = str(error) if is_expected(error) and not isinstance(error, ValueError) else ""
            self._log("ledger_failed", error=type(error).__name__, reason=reason, answers=len(rows))
            self._counted("dropped", len(rows))

    def _is_sampled(self, customer_id: str | None) -> bool:
        return customer_id is not None and zlib.crc32(customer_id.encode()) < self._share * 2**32

    def _counted(self, outcome: str, answers: int) -> None:
        self._metrics.ledger.labels(outcome).inc(answers)
