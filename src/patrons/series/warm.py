"""The warm process as the runner sees it: workers that need not import what notebooks use, since it has.

Forking is safe on Linux, from a process of one thread; elsewhere, and whenever it fails, a worker starts plainly.
"""

import asyncio
import contextlib
import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO

SOURCES = Path(__file__).parents[2]
# One thread a kernel for linear algebra: sums come out the same on any machine and with any --jobs.
# A value that the user has set is respected.
THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
PATIENCE = 60  # seconds for imports and a fork, after which a worker starts plainly
# Arrow's allocator would start a thread at import. It is read by the warm process alone.
NO_THREADS = {"JE_ARROW_MALLOC_CONF": "background_thread:false"}


def environment() -> dict[str, str]:
    """What all workers have in common."""
    path = os.pathsep.join(filter(None, [str(SOURCES), os.environ.get("PYTHONPATH")]))
    return {**dict.fromkeys(THREADS, "1"), **os.environ, "PYTHONHASHSEED": "0", "PYTHONPATH": path}


@dataclass(frozen=True)
class Forked:
    """A worker that was forked, with as much of asyncio's `Process` as is used here."""

    pid: int
    stdout: asyncio.StreamReader
    stdin: asyncio.StreamWriter
    fate: asyncio.StreamReader
    unused: asyncio.StreamWriter  # the other direction of `fate`

    async def wait(self) -> int | None:
        """The exit code; None where the warm process ended before it could say."""
        line = await self.fate.readline()
        self.close()
        return int(line) if line else None

    def close(self) -> None:
        """Close what leads to the worker, which then ends."""
        for stream in (self.stdin, self.unused):
            stream.close()


class Warm:
    """A process that has imported what notebooks use, from its first use until this block ends.

    Parameters
    ----------
    variables : mapping, optional
        Its environment, in place of `environment`.
    """

    def __init__(self, variables: Mapping[str, str] | None = None):
        self.environment = {**(environment() if variables is None else variables), **NO_THREADS}
        self.environment.setdefault("MPLBACKEND", "module://matplotlib_inline.backend_inline")  # as kernels do
        self.process: subprocess.Popen[bytes] | None = None
        self.control: socket.socket | None = None
        self.is_usable = sys.platform == "linux"

    def __enter__(self) -> "Warm":
        return self

    def __exit__(self, *_: object) -> None:
        if self.control is not None:
            self.control.close()
        if self.process is not None:
            self.process.kill()
            self.process.wait()

    def start(self, modules: Iterable[str] = ()) -> None:
        """Start the process, if it is not there; while nobody asks, it imports these modules."""
        if self.process is None and self.is_usable:
            self.control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
            with theirs:
                self.process = subprocess.Popen(
                    [sys.executable, "-m", "patrons.series.forks", str(theirs.fileno()), *modules],
                    env=self.environment,
                    pass_fds=(theirs.fileno(),),
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.DEVNULL,
                    stderr=subprocess.DEVNULL,  # what goes wrong, goes wrong again in a plain start, which says it
                    start_new_session=True,
                )

    async def fork(self, modules: Iterable[str], log: IO[bytes]) -> Forked | None:
        """A worker that has these modules imported; None where there is none to be had."""
        try:
            self.start()
            if self.control is None or not self.is_usable:
                return None
            async with asyncio.timeout(PATIENCE):
                return await self._fork(self.control, modules, log)
        except (OSError, TimeoutError):  # it cannot be started, has ended, or does not answer
            self.is_usable = False
            return None

    async def _fork(self, control: socket.socket, modules: Iterable[str], log: IO[bytes]) -> Forked | None:
        (talk, its_talk), (fate, its_fate) = socket.socketpair(), socket.socketpair()
        with contextlib.ExitStack() as ours:
            ours.callback(talk.close)
            ours.callback(fate.close)
            with its_talk, its_fate:
                files = [its_talk.fileno(), log.fileno(), its_fate.fileno()]
                socket.send_fds(control, [json.dumps(list(modules)).encode()], files)
            streams = (*await asyncio.open_unix_connection(sock=talk), *await asyncio.open_unix_connection(sock=fate))
            worker = Forked(0, *streams)
            ours.callback(worker.close)
            line = await worker.fate.readline()
            if line:
                ours.pop_all()
                return replace(worker, pid=int(line))
        self.is_usable = False
        return None
