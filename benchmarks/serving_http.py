"""One customer over HTTP, for `serving.py`: a server of its own, called from this process.

The client is plain asyncio: a library's client would cost more than the service. Both share the processors.
"""

import asyncio
import json
import os
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import NamedTuple

import numpy as np

from patrons.scoring import release

ROOT = Path(__file__).parents[1]
WARM_UP = 2.0  # seconds
CONNECTIONS = (1, 8, 32)
HEAD = "p50 ms | p95 ms | p99 ms | requests a second | not 200 | server CPU ms a request"


class Load(NamedTuple):
    """What clients saw, and what it cost the server.

    Attributes
    ----------
    seconds : list of float
        Of each good answer.
    wrong : int
        Answers that were not 200.
    took, busy : float
        Seconds by the clock, and of the server's processor time.
    """

    seconds: list[float]
    wrong: int
    took: float
    busy: float

    @property
    def rate(self) -> float:
        return len(self.seconds) / self.took

    def __str__(self) -> str:
        p50, p95, p99 = np.quantile(self.seconds, [0.5, 0.95, 0.99]) * 1000
        cost = self.busy / len(self.seconds) * 1000
        return f"{p50:.1f} | {p95:.1f} | {p99:.1f} | {self.rate:,.0f} | {self.wrong} | {cost:.2f}"


def measure(folder: Path, seconds: float, minutes: float, rate: float | None) -> None:
    """Start a server, ask it over 1, 8 and 32 connections, and then for minutes at a rate (half of the peak)."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, str(ROOT / "serving" / "api.py"), "--release", str(folder), "--no-keys"]
    server = subprocess.Popen([*command, "--port", str(port)], stdout=subprocess.DEVNULL)
    golden = json.loads((folder / release.GOLDEN).read_text())
    requests = [request(port, pair["request"]) for pair in golden]
    try:
        asyncio.run(Asker(port, server.pid, requests).all(seconds, minutes, rate))
    finally:
        server.terminate()
        server.wait(15)


class Asker:
    """Asks a server.

    Parameters
    ----------
    port, pid : int
        Of the server.
    requests : list of bytes
        Whole HTTP requests.
    """

    def __init__(self, port: int, pid: int, requests: list[bytes]):
        self.port, self.pid, self.requests = port, pid, requests

    async def all(self, seconds: float, minutes: float, rate: float | None) -> None:
        """All measurements, one after the other."""
        await started(self.port, self.requests[0])
        await self.loaded(1, None, WARM_UP)
        print(f"\n| connections, over HTTP | {HEAD} |\n" + "|--:" * 7 + "|")
        peak = 0.0
        for connections in CONNECTIONS:
            load = await self.loaded(connections, None, seconds)
            peak = max(peak, load.rate)
            print(f"| {connections} | {load} |", flush=True)
        if minutes:
            await self.steady(rate or peak / 2, minutes)

    async def steady(self, rate: float, minutes: float) -> None:
        """The same rate for minutes, a row a part, with the server's memory."""
        print(f"\nSteady, {rate:,.0f} requests a second over 8 connections, {minutes:g} minutes\n")
        print(f"| minute | {HEAD} | memory MB |\n" + "|--:" * 8 + "|")
        parts = 10
        for part in range(1, parts + 1):
            load = await self.loaded(8, rate, minutes * 60 / parts)
            print(f"| {part * minutes / parts:.1f} | {load} | {memory(self.pid):.0f} |", flush=True)

    async def loaded(self, connections: int, rate: float | None, seconds: float) -> Load:
        """Send requests over some connections, together `rate` a second (None: one after the other)."""
        start, busy = time.perf_counter(), processor(self.pid)
        pause = connections / rate if rate else 0.0
        clients = (
            self.client(place, pause, pause * place / connections, start + seconds) for place in range(connections)
        )
        answers = await asyncio.gather(*clients)
        took, busy = time.perf_counter() - start, processor(self.pid) - busy
        seconds_each = [second for good, _ in answers for second in good]
        return Load(seconds_each, sum(wrong for _, wrong in answers), took, busy)

    async def client(self, place: int, pause: float, wait: float, end: float) -> tuple[list[float], int]:
        """One connection; a request that is late is sent at once, and timed from when it was due."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        seconds, wrong, n, due = [], 0, place, time.perf_counter() + wait
        while (now := time.perf_counter()) < end:
            if due > now:
                await asyncio.sleep(due - now)
            start = due if pause else time.perf_counter()
            if await status_of(reader, writer, self.requests[n % len(self.requests)]) == 200:
                seconds.append(time.perf_counter() - start)
            else:
                wrong += 1
            n, due = n + 1, due + pause
        writer.close()
        return seconds, wrong


def request(port: int, customer: dict) -> bytes:
    """A whole HTTP request."""
    body = json.dumps({"customers": [customer]}).encode()
    head = f"POST /predict HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nContent-Type: application/json\r\n"
    return f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body


async def started(port: int, first: bytes) -> None:
    """Wait until the server answers."""
    for _ in range(600):
        try:
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
        except OSError:
            await asyncio.sleep(0.2)
            continue
        status = await status_of(reader, writer, first)
        writer.close()
        if status == 200:
            return
        await asyncio.sleep(0.2)
    raise TimeoutError("the server does not answer")


async def status_of(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, content: bytes) -> int:
    """The status of an answer, read to its end."""
    writer.write(content)
    head = (await reader.readuntil(b"\r\n\r\n")).lower()
    length = next(line for line in head.split(b"\r\n") if line.startswith(b"content-length:"))
    await reader.readexactly(int(length.split(b":")[1]))
    return int(head.split(b" ", 2)[1])


def memory(pid: int) -> float:
    """Resident memory of a process, MB."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(next(line for line in status.splitlines() if line.startswith("VmRSS")).split()[1]) / 1024


def processor(pid: int) -> float:
    """Processor time of a process, seconds."""
    used = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[11:13]
    return sum(map(int, used)) / os.sysconf("SC_CLK_TCK")
