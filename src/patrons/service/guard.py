"""What every request passes before and after its handler: id, host, key, body, limits, log, numbers."""

import asyncio
import re
import time
from collections.abc import Awaitable, Callable, Mapping, Set
from typing import Any
from uuid import uuid4

from patrons.errors import PATRONS
from patrons.events import Log, log_failure
from patrons.service.keys import Keys
from patrons.service.limits import Gate
from patrons.service.metrics import Metrics
from patrons.service.problems import Problem, broken, error
from patrons.service.settings import Settings

REQUEST_ID = re.compile(rb"[A-Za-z0-9-]{8,64}")
OPEN = ("/health/", "/docs/", "/schema/")  # without a key
READY = "/health/ready"
LOCAL = re.compile(rb"(?:127\.0\.0\.1|localhost|\[::1\])(?::\d{1,5})?", re.IGNORECASE)
ALWAYS = [(b"cache-control", b"no-store"), (b"x-content-type-options", b"nosniff")]
CLOSE = (b"connection", b"close")
PAGES = (b"content-security-policy", b"default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:")

Routes = Mapping[str, Set[str]]
Scope = dict[str, Any]
Message = dict[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]


class Guard:
    """ASGI: `app` behind keys and limits.

    Parameters
    ----------
    routes : dict
        By path the methods that it takes.

    `scope["state"]` gets `request_id`, `key` (the name it was made for) and `facts`, a dict that a handler may add to
    and that is logged.
    """

    def __init__(self, app: App, routes: Routes, settings: Settings, gate: Gate, log: Log, metrics: Metrics):
        self.app, self.routes, self.settings = app, routes, settings
        self.gate, self.log, self.metrics = gate, log, metrics
        self.keys = Keys(settings.keys, log) if settings.keys else None
        self.draining = (
            False  # whether it says that it is not ready, and every answer is the last one of its connection
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, whatever happens on the way."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        start, headers = time.perf_counter(), dict(scope["headers"])
        answer = _Answer(send, _request_id(headers), scope["path"], lambda: self.draining)
        facts: dict[str, Any] = {}
        scope.setdefault("state", {})["facts"] = facts
        scope["state"]["request_id"] = answer.request_id
        try:
            await self._admitted(scope, headers, receive, answer)
        except Problem as problem:
            await answer.problem(problem)
        except TimeoutError:
            await answer.problem(_late(self.settings.timeout))
        except Exception as failure:
            log_failure(self.log, answer.request_id, failure)
            await answer.problem(broken())
        path = scope["path"] if scope["path"] in self.routes else "other"  # which might name a customer
        seconds = time.perf_counter() - start
        self.metrics.answered(path, answer.status, seconds)
        outcome = {"method": scope["method"], "path": path, "status": answer.status, "ms": round(seconds * 1000, 2)}
        self.log("request", request_id=answer.request_id, **outcome, key=scope["state"].get("key"), **facts)

    async def _admitted(self, scope: Scope, headers: dict[bytes, bytes], receive: Receive, answer: "_Answer") -> None:
        if self.keys is None:
            _check_host(headers.get(b"host", b""))
        if self.draining and scope["path"] == READY:
            raise Problem(503, error("service", "one that is about to end", "one that stays", "Ask another replica."))
        if not scope["path"].startswith(OPEN):
            scope["state"]["key"] = self._holder(headers)
        self._find(scope)
        length = headers.get(b"content-length", b"0")
        if length.isdigit() and int(length) > self.settings.body:
            raise _large(self.settings.body)
        receive = _limited(receive, self.settings.body)
        if scope["path"] != "/predict":
            await self._answered(scope, receive, answer)
            return
        key = scope["state"].get("key") or ""
        self.gate.check(key)  # before a body is read that has no place
        with self.gate.room(key) as ask:
            receive = await _whole(receive, self.settings.timeout, ask)
            async with self.gate.place(key):
                await self._answered(scope, receive, answer)

    async def _answered(self, scope: Scope, receive: Receive, answer: "_Answer") -> None:
        async with asyncio.timeout(self.settings.timeout):
            await self.app(scope, receive, answer.send)

    def _find(self, scope: Scope) -> None:
        methods = self.routes.get(scope["path"])
        if methods is None:
            raise Problem(404, error("path", "one that is not served", ", ".join(sorted(self.routes)), "See /docs/."))
        if scope["method"] not in methods:
            allowed = ", ".join(sorted(methods))
            raise Problem(405, error("method", scope["method"], allowed, f"Use {allowed}."), {"Allow": allowed})

    def _holder(self, headers: dict[bytes, bytes]) -> str | None:
        if self.keys is None:
            return None
        kind, _, key = headers.get(b"authorization", b"").decode("latin-1").partition(" ")
        holder = self.keys.holder(key.strip()) if kind.lower() == "bearer" else None
        if holder is None:
            found = "a key that is not known or was revoked" if key else "no key"
            step = f"Send the header Authorization: Bearer KEY. A key is made by: {PATRONS} keys add NAME"
            wrong = error("Authorization", found, "a key of this service", step)
            raise Problem(401, wrong, {"WWW-Authenticate": "Bearer"})
        return holder


class _Answer:
    """Sends the answer of one request once, with the headers that every answer has."""

    def __init__(self, send: Send, request_id: str, path: str, last: Callable[[], bool]):
        self._send, self.request_id, self.status, self._last = send, request_id, 0, last
        page = [PAGES] if path.startswith("/docs/") else []
        self._headers = [*ALWAYS, *page, (b"x-request-id", request_id.encode())]

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            own = [*self._headers, CLOSE] if self._last() else self._headers
            message = {**message, "headers": [*message.get("headers", []), *own]}
        await self._send(message)

    async def problem(self, problem: Problem) -> None:
        if self.status:  # part of the answer was sent: it cannot be taken back
            return
        body = problem.body(self.request_id).encode()
        headers = {"content-type": "application/json", "content-length": str(len(body)), **problem.headers}
        encoded = [(name.lower().encode(), value.encode()) for name, value in headers.items()]
        await self.send({"type": "http.response.start", "status": problem.status, "headers": encoded})
        await self._send({"type": "http.response.body", "body": body})


def _request_id(headers: dict[bytes, bytes]) -> str:
    given = headers.get(b"x-request-id", b"")
    return given.decode() if REQUEST_ID.fullmatch(given) else uuid4().hex[:20]


def _limited(receive: Receive, most: int) -> Receive:
    """Receives up to a limit, also of a body that comes in pieces without its length."""
    received = 0

    async def limited() -> Message:
        nonlocal received
        message = await receive()
        received += len(message.get("body", b""))
        if received > most:
            raise _large(most)
        return message

    return limited


async def _whole(receive: Receive, seconds: float, ask: Callable[[int], None]) -> Receive:
    """Receives a body that has come, and after it what comes: a place is taken only when the body is there.

    `ask` refuses a piece for which memory has no room.
    """
    pieces, more = [], True
    try:
        async with asyncio.timeout(seconds):
            while more:
                message = await receive()
                if message["type"] == "http.disconnect":
                    raise Problem(400, error("body", "a connection that ended", "a whole body", "Send it again."))
                ask(len(message.get("body", b"")))
                pieces.append(message.get("body", b""))
                more = message.get("more_body", False)
    except TimeoutError:
        step = "Send fewer customers in a request, or over a faster connection."
        wrong = error("body", f"more than {seconds:g} s", f"a whole body within {seconds:g} s", step)
        raise Problem(408, wrong, {"Connection": "close"}) from None
    body: list[Message] = [{"type": "http.request", "body": b"".join(pieces), "more_body": False}]

    async def whole() -> Message:
        return body.pop() if body else await receive()

    return whole


def _check_host(host: bytes) -> None:
    """Refuse a name that is not this machine's: a web page could have its own name lead here."""
    if host and not LOCAL.fullmatch(host):
        step = f"Ask for http://127.0.0.1, or serve others with keys: {PATRONS} keys add NAME"
        raise Problem(421, error("Host", host.decode("latin-1"), "127.0.0.1, localhost or [::1]", step))


def _large(most: int) -> Problem:
    found, expected = f"more than {most:,} bytes", f"at most {most:,} bytes"
    return Problem(413, error("body", found, expected, "Send fewer customers in a request."), {"Connection": "close"})


def _late(timeout: float) -> Problem:
    found, expected = f"more than {timeout:g} s", f"an answer within {timeout:g} s"
    return Problem(503, error("time", found, expected, "Send fewer customers, or try later."), {"Retry-After": "1"})
