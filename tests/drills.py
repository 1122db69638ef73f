"""What the drills of the service share: servers as processes, and clients that keep asking."""

import contextlib
import json
import os
import socket
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import httpx
from drill_table import report

ROOT = Path(__file__).parents[1]
TOY = Path(__file__).parent / "serve_toy.py"
ONE = {"customers": [{"recency_days": 20}]}


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


def wait_for(condition: Callable[[], object], what: str, seconds: float = 60.0) -> float:
    """Seconds until a condition held; it is asked 100 times a second."""
    start = time.monotonic()
    while not condition():
        assert time.monotonic() < start + seconds, f"{what}: not within {seconds:g} s"
        time.sleep(0.01)
    return time.monotonic() - start


class Server:
    """A process that serves what `shown` shows, by the toy scorer."""

    def __init__(self, shown: Path, folder: Path, name: str = "log"):
        self.port, self.log_file = free_port(), folder / name
        command = [sys.executable, str(TOY), str(shown), str(self.port)]
        with self.log_file.open("w") as log:
            self.process = subprocess.Popen(command, stdout=log, env=environment())
        self.url = f"http://127.0.0.1:{self.port}"

    def events(self, kind):
        lines = (json.loads(line) for line in self.log_file.read_text().splitlines() if line.endswith("}"))
        return [line for line in lines if line["event"] == kind]

    def answers(self):
        with contextlib.suppress(httpx.TransportError):
            return httpx.get(f"{self.url}/health/ready").status_code == 200

    def wait_for(self, condition, seconds=200.0):
        def holds():
            assert self.process.poll() is None, f"the server ended: {self.log_file.read_text()[-2000:]}"
            return condition()

        return wait_for(holds, "the server", seconds)

    def signal(self, number):
        os.kill(self.process.pid, number)

    def end(self):
        self.process.kill()
        self.process.wait(15)


def environment(**more: str) -> dict[str, str]:
    """That of a server: what it imports is found as here."""
    path = os.pathsep.join([str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])])
    return {**os.environ, "PYTHONPATH": path, **more}


class Load:
    """Clients that ask, each after a pause (seconds); `got` is what they got, by status and release.

    Every other client makes a new connection for each request where `fresh` is set.
    """

    def __init__(self, url, clients=4, pause=0.002, fresh=False):
        self.url, self.pause, self.got, self.going = url, pause, Counter(), True
        self.threads = [
            threading.Thread(target=self._ask, args=(fresh and number % 2 == 1,)) for number in range(clients)
        ]

    def _ask(self, fresh):
        headers = {"Connection": "close"} if fresh else {}
        with httpx.Client(base_url=self.url, headers=headers) as client:
            while self.going:
                try:
                    answer = client.post("/predict", json=ONE)
                    self.got[answer.status_code, answer.json().get("release")] += 1
                except Exception as error:
                    self.got["lost", type(error).__name__] += 1
                time.sleep(self.pause)

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *error):
        self.going = False
        for thread in self.threads:
            thread.join()

    @property
    def asked(self):
        return self.got.total()

    @property
    def lost(self):
        """What was asked and not answered with 200, by status or error."""
        return {what: count for what, count in self.got.items() if what[0] != 200}

    def more(self, release, times=20):
        """Whether a release has answered this often more than now."""
        goal = self.got[200, release] + times
        return lambda: self.got[200, release] >= goal


class Steps:
    """Reports a step after the other of a drill under one load, and that none of them lost a request."""

    def __init__(self, load: Load):
        self.load, self.asked, self.start = load, load.asked, time.monotonic()

    def over(self, drill: str, done: str) -> None:
        asked, lost = self.load.asked - self.asked, sum(self.load.lost.values())
        report(drill, f"{done}; {asked:,} requests", str(lost), time.monotonic() - self.start)
        assert not lost, self.load.lost
        self.asked, self.start = self.load.asked, time.monotonic()
