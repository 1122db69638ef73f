"""The server process: uvicorn, except that connected clients are told of a stop before their connections end."""

import asyncio
import time
from socket import socket
from typing import Any

import uvicorn

from patrons.service.guard import Guard
from patrons.service.settings import Settings

GRACE = 2.0  # seconds in which a client with an open connection may still ask, and learns that it closes
TICK = 0.02  # seconds


class Server(uvicorn.Server):
    """Stops without a lost request.

    Uvicorn closes idle connections at once, although a request may be on its way. Here no new connection is accepted,
    every answer says ``Connection: close``, and what is still open after `GRACE` is closed.
    """

    def __init__(self, app: Guard, settings: Settings):
        quiet: dict[str, Any] = {"log_config": None, "access_log": False, "server_header": False}
        super().__init__(uvicorn.Config(app, settings.host, settings.port, **quiet))
        self.guard = app

    async def shutdown(self, sockets: list[socket] | None = None) -> None:
        """Let the connections end, then stop."""
        self.guard.leaving = True
        for listening in self.servers:
            listening.close()
        end = time.monotonic() + GRACE
        while self.server_state.connections and time.monotonic() < end and not self.force_exit:
            await asyncio.sleep(TICK)
        await super().shutdown(sockets)
