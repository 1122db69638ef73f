"""Workers as the runner gets them: each starts its kernel at once, and has its job once that is known.

A worker that is asked for early, while the notebooks before its own are at work, stands ready when it is due. Early
ones are forked; where forking is not safe, a worker starts plainly, with its job.
"""

import asyncio
import contextlib
import json
import os
import sys
import tempfile
from asyncio.subprocess import Process
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Self

import psutil

from patrons.files import scratch
from patrons.series.warm import Forked, Warm

SOURCES = Path(__file__).parents[2]
# One thread a kernel for linear algebra: sums come out the same on any machine and with any --jobs.
# A value that the user has set is respected.
THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
OUTPUT_VARIABLE = "PATRONS_STAGE_OUTPUT"  # as in patrons.stage, which is slow to import
SCRATCH_VARIABLE = "PATRONS_SCRATCH"  # as in patrons.engine, which is too
JUDGED_VARIABLE = "PATRONS_JUDGED"  # as in patrons.intake.judging, which is too


def environment() -> dict[str, str]:
    """What all workers have in common. To be called before another thread starts, which may set variables."""
    path = os.pathsep.join(filter(None, [str(SOURCES), os.environ.get("PYTHONPATH")]))
    return {**dict.fromkeys(THREADS, "1"), **os.environ, "PYTHONHASHSEED": "0", "PYTHONPATH": path}


@dataclass(frozen=True)
class Place:
    """Where a notebook will run: what its kernel must know before its first cell.

    The notebook's kernel starts in its folder, and writes to the folder `output`. What is forked has `modules`
    imported. In the folder `judged` the check before the series has left the lines of a log.
    """

    notebook: Path
    output: Path
    modules: tuple[str, ...] = ()
    judged: Path | None = None


class Worker:
    """A process for one notebook, with a temporary folder and a log of its own.

    Parameters
    ----------
    place : Place
    variables : mapping
        Its environment, but for what the place adds.
    warm : Warm, optional
        The process to fork it from; without one, it starts plainly.
    is_early : bool
        Whether it is asked for before its notebook is due.
    """

    def __init__(self, place: Place, variables: Mapping[str, str], warm: Warm | None = None, is_early: bool = False):
        self.place, self.warm, self.is_early, self._common = place, warm, is_early, variables
        self._ends = contextlib.ExitStack()
        self.log = self._ends.enter_context(_log())
        self.variables, self._first = self._told()
        self.asked = warm.ask(place.modules, self.log, self._first) if warm else None
        if self.asked is not None:
            self._ends.callback(self.asked.close)

    def _told(self) -> tuple[dict[str, str], bytes]:
        """Its environment and its first line, with a temporary folder of its own."""
        own, place = self._ends.enter_context(scratch()), self.place
        left = {JUDGED_VARIABLE: str(place.judged)} if place.judged else {}
        variables = {**self._common, OUTPUT_VARIABLE: str(place.output), SCRATCH_VARIABLE: str(own), **left}
        return variables, _line(cwd=str(place.notebook.parent), sockets=str(own), environment=variables)

    async def process(self) -> Process | Forked:
        """The process, forked if that can be."""
        return await self._forked() or await self._started()

    async def _forked(self) -> Forked | None:
        forked = await self.warm.answer(self.asked) if self.warm and self.asked else None
        if forked is not None and not psutil.pid_exists(forked.pid):  # it was killed while it waited
            forked.close()
            return None
        return forked

    async def _started(self) -> Process:
        if self.asked is not None:  # a fork that comes too late removes the folder that it was told of
            self.variables, self._first = self._told()
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "patrons.series.worker",
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=self.log,
            env=self.variables,
            start_new_session=True,  # a terminal's Ctrl-C reaches the runner alone, which ends what it has started
        )
        assert process.stdin is not None  # as it was started with a pipe
        process.stdin.write(self._first)
        return process

    async def begin(self, process: Process | Forked, **job: object) -> None:
        """Give the process its job, a notebook."""
        assert process.stdin is not None
        process.stdin.write(_line(**job))
        with contextlib.suppress(ConnectionError):  # a worker that could not start says so in its log
            await process.stdin.drain()

    def tail(self) -> str:
        """The last line of its log, as a sentence; empty where there is none."""
        self.log.seek(0)
        lines = self.log.read().decode(errors="replace").strip().splitlines()
        return f" Its last line: {lines[-1]}" if lines else ""

    def close(self) -> None:
        """Remove its folder and its log; a forked process that has no job yet ends by itself."""
        self._ends.close()


def _log() -> IO[bytes]:
    return tempfile.TemporaryFile()


def _line(**message: object) -> bytes:
    return json.dumps(message).encode() + b"\n"


class Workers:
    """Where workers come from, until this block ends: a warm process, and workers that it forks early.

    Parameters
    ----------
    variables : mapping, optional
        Their environment, in place of `environment`.
    """

    def __init__(self, variables: Mapping[str, str] | None = None):
        self.variables = environment() if variables is None else variables
        self.warm = Warm(self.variables)
        self.early: dict[Path, Worker] = {}  # by notebook

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for worker in self.early.values():
            worker.close()
        self.warm.close()

    def start(self) -> None:
        """Let the warm process import what every worker needs, before one is asked for."""
        self.warm.start()

    def prepare(self, place: Place) -> None:
        """Ask for a worker early, where one can be forked: its kernel will stand ready."""
        if place.notebook not in self.early and self.warm.is_usable:
            self.early[place.notebook] = Worker(place, self.variables, self.warm, is_early=True)

    def drop(self, notebook: Path) -> None:
        """End the worker that was asked for early for a notebook that will not run."""
        if worker := self.early.pop(notebook, None):
            worker.close()

    def plain(self, place: Place) -> Worker:
        """A worker that starts plainly, after an early one could not even begin."""
        return Worker(place, self.variables)

    def take(self, place: Place) -> Worker:
        """The worker for a notebook that is due."""
        return self.early.pop(place.notebook, None) or Worker(place, self.variables, self.warm)
