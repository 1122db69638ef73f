"""What a connection may cost before it is a request, over real sockets to a server in this process."""

import asyncio
import contextlib
import io
import json
import socket
import time

import pytest

pytest.importorskip("flama", reason="the serving extra is not installed: make test installs it")
from toy_scorer import ToyScorer, write_release

from patrons.events import Log
from patrons.service import connections
from patrons.service.follow import named_by
from patrons.service.server import Server, listen
from patrons.service.settings import Settings
from serving.api import Service, create_app

SHORT = 0.3  # seconds for headers here
BODY = json.dumps({"customers": [{"recency_days": 20}]}).encode()
HEAD = b"POST /predict HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
ASKED = HEAD + f"Content-Length: {len(BODY)}\r\n\r\n".encode() + BODY


@pytest.fixture
def talk(tmp_path, monkeypatch):
    """Runs a coroutine function beside a server; it takes a function that opens a connection."""
    monkeypatch.setattr(connections, "HEAD_SECONDS", SHORT)
    release = write_release(tmp_path / "release", "aaa")

    def run(client, **options):
        settings = Settings(release=named_by(release), keys=None, port=0, **options)
        service = Service(settings, ToyScorer, Log(io.StringIO()))

        async def both():
            with listen(settings) as listening:
                server = Server(create_app(service), settings)
                server.capture_signals = contextlib.nullcontext  # pytest keeps its own
                serving = asyncio.create_task(server.serve([listening]))
                while not server.started:
                    await asyncio.sleep(0.01)
                writers = []

                async def connect():
                    reader, writer = await asyncio.open_connection(*listening.getsockname())
                    writers.append(writer)
                    return reader, writer

                try:
                    return await client(connect)
                finally:
                    for writer in writers:
                        writer.transport.abort()
                    server.should_exit = server.force_exit = True
                    await serving

        return asyncio.run(both())

    return run


async def until_ended(reader):
    """What came until the end, and after how many seconds that was."""
    start, came = time.monotonic(), b""
    with contextlib.suppress(ConnectionError):
        while more := await asyncio.wait_for(reader.read(1 << 16), 5):
            came += more
    return came, time.monotonic() - start


async def answered(reader, writer, request=ASKED):
    writer.write(request)
    return int((await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 5)).split(b" ", 2)[1])


@pytest.mark.parametrize("pieces", [[], [b"POST /predict HTTP/1.1\r\n"], [b"POST ", b"/pre", b"dict HTTP/1.1\r\nX: "]])
def test_a_connection_without_whole_headers_is_ended(talk, pieces):
    async def client(connect):
        reader, writer = await connect()
        for piece in pieces:
            writer.write(piece)
            await asyncio.sleep(SHORT / 4)  # which does not put off the end
        return await until_ended(reader)

    came, seconds = talk(client)
    assert came == b""
    assert seconds < 2 * SHORT


def test_endless_headers_are_refused(talk):
    async def client(connect):
        reader, writer = await connect()
        with contextlib.suppress(ConnectionError):
            writer.write(HEAD)
            for number in range(200):
                writer.write(f"X-{number}: {'x' * 1000}\r\n".encode())
                await writer.drain()
                await asyncio.sleep(0)
        return await until_ended(reader)

    came, seconds = talk(client)
    assert came == b"" or b"The headers have more than 32768 bytes" in came  # a client that still sends may miss it
    assert seconds < SHORT


def test_endless_trailers_after_a_body_are_ended(talk):
    async def client(connect):
        _, writer = await connect()
        writer.write(HEAD + b"Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\nX: ")
        sent = 0
        with contextlib.suppress(ConnectionError):
            for _ in range(1000):
                writer.write(b"x" * 1000)
                await writer.drain()
                await asyncio.sleep(0.001)
                sent += 1000
        return sent

    assert talk(client, body=1000) < 500_000


def test_a_connection_that_goes_on_sending_after_its_answer_is_ended(talk):
    async def client(connect):
        reader, writer = await connect()
        status = await answered(
            reader, writer, b"POST /nothing HTTP/1.1\r\nHost: localhost\r\nContent-Length: 999\r\n\r\n"
        )
        start = time.monotonic()
        with contextlib.suppress(ConnectionError):
            while time.monotonic() - start < 3:
                writer.write(b"x")
                await writer.drain()
                await asyncio.sleep(0.02)
        return status, time.monotonic() - start

    status, seconds = talk(client)
    assert status == 404
    assert seconds < 3 * SHORT


def test_a_client_that_asks_again_and_again_keeps_its_connection(talk):
    async def client(connect):
        reader, writer = await connect()
        statuses = []
        for _ in range(4):
            statuses.append(await answered(reader, writer))
            await reader.readuntil(b"}]}")
            await asyncio.sleep(SHORT / 2)
        return statuses

    assert talk(client) == [200] * 4


def test_small_packets_are_not_held_back(talk, monkeypatch):
    made, held_back = connections.Connection.connection_made, []

    def watched(connection, transport):
        held_back.append(transport.get_extra_info("socket").getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY) == 0)
        made(connection, transport)

    monkeypatch.setattr(connections.Connection, "connection_made", watched)

    async def client(connect):
        return await answered(*await connect())

    assert talk(client) == 200
    assert held_back == [False]  # an answer is two packets, and the second would wait 40 ms


def test_connections_beyond_the_limit_are_told_and_far_beyond_it_ended(talk):
    async def client(connect):
        for _ in range(2):
            await connect()
        third = await connect()
        status = await answered(*third)
        more = [await connect() for _ in range(3)]
        came, seconds = await until_ended(more[-1][0])
        return status, came, seconds

    status, came, seconds = talk(client, connections=2)
    assert status == 503
    assert came == b""
    assert seconds < SHORT
