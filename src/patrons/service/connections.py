"""Connections before they are requests: how long, how large and how many they may be.

uvicorn itself waits for ever for a first byte and for the end of the headers, and keeps headers of any size. What is
held to no limit here is how often one address comes back: that is a proxy's work (docs/security.md).
"""

from asyncio import TimerHandle, Transport
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from patrons.service.settings import Settings

HEAD_BYTES = 32_768  # of a request line and headers
HEAD_SECONDS = 10.0  # until headers are complete: after the connection was made, or after the answer before
IDLE_SECONDS = 5  # that a connection is kept for a further request
CHUNKED = 2  # times the largest body: what a body may take as it is sent, in chunks and with trailers


class Connection(HttpToolsProtocol):
    """A connection that is ended when it takes longer, or sends more, than a request can.

    Parameters
    ----------
    settings : Settings
    given
        What uvicorn gives to each connection.
    """

    def __init__(self, settings: Settings, **given: Any):
        super().__init__(**given)
        self.settings = settings
        self._timer: TimerHandle | None = None
        self._received, self._most = 0, HEAD_BYTES

    def connection_made(self, transport: Transport) -> None:  # type: ignore[override]  # as uvicorn has it
        """Begin to wait for a request; far too many connections are not even told so."""
        super().connection_made(transport)
        self._end_after(HEAD_SECONDS)
        if len(self.connections) > 2 * self.settings.connections:
            transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait for nothing any more."""
        if self._timer:
            self._timer.cancel()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Count what comes."""
        self._received += len(data)
        super().data_received(data)
        if self._received > self._most and not self.transport.is_closing():
            if self._most == HEAD_BYTES:
                self.send_400_response(f"The headers have more than {HEAD_BYTES} bytes.")
            else:
                self.transport.abort()

    def on_message_begin(self) -> None:
        """Count headers."""
        super().on_message_begin()
        self._received, self._most = 0, HEAD_BYTES

    def on_headers_complete(self) -> None:
        """Count a body, and give the answer its time: the body, the work and reading the answer."""
        self._received, self._most = 0, HEAD_BYTES + CHUNKED * self.settings.body
        self._end_after(2 * self.settings.timeout + HEAD_SECONDS)
        super().on_headers_complete()

    def on_response_complete(self) -> None:
        """Wait for the next request, and until then for the client to read."""
        unread = self.transport.get_write_buffer_size() > 0
        self._end_after(HEAD_SECONDS + (self.settings.timeout if unread else 0))
        super().on_response_complete()

    def _end_after(self, seconds: float) -> None:
        if self._timer:
            self._timer.cancel()
        self._timer = self.loop.call_later(seconds, self.transport.abort)
