"""How many requests at once: a few are scored, a few wait, and any more are refused at once."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, contextmanager
from functools import partial
from typing import ParamSpec, TypeVar

from patrons.service.problems import Problem, error

P = ParamSpec("P")
T = TypeVar("T")
BODIES = 16
AGAIN = {"Retry-After": "1"}


class Gate:
    """Counts the requests inside; belongs to one event loop. `turn` limits those that are scored in a thread.

    Parameters
    ----------
    running, waiting, per_key, body : int
        See `settings.Settings`. Bodies in memory may be `BODIES` times the largest together; those of one key half of
        that.
    """

    def __init__(self, running: int, waiting: int, per_key: int, body: int):
        self.limit, self.per_key, self.memory = running + waiting, per_key, BODIES * body
        self.held: Counter[str] = Counter()  # bytes of bodies, by key
        self.inside: Counter[str] = Counter()
        self.turn = asyncio.Semaphore(running)

    @property
    def busy(self) -> int:
        """Requests that are being scored or wait."""
        return self.inside.total()

    def check(self, key: str) -> None:
        """Refuse a request for which there is no place.

        Raises
        ------
        Problem
            429 where the key has all the places it may have, 503 where every place is taken.
        """
        if self.busy >= self.limit:
            raise _full(503, "requests in progress", self.busy, self.limit)
        if self.inside[key] >= self.per_key:
            raise _full(429, "requests in progress with this key", self.inside[key], self.per_key)

    @contextmanager
    def room(self, key: str) -> Iterator[Callable[[int], None]]:
        """Gives what asks for room for so many more bytes of a body; all of it is free again at the end.

        Raises
        ------
        Problem
            429 or 503, from that function, where there is no room.
        """
        mine = 0

        def ask(size: int) -> None:
            nonlocal mine
            if self.held.total() + size > self.memory:
                raise _full(503, "bytes of requests in memory", self.held.total(), self.memory)
            if self.held[key] + size > self.memory // 2:
                raise _full(429, "bytes of requests in memory with this key", self.held[key], self.memory // 2)
            self.held[key] += size
            mine += size

        try:
            yield ask
        finally:
            self.held[key] -= mine
            if not self.held[key]:
                del self.held[key]

    @asynccontextmanager
    async def place(self, key: str) -> AsyncIterator[None]:
        """A place in the queue, left at the end; `check` says whether there is one."""
        self.check(key)
        self.inside[key] += 1
        try:
            await asyncio.sleep(0)  # requests that arrive together are counted before any is served
            yield
        finally:
            self.inside[key] -= 1
            if not self.inside[key]:
                del self.inside[key]


def _full(status: int, what: str, found: int, limit: int) -> Problem:
    step = "Wait a second and send the request again."
    return Problem(status, error(what, found, f"fewer than {limit}", step), AGAIN)


async def in_thread(gate: Gate, pool: ThreadPoolExecutor, work: Callable[P, T], *args: P.args, **named: P.kwargs) -> T:
    """Do work in a thread. A client that gives up loses the answer, but its turn lasts as long as the thread works."""
    await gate.turn.acquire()
    done = asyncio.get_running_loop().run_in_executor(pool, partial(work, *args, **named))
    done.add_done_callback(lambda _: gate.turn.release())
    return await asyncio.shield(done)
