"""The line of a link: delay, one rate for all connections together, and no more under way than fits on it."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from benchmarks.link import Link

_RATE = 4_000_000


@contextmanager
def _server() -> Iterator[socket.socket]:
    with socket.socket() as listener:
        # Like the link's own: what the kernel takes for a receiver who does not read stays small.
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65_536)
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        listener.settimeout(30)
        yield listener


def _connect(link: Link, listener: socket.socket) -> tuple[socket.socket, socket.socket]:
    client = socket.create_connection((link.host, link.port), timeout=30)
    server, _ = listener.accept()
    server.settimeout(30)
    return client, server


def _read(end: socket.socket, size: int) -> None:
    while size:
        data = end.recv(min(size, 1_000_000))
        assert data
        size -= len(data)


def _settled(link: Link) -> int:
    """Bytes sent once nothing has been sent for a while."""
    taken = 0
    for _ in range(50):
        time.sleep(0.3)
        if 0 < taken == link.counts_now().sent:
            break
        taken = link.counts_now().sent
    return taken


def test_each_way_takes_the_delay() -> None:
    with _server() as listener, Link(listener.getsockname(), delay=0.05) as link:
        started = time.monotonic()
        client, server = _connect(link, listener)
        with client, server:
            assert time.monotonic() - started >= 0.1  # TCP's handshake
            for sender, receiver in ((client, server), (server, client)):
                started = time.monotonic()
                sender.sendall(b"hello")
                _read(receiver, 5)
                assert time.monotonic() - started >= 0.05


@pytest.mark.parametrize("upwards", [True, False])
def test_connections_share_the_rate(upwards: bool) -> None:
    size = 2_000_000
    with _server() as listener, Link(listener.getsockname(), delay=0.001, rate=_RATE) as link:
        both = threading.Barrier(2)
        pairs = [_connect(link, listener) for _ in range(2)]
        seconds: list[float] = []

        def transfer(sender: socket.socket, receiver: socket.socket) -> None:
            both.wait(30)
            sending = threading.Thread(target=sender.sendall, args=(b"x" * size,))
            sending.start()
            _read(receiver, size)
            seconds.append(time.monotonic() - started)
            sending.join()

        started = time.monotonic()
        threads = [threading.Thread(target=transfer, args=pair if upwards else pair[::-1]) for pair in pairs]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        for end in (end for pair in pairs for end in pair):
            end.close()
        assert max(seconds) >= 2 * size / _RATE
        # Neither waits for the other to end; one may have begun a little later.
        assert min(seconds) >= 1.25 * size / _RATE
        counts = link.counts()
        assert (counts.connections, counts.sent + counts.received) == (2, 2 * size)


def test_directions_have_rates_of_their_own() -> None:
    size = 4_000_000
    with _server() as listener, Link(listener.getsockname(), rate=_RATE) as link:
        client, server = _connect(link, listener)
        with client, server:
            started = time.monotonic()
            threads = [
                threading.Thread(target=work, args=arguments)
                for work, arguments in (
                    (client.sendall, (b"x" * size,)),
                    (server.sendall, (b"x" * size,)),
                    (_read, (client, size)),
                    (_read, (server, size)),
                )
            ]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            seconds = time.monotonic() - started
    assert size / _RATE <= seconds < 2 * size / _RATE


def test_a_receiver_who_does_not_read_stalls_the_sender() -> None:
    delay = 0.02
    with _server() as listener, Link(listener.getsockname(), delay=delay, rate=_RATE) as link:
        client, server = _connect(link, listener)
        with client, server:
            client.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 65_536)
            size = 4_000_000
            sending = threading.Thread(target=client.sendall, args=(b"x" * size,))
            sending.start()
            taken = _settled(link)
            # The line, 120 kB, one read and the buffers behind it; a second would be 4 MB.
            assert 0 < taken < 700_000
            started = time.monotonic()
            _read(server, size)
            # Only what was under way is caught up.
            assert time.monotonic() - started >= (size - taken) / _RATE
            sending.join()


def test_the_end_of_a_connection_arrives_after_its_bytes() -> None:
    with _server() as listener, Link(listener.getsockname(), delay=0.02, rate=_RATE) as link:
        client, server = _connect(link, listener)
        with client, server:
            client.sendall(b"x" * 300_000)
            client.shutdown(socket.SHUT_WR)
            _read(server, 300_000)
            assert server.recv(1) == b""
            server.sendall(b"thanks")
            server.close()
            _read(client, 6)
            assert client.recv(1) == b""
        assert link.counts().turns == 1


def test_a_server_that_is_not_there_ends_the_connection() -> None:
    with _server() as listener:
        address = listener.getsockname()
    with Link(address) as link:
        with socket.create_connection((link.host, link.port), timeout=30) as client:
            assert client.recv(1) == b""
        assert link.counts().connections == 1
