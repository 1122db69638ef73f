"""A notebook's worker process as the runner sees it: started, listened to, and ended with all that it started."""

import asyncio
import contextlib
import json
import tempfile
import time
from asyncio.subprocess import Process
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

from patrons.series.warm import Forked
from patrons.series.workers import Place, Worker, Workers, environment

NO_SPACE = ("No space left on device", "disk is full", "Disk quota exceeded")
NEVER_BEGAN = ("broken", "dead", "silent")  # how a kernel ends that was lost while it waited for its notebook
GRACE = 15  # seconds that a worker has to save the notebook once its kernel was ended
OnCell = Callable[[int, int], None]  # called with the number of each code cell that begins, and of all cells


@dataclass(frozen=True)
class Job:
    """A notebook to run: `parameters` are injected, the folder `output` of its place is fresh.

    Its worker is one of `workers`; without these it starts plainly.
    """

    place: Place
    executed: Path
    parameters: dict[str, Any]
    timeout: float | None = None
    workers: Workers | None = None

    def worker(self) -> Worker:
        """The worker that is to do it."""
        return self.workers.take(self.place) if self.workers else Worker(self.place, environment())


@dataclass(frozen=True)
class Ending:
    """How a notebook ended: `error` is what went wrong, in a sentence; `stopped` why it ended itself early."""

    error: str | None = None
    stopped: str | None = None


async def run(job: Job, on_cell: OnCell) -> Ending:
    """Run a notebook to its end."""
    begun = 0

    def count(cell: int, cells: int) -> None:
        nonlocal begun
        begun = cell
        on_cell(cell, cells)

    worker = job.worker()
    outcome = await _outcome(job, worker, count)
    if worker.is_early and job.workers and begun <= 1 and outcome["status"] in NEVER_BEGAN:
        outcome = await _outcome(job, job.workers.plain(job.place), on_cell)
    return Ending(_sentence(outcome), outcome.get("stopped"))


async def _outcome(job: Job, worker: Worker, on_cell: OnCell) -> dict[str, Any]:
    """What a worker says of its job in the end, or that it ended without a word."""
    with contextlib.closing(worker):
        process = await worker.process()
        try:
            notebook = {"notebook": str(job.place.notebook), "executed": str(job.executed)}
            await worker.begin(process, **notebook, parameters=job.parameters)
            outcome = await _within_time(process, job.timeout, on_cell)
            return outcome or {"status": "silent", "code": await process.wait(), "log": worker.tail()}
        finally:
            end_tree(process.pid)
            await process.wait()


async def _within_time(process: Process | Forked, timeout: float | None, on_cell: OnCell) -> dict[str, Any] | None:
    try:
        async with asyncio.timeout(timeout):
            return await _listen(process, on_cell)
    except TimeoutError:
        return {"status": "late", "timeout": timeout, **await _end_kernel(process)}


async def _listen(process: Process | Forked, on_cell: OnCell) -> dict[str, Any] | None:
    assert process.stdout is not None
    async for line in process.stdout:
        answer = json.loads(line)
        if answer["event"] == "end":
            return answer
        on_cell(answer["cell"], answer["cells"])
    return None


async def _end_kernel(process: Process | Forked) -> dict[str, Any]:
    """End the kernel alone, so that the worker saves the notebook and says in which cell it was."""
    if end_children(process.pid):
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(GRACE):
                answer = await _listen(process, lambda cell, cells: None) or {}
                return {"cell": answer["cell"]} if "cell" in answer else {}
    return {}


def _sentence(outcome: dict[str, Any]) -> str | None:
    cell = f"cell {outcome['cell']}: " if outcome.get("cell") else ""
    if outcome["status"] == "error":
        where = f" (in `{outcome['source']}`)" if outcome["source"] else ""
        return f"{cell}{outcome['error']}{where}{_hint(outcome['error'])}"
    if outcome["status"] == "dead":
        return f"{cell}the kernel died. Often the machine had no memory left; if so, use less data or --jobs 1."
    if outcome["status"] == "late":
        return f"{cell}not done after {outcome['timeout']:g} s. Allow more with --timeout."
    if outcome["status"] == "silent":
        code = f" with code {outcome['code']}" if outcome["code"] is not None else ""
        return f"its process ended{code} before the notebook did.{outcome['log']}"
    return outcome["error"] + _hint(outcome["error"]) if outcome.get("error") else None


def _hint(error: str) -> str:
    """What to do where an error does not say it."""
    if not any(text in error for text in NO_SPACE) or "Free some" in error:
        return ""
    return (
        f" A disk is full: free some space where the results are, or in {tempfile.gettempdir()} (another folder: "
        "TMPDIR), then go on with --resume."
    )


def end_tree(pid: int) -> None:
    """End a process and all that it started, even in sessions of their own, and wait until they have ended."""
    _end(lambda process: [process, *process.children(recursive=True)], pid)


def end_children(pid: int) -> bool:
    """End all that a process started; False when there was nothing."""
    return _end(lambda process: process.children(recursive=True), pid)


def _end(members: Callable[[psutil.Process], list[psutil.Process]], pid: int) -> bool:
    try:
        top = psutil.Process(pid)
        for process in members(top):
            _signal(process.suspend)  # so that none starts another while they are ended
        ending = members(top)
    except psutil.NoSuchProcess:
        return False
    for process in ending:
        _signal(process.kill)
    deadline = time.monotonic() + 5
    while any(_is_running(process) for process in ending) and time.monotonic() < deadline:
        time.sleep(0.02)
    return bool(ending)


def _signal(send: Callable[[], None]) -> None:
    with contextlib.suppress(psutil.NoSuchProcess):
        send()


def _is_running(process: psutil.Process) -> bool:
    try:  # one that has ended but was not yet collected by its parent does not count
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
