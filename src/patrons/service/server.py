"""The server process: uvicorn, except that connected clients are told of a stop before their connections end."""

import asyncio
import signal
import time
from functools import partial
from socket import AF_INET, AF_INET6, IPPROTO_TCP, SO_REUSEADDR, SOCK_STREAM, SOL_SOCKET, socket
from types import FrameType
from typing import Any

import uvicorn

from patrons.service.connections import IDLE_SECONDS, Connection
from patrons.service.guard import Guard
from patrons.service.settings import Settings, SettingsError

GRACE = 2.0  # seconds in which a client with an open connection may still ask, and learns that it closes
TICK = 0.02  # seconds


def listen(settings: Settings) -> socket:
    """A socket bound to where the service is to listen.

    Raises
    ------
    SettingsError
        Where nothing can listen there.
    """
    family = AF_INET6 if ":" in settings.host else AF_INET
    # of another protocol, asyncio would hold small packets back, and answers would wait 40 ms
    listening = socket(family, SOCK_STREAM, IPPROTO_TCP)
    listening.setsockopt(SOL_SOCKET, SO_REUSEADDR, 1)
    try:
        listening.bind((settings.host, settings.port))
    except OSError as error:
        listening.close()
        raise SettingsError(
            f"The service cannot listen on {settings.host}, port {settings.port} ({error.strerror}). "
            "Choose another with --port or --host, or end what listens there."
        ) from None
    return listening


class Server(uvicorn.Server):
    """Stops without a lost request.

    Uvicorn closes idle connections at once, although a request may be on its way. Here the first signal drains: for the
    seconds that the settings say ``/health/ready`` answers 503, so that a balancer sends nobody any more, and all else
    is answered as before, but every answer says ``Connection: close``: a client that keeps its connection, with no
    balancer that reads HTTP between, finds another replica too. Then no new connection is accepted, and what is still
    open after `GRACE` is closed. A second signal ends all of that at once.
    """

    drained = float("inf")  # when the draining is over, by the monotonic clock

    def __init__(self, app: Guard, settings: Settings):
        options: dict[str, Any] = {
            "http": partial(Connection, settings),
            "ws": "none",
            "limit_concurrency": settings.connections,
            "timeout_keep_alive": IDLE_SECONDS,
            "proxy_headers": False,  # nothing here asks for a client's address
            "log_config": None,
            "access_log": False,
            "server_header": False,
        }
        super().__init__(uvicorn.Config(app, **options))
        self.guard, self.seconds = app, settings.drain

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Drain at the first signal, end at once at the second."""
        if self.guard.draining:
            super().handle_exit(sig, frame)
            self.should_exit = self.force_exit = True
            return
        self.guard.draining, self.drained = True, time.monotonic() + self.seconds
        self.guard.log("drain", signal=signal.Signals(sig).name, seconds=self.seconds)
        super().handle_exit(sig, frame)
        self.should_exit = self.seconds == 0

    async def on_tick(self, counter: int) -> bool:
        """Whether to shut down: also when the draining is over."""
        self.should_exit |= time.monotonic() >= self.drained
        return await super().on_tick(counter)

    async def shutdown(self, sockets: list[socket] | None = None) -> None:
        """Let the connections end, then stop."""
        for listening in self.servers:
            listening.close()
        end = time.monotonic() + GRACE
        while self.server_state.connections and time.monotonic() < end and not self.force_exit:
            await asyncio.sleep(TICK)
        await super().shutdown(sockets)
