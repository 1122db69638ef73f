"""The server process: uvicorn, except that whoever is connected at a stop is told so before the connection ends."""

import asyncio
import time
from typing import Any

import uvicorn

from patrons.service.guard import Guard
from patrons.service.settings import Settings

GRACE = 2.0  # seconds in which a client that keeps a connection open may still ask, and learns that it closes
TICK = 0.02  # seconds


class Server(uvicorn.Server):
    """Stops without a lost request.

    Uvicorn closes a connection that is idle at once, although a request may be on its way. Here nobody new gets in,
    every answer says ``Connection: close``, and what is still open after `GRACE` is closed.
    """

    def __init__(self, app: Guard, settings: Settings):
        quiet: dict[str, Any] = {"log_config": None, "access_log": False, "server_header": False}
        super().__init__(uvicorn.Config(app, settings.host, settings.port, **quiet))
        self.guard = app

    async def shutdown(self, sockets: list | None = None) -> None:
        """Take leave of the connections, then end."""
        self.guard.leaving = True
        for listening in self.servers:
            listening.close()
        end = time.monotonic() + GRACE
        while self.server_state.connections and time.monotonic() < end and not self.force_exit:
            await asyncio.sleep(TICK)
        await super().shutdown(sockets)
