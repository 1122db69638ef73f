"""What tests of deliveries share: releases of the toy scorer that can be exported, registry, balancer and services."""

import json
import socketserver
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import SimpleNamespace

from patrons.scoring import release
from patrons.scoring.scorer import COLUMNS
from patrons.tracking import promotion, registry
from patrons.tracking.promotion import Judgement


def sealed(folder: Path, mark: str, churn: float = 0.2, **facts) -> Path:
    """A release in the form of real ones, for the toy scorer; `churn` is the golden answer to 20 days (.2 is right)."""
    folder.mkdir(parents=True)
    for name in release.ALWAYS - {release.GOLDEN}:
        (folder / name).write_text(mark)
    answer = dict.fromkeys(COLUMNS) | {"segment": 1, "segment_name": "Champions", "flagged": False}
    pair = {"request": {"recency_days": 20}, "answer": {**answer, "churn_probability": churn}}
    (folder / release.GOLDEN).write_text(json.dumps([pair, pair]))
    common = {"format": release.FORMAT, "name": "toy", "kind": "orders", "created": "2026-01-01", "versions": {}}
    empty = {"fast": {}, "metrics": {}, "features": [], "gates": [], "thresholds": {"churn": 0.5}}
    known = {"segments": {"0": {"number": 1, "name": "Champions"}}, "parameters": {"01_eda": {}}}
    release.seal(folder, {**common, **empty, **known, **facts})
    return folder


class ToyRegistry:
    """Versions in memory: `stored` has their folders, the first of which is version 1; `champions` the line of them."""

    def __init__(self, *stored: Path):
        self.stored, self.champions, self.why, self.failed = list(stored), [], [], []

    def install(self, monkeypatch) -> "ToyRegistry":
        """Let deliveries find it in place of MLflow, and judge by it."""
        monkeypatch.setattr(registry, "Registry", lambda name, root: self)
        monkeypatch.setattr(promotion, "judge", self.judge)
        return self

    def judge(self, name, root):
        """The last one that was stored is that of the last results."""
        number = release.read(self.stored[-1])["id"]
        why = "it is the champion already" if self.champion == len(self.stored) else "it matches the champion"
        return Judgement(len(self.stored), number, self.champion, self.failed, None, why)

    @property
    def champion(self) -> int | None:
        return self.champions[-1] if self.champions else None

    def state(self):
        return SimpleNamespace(line=SimpleNamespace(champion=self.champion))

    def fetch(self, version, folder):
        return release.export(self.stored[version - 1], folder)

    def promote(self, version, why):
        self.champions.append(int(version))
        self.why.append(why)

    def rollback(self, why):
        self.why.append(why)
        self.champions.pop()
        return {"to": self.champion}

    def withdraw(self, why):
        self.why.append(why)
        self.champions.clear()


class FakeBalancer:
    """Answers at the socket as haproxy does: who answers, which replicas there are, how many requests have failed."""

    def __init__(self, run: Path):
        self.green, self.failed, self.changes = False, 0, []
        self.servers: dict[str, tuple[str, str]] = {}  # status and address by name
        fake = self

        class Handler(socketserver.StreamRequestHandler):
            def handle(self):
                self.wfile.write(fake.answer(self.rfile.readline().decode().strip()).encode())

        self.server = socketserver.ThreadingUnixStreamServer(str(run / "haproxy.sock"), Handler)

    def answer(self, text: str) -> str:
        if text.startswith("set server switch/green state "):
            self.green = text.endswith("ready")
            self.changes.append("green" if self.green else "blue")
            return "\n"
        if text == "show servers state":
            return "1\n"
        proxy = text.split()[2]
        rows = {
            "switch": [("green", "UP" if self.green else "MAINT", "", "")],
            "api": [("FRONTEND", "OPEN", "", str(self.failed))],
        }.get(proxy) or self._colour(proxy)
        lines = [f"{proxy},{name},{status},{address},{failed}" for name, status, address, failed in rows]
        return "\n".join(["# pxname,svname,status,addr,hrsp_5xx", *lines, ""])

    def _colour(self, colour: str) -> list[tuple[str, str, str, str]]:
        rows = [(name, *facts, "") for name, facts in self.servers.items() if name.startswith(colour)]
        up = any(status == "UP" for _, status, _, _ in rows)
        return [*rows, ("BACKEND", "UP" if up else "DOWN", "", "")]


class FakeReplica:
    """A service that takes at once what a file names, unless it is `stuck`, and gives the golden answer of .2.

    `named` is what that file names; a balancer is one whose file is that of the colour that answers.
    """

    def __init__(self, named: Callable[[], str]):
        self.named, self.churn, self.stuck, self.key, self.refused = named, 0.2, "", "", None
        self.broken = False
        fake = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                sent = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                asked = len(json.loads(sent)["customers"]) if sent else 0
                needs_key = fake.key and not self.path.startswith("/health/")
                known = self.headers.get("Authorization") == f"Bearer {fake.key}"
                status, found = (401, fake.no_key()) if needs_key and not known else fake.answer(asked)
                body = json.dumps(found).encode()
                self.send_response(status)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            do_POST = do_GET

            def log_message(self, *facts):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.server.server_port}"

    def no_key(self):
        return {"errors": [{"found": "no key"}]}

    def answer(self, asked: int):
        """Status and JSON; `asked` is the number of customers of a request for scores, 0 of another one."""
        if self.broken:
            return 503, "no server is available"
        one = {"segment": 1, "segment_name": "Champions", "flagged": False, "churn_probability": self.churn}
        release = self.stuck or self.named().rpartition("-")[2]
        return 200, {"release": release, "refused": self.refused, "answers": [one] * asked}
