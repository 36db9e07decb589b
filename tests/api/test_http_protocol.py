"""The server ends connections that send headers without end, and holds no answer back."""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import Iterator
from urllib.parse import urlsplit

import httpx
import pytest

from api.demo import bind
from api.http_protocol import MOST_HEADER_BYTES
from tests.support.api_server import ApiServer

_LINE = b"x-line: " + b"a" * 1000 + b"\r\n"


@pytest.fixture
def connection(api: ApiServer) -> Iterator[socket.socket]:
    address = urlsplit(api.url)
    with socket.create_connection((address.hostname, address.port), timeout=10) as connection:
        yield connection


def _send_until_closed(connection: socket.socket, part: bytes) -> tuple[int, bytes]:
    """The bytes that the server took before it closed the connection, and its answer."""
    sent = 0
    try:
        while sent < 50 * MOST_HEADER_BYTES:
            connection.sendall(part)
            sent += len(part)
            time.sleep(0.001)
    except OSError:
        pass
    try:
        return sent, connection.recv(4096)
    except OSError:
        return sent, b""


@pytest.mark.parametrize(
    ("start", "part"),
    [
        pytest.param(b"GET /api/v1/health HTTP/1.1\r\n", _LINE, id="many headers"),
        pytest.param(b"GET /api/v1/health HTTP/1.1\r\nx: ", b"a" * 1000, id="one long header"),
        pytest.param(b"GET /", b"a" * 1000, id="a long address"),
        pytest.param(
            b"POST /api/v1/etl/runs HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n0\r\n",
            _LINE,
            id="trailers",
        ),
    ],
)
def test_headers_without_end(api: ApiServer, connection: socket.socket, start: bytes, part: bytes) -> None:
    connection.sendall(start)
    sent, _ = _send_until_closed(connection, part)
    assert sent < 20 * MOST_HEADER_BYTES
    assert api.anyone.get("/api/v1/health").status_code == 200


def test_a_body_is_no_header(api: ApiServer) -> None:
    """Longer than the headers may be, and in parts."""
    parts = (b" " * 1000 for _ in range(3 * MOST_HEADER_BYTES // 1000))
    answer = api.operator.post("/api/v1/restore", content=parts, headers={"content-type": "application/json"})
    assert answer.status_code == 400


async def test_the_socket_of_the_demo_sends_at_once() -> None:
    """asyncio switches Nagle's algorithm off where a socket's protocol is named; it costs 40 ms an answer."""
    accepted: asyncio.Future[int] = asyncio.get_running_loop().create_future()

    def note(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        taken: socket.socket = writer.get_extra_info("socket")
        accepted.set_result(taken.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))
        writer.close()

    with bind("localhost", 0) as listener:
        server = await asyncio.start_server(note, sock=listener)
        with pytest.raises(httpx.HTTPError):
            async with httpx.AsyncClient() as client:
                await client.get(f"http://127.0.0.1:{listener.getsockname()[1]}")
        assert await accepted
        server.close()
