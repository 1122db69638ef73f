"""The warm process as the runner sees it: workers that need not import what notebooks use, since it has.

Forking is safe on Linux, from a process of one thread; elsewhere, and whenever it fails, a worker starts plainly.
"""

import asyncio
import contextlib
import json
import socket
import subprocess
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import IO

PATIENCE = 60  # seconds for imports and a fork, after which a worker starts plainly
# Arrow's allocator would start a thread at import. It is read by the warm process alone.
NO_THREADS = {"JE_ARROW_MALLOC_CONF": "background_thread:false"}


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


@dataclass(frozen=True)
class Asked:
    """A worker that the warm process was asked for: what leads to it, and where its fate will be told."""

    talk: socket.socket
    fate: socket.socket

    def close(self) -> None:
        """Close both, where nobody has made streams of them; the worker then ends."""
        for one in (self.talk, self.fate):
            one.close()


class Warm:
    """A process that has imported what notebooks use, from its first use until it is closed.

    Parameters
    ----------
    variables : mapping
        Its environment.
    """

    def __init__(self, variables: Mapping[str, str]):
        self.environment = {**variables, **NO_THREADS}
        self.environment.setdefault("MPLBACKEND", "module://matplotlib_inline.backend_inline")  # as kernels do
        self.process: subprocess.Popen[bytes] | None = None
        self.control: socket.socket | None = None
        self.is_usable = sys.platform == "linux"

    def close(self) -> None:
        """End the process."""
        if self.control is not None:
            self.control.close()
        if self.process is not None:
            self.process.kill()
            self.process.wait()

    def start(self) -> None:
        """Start the process, if it is not there; it imports what every worker needs."""
        if self.process is None and self.is_usable:
            self.control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
            with theirs:
                self.process = subprocess.Popen(
                    [sys.executable, "-m", "patrons.series.forks", str(theirs.fileno())],
                    env=self.environment,
                    pass_fds=(theirs.fileno(),),
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.DEVNULL,
                    stderr=subprocess.DEVNULL,  # what goes wrong, goes wrong again in a plain start, which says it
                    start_new_session=True,
                )

    def ask(self, modules: Iterable[str], log: IO[bytes], first: bytes = b"") -> Asked | None:
        """Ask for a worker that has these modules imported, and tell it a first line; None where there are none."""
        try:
            self.start()
            if self.control is None or not self.is_usable:
                return None
            return self._ask(self.control, modules, log, first)
        except OSError:  # it cannot be started, or has ended
            self.is_usable = False
            return None

    def _ask(self, control: socket.socket, modules: Iterable[str], log: IO[bytes], first: bytes) -> Asked:
        (talk, its_talk), (fate, its_fate) = socket.socketpair(), socket.socketpair()
        asked = Asked(talk, fate)
        with contextlib.ExitStack() as ours, its_talk, its_fate:
            ours.callback(asked.close)
            files = [its_talk.fileno(), log.fileno(), its_fate.fileno()]
            socket.send_fds(control, [json.dumps(list(modules)).encode()], files)
            talk.sendall(first)
            ours.pop_all()
        return asked

    async def answer(self, asked: Asked) -> Forked | None:
        """The worker that was asked for; None where there is none to be had."""
        with contextlib.suppress(OSError, TimeoutError):  # the process has ended, or does not answer
            async with asyncio.timeout(PATIENCE):
                worker = await self._answer(asked)
            if worker is not None:
                return worker
        self.is_usable = False
        return None

    async def _answer(self, asked: Asked) -> Forked | None:
        streams = (
            *await asyncio.open_unix_connection(sock=asked.talk),
            *await asyncio.open_unix_connection(sock=asked.fate),
        )
        worker = Forked(0, *streams)
        with contextlib.ExitStack() as ours:
            ours.callback(worker.close)
            line = await worker.fate.readline()
            if line:
                ours.pop_all()
                return replace(worker, pid=int(line))
        return None
