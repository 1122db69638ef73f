"""How long does one customer take over HTTP, and does the service last? A server of its own, asked from this process.

    python benchmarks/serving_http.py data/processed/demo/release              # 1, 8 and 32 connections, 10 s each
    python benchmarks/serving_http.py data/processed/demo/release --minutes 5  # and then half of the peak, with memory
    python benchmarks/serving_http.py data/processed/demo/release --rate 50 --minutes 1  # or so many requests a second

Customers are the golden ones of the release. The client is plain asyncio: a library's client would cost more than the
service. Client and server share the processors.
"""

import argparse
import asyncio
import json
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import NamedTuple

import numpy as np

from patrons import release

ROOT = Path(__file__).parents[1]
WARM_UP = 200


class Load(NamedTuple):
    """What clients saw: seconds of each good answer, answers that were not 200, and how long it went on."""

    seconds: list[float]
    wrong: int
    took: float

    def __str__(self) -> str:
        p50, p95, p99 = np.quantile(self.seconds, [0.5, 0.95, 0.99]) * 1000
        return f"{p50:.1f} | {p95:.1f} | {p99:.1f} | {len(self.seconds) / self.took:,.0f} | {self.wrong}"


def main() -> None:
    """Print Markdown tables."""
    line = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    line.add_argument("release", type=Path, help="a release folder")
    line.add_argument("--seconds", type=float, default=10, help="for each number of connections (10)")
    line.add_argument("--minutes", type=float, default=0, help="of steady load (none)")
    line.add_argument("--rate", type=float, help="requests a second of the steady load (half of the peak)")
    arguments = line.parse_args()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, str(ROOT / "serving" / "api.py"), "--release", str(arguments.release), "--no-keys"]
    server = subprocess.Popen([*command, "--port", str(port)], stdout=subprocess.DEVNULL)
    try:
        asyncio.run(measured(arguments, port, server.pid))
    finally:
        server.terminate()
        server.wait(15)


async def measured(arguments: argparse.Namespace, port: int, pid: int) -> None:
    """All measurements, one after the other."""
    golden = json.loads((arguments.release / release.GOLDEN).read_text())
    requests = [request(port, one["request"]) for one in golden]
    await started(port, requests[0])
    await loaded(port, requests, 1, 1e9, WARM_UP / 100)
    print("| connections | p50 ms | p95 ms | p99 ms | requests a second | not 200 |\n|--:|--:|--:|--:|--:|--:|")
    peak = 0.0
    for connections in (1, 8, 32):
        got = await loaded(port, requests, connections, 1e9, arguments.seconds)
        peak = max(peak, len(got.seconds) / got.took)
        print(f"| {connections} | {got} |", flush=True)
    if arguments.minutes:
        await steady(port, pid, requests, arguments.rate or peak / 2, arguments.minutes)


async def steady(port: int, pid: int, requests: list[bytes], rate: float, minutes: float) -> None:
    """The same rate for minutes, a row a part, with the server's memory."""
    print(f"\nSteady, {rate:,.0f} requests a second over 8 connections, {minutes:g} minutes\n")
    print("| minute | p50 ms | p95 ms | p99 ms | requests a second | not 200 | memory MB |\n" + "|--:" * 7 + "|")
    parts = 10
    for part in range(1, parts + 1):
        got = await loaded(port, requests, 8, rate, minutes * 60 / parts)
        print(f"| {part * minutes / parts:.1f} | {got} | {memory(pid):.0f} |", flush=True)


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
        status = await asked(reader, writer, first)
        writer.close()
        if status == 200:
            return
        await asyncio.sleep(0.2)
    raise TimeoutError("the server does not answer")


async def loaded(port: int, requests: list[bytes], connections: int, rate: float, seconds: float) -> Load:
    """Ask over so many connections, together `rate` times a second at most."""
    begun = time.perf_counter()
    clients = (client(port, requests, place, rate / connections, begun + seconds) for place in range(connections))
    got = await asyncio.gather(*clients)
    took = time.perf_counter() - begun
    return Load([one for good, _ in got for one in good], sum(wrong for _, wrong in got), took)


async def client(port: int, requests: list[bytes], place: int, rate: float, end: float) -> tuple[list[float], int]:
    """One connection; a request that is late is asked at once and counts from when it was due."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    seconds, wrong, n = [], 0, place
    due = time.perf_counter() + (place / rate / 10 if rate < 1e6 else 0)
    while (now := time.perf_counter()) < end:
        if due > now:
            await asyncio.sleep(due - now)
        begun = due if rate < 1e6 else time.perf_counter()
        status = await asked(reader, writer, requests[n % len(requests)])
        if status == 200:
            seconds.append(time.perf_counter() - begun)
        else:
            wrong += 1
        n, due = n + 1, due + 1 / rate
    writer.close()
    return seconds, wrong


async def asked(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, content: bytes) -> int:
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


if __name__ == "__main__":
    main()
