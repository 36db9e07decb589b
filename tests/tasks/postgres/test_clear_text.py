"""The password in clear text goes to a verified server, a socket and this machine alone, whatever a server asks."""

from __future__ import annotations

import asyncio
import os
import shutil
import ssl
import struct
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tasks.errors import ClearTextPasswordRefused
from tasks.postgres.clear_text import may_send_clear_text
from tasks.postgres.connect import ConnectionSettings, connect, connected
from tasks.postgres.embedded.binaries import find_server_user
from tests.conftest import open_folder
from tests.support.certificates import Authority
from tests.support.examination import PROBLEM, WARNING, examine_warehouse
from tests.support.servers import PASSWORD, TcpServer, debian_binaries, tcp_server

CLEAR_TEXT = b"R" + struct.pack("!ii", 8, 3)
LOGGED_IN = b"R" + struct.pack("!ii", 8, 0)


@dataclass(frozen=True)
class AskingServer:
    """A Postgres that takes TLS only and asks for the password in clear text."""

    server: TcpServer
    ca: Path
    certificate: Path
    key: Path

    def settings(self, sslmode: str, *, with_ca: bool = False, **changed: object) -> ConnectionSettings:
        ca = str(self.ca) if with_ca else None
        return self.server.settings(sslmode=sslmode, sslrootcert=ca, **{"host": "localhost", **changed})


@pytest.fixture(scope="module")
def asking() -> Iterator[AskingServer]:
    folder, runner, authority = open_folder("retail-clear-"), find_server_user(), Authority("Retail test CA")
    certificate, key = folder / "server.crt", folder / "server.key"
    authority.issue("localhost", certificate, key)
    if runner.uid is not None and runner.gid is not None:
        os.chown(key, runner.uid, runner.gid)
    key.chmod(0o600)
    hba = "local all all trust\nhostssl all all all password\n"
    files = {"ssl_cert_file": str(certificate), "ssl_key_file": str(key)}
    with tcp_server(debian_binaries(), hba, ssl="on", **files) as server:
        yield AskingServer(server, authority.write(folder / "ca.crt"), certificate, key)
    shutil.rmtree(folder)


@dataclass
class Eavesdropper:
    """A man in the middle with a certificate: what the client says to him in confidence, and where he listens.

    He hands everything on to the server, or answers with ``answers`` of his own, in pieces of ``piece`` bytes.
    """

    port: int = 0
    heard: bytearray = field(default_factory=bytearray)
    logins: int = 0


@asynccontextmanager
async def eavesdropping(
    asking: AskingServer, answers: bytes | None = None, piece: int = 65_536
) -> AsyncIterator[Eavesdropper]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(asking.certificate, asking.key)
    between, tasks = Eavesdropper(), set[asyncio.Task[None]]()

    async def listen(reader: asyncio.StreamReader, writer: asyncio.StreamWriter | None) -> None:
        while data := await reader.read(65_536):
            between.heard.extend(data)
            if writer is not None:
                writer.write(data)

    async def speak(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(piece):
            writer.write(data)
            await writer.drain()
        writer.close()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readexactly(8)
        writer.write(b"S")
        await writer.start_tls(context)
        between.logins += 1
        if answers is not None:
            tasks.add(asyncio.create_task(listen(reader, None)))
            for at in range(0, len(answers), piece):
                writer.write(answers[at : at + piece])
                await writer.drain()
                await asyncio.sleep(0.01)
            return
        there, back = await asyncio.open_connection("127.0.0.1", asking.server.port)
        back.write(struct.pack("!ii", 8, 80877103))
        await there.readexactly(1)
        trusting = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        trusting.check_hostname, trusting.verify_mode = False, ssl.CERT_NONE
        await back.start_tls(trusting)
        tasks.add(asyncio.create_task(listen(reader, back)))
        tasks.add(asyncio.create_task(speak(there, writer)))

    listener = await asyncio.start_server(serve, "127.0.0.1", 0)
    between.port = listener.sockets[0].getsockname()[1]
    try:
        yield between
    finally:
        listener.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def test_an_unverified_server_never_hears_the_password(asking: AskingServer) -> None:
    before = asking.server.log()
    async with eavesdropping(asking) as between:
        with pytest.raises(ClearTextPasswordRefused, match="clear text.*verify-full") as caught:
            await connect(asking.settings("require", port=between.port))
        await asyncio.sleep(0.2)
    assert between.logins == 1  # no second try, and no look ahead
    assert b"user\0retail" in between.heard
    assert PASSWORD.encode() not in between.heard
    assert PASSWORD not in str(caught.value)
    logged = asking.server.log().removeprefix(before)
    assert "connection authenticated" not in logged
    assert "connection authorized" not in logged


@pytest.mark.parametrize("piece", [1, 4, 9, 65_536])
@pytest.mark.parametrize(
    "answers",
    [
        CLEAR_TEXT,
        LOGGED_IN + CLEAR_TEXT,
        b"N" + struct.pack("!i", 6) + b"\0\0" + CLEAR_TEXT,
        b"R" + struct.pack("!ii", 90_000, 3) + b"\0" * 90_000,
        LOGGED_IN + b"K" + struct.pack("!iii", 12, 1, 1) + CLEAR_TEXT,
    ],
)
async def test_whatever_a_forger_answers(asking: AskingServer, answers: bytes, piece: int) -> None:
    answers = answers[:20_000] if piece > 9 else answers[:40]
    async with eavesdropping(asking, answers, piece) as between:
        with pytest.raises(ClearTextPasswordRefused):
            await connect(asking.settings("require", port=between.port, connect_seconds=5))
        await asyncio.sleep(0.05)
    assert PASSWORD.encode() not in between.heard


@pytest.mark.parametrize("sslmode", ["verify-full", "verify-ca", "require"])
async def test_a_verified_server_gets_it(asking: AskingServer, sslmode: str) -> None:
    async with connected(asking.settings(sslmode, with_ca=True)) as connection:
        assert await connection.fetchval("select 1") == 1


async def test_this_machine_gets_it_where_no_tls_is_asked_for(asking: AskingServer) -> None:
    async with connected(asking.settings("prefer")) as connection:
        assert await connection.fetchval("select ssl from pg_stat_ssl where pid = pg_backend_pid()")


@pytest.mark.parametrize(
    ("host", "sslmode", "ca", "may"),
    [
        ("db.example.com", "require", None, False),
        ("db.example.com", "require", "ca.crt", True),
        ("db.example.com", "verify-ca", None, False),
        ("db.example.com", "verify-ca", "ca.crt", True),
        ("db.example.com", "verify-full", None, True),
        ("localhost", "require", None, False),
        ("localhost", "prefer", None, True),
        ("127.0.0.1", "disable", "ca.crt", True),
        ("/run/postgresql", "require", None, True),
    ],
)
def test_who_may_hear_it(host: str, sslmode: str, ca: str | None, *, may: bool) -> None:
    assert may_send_clear_text(ConnectionSettings(host, sslmode=sslmode, sslrootcert=ca)) is may


async def test_the_doctor_says_so(asking: AskingServer) -> None:
    findings = await examine_warehouse(asking.settings("require", connect_seconds=2))
    assert findings["encryption"].status is PROBLEM
    assert "clear text" in findings["encryption"].what
    assert "verify-full" in findings["encryption"].fix
    # 0.0.0.0 leads to this machine, without being an address of it.
    findings = await examine_warehouse(asking.settings("verify-ca", with_ca=True, host="0.0.0.0"))
    assert findings["encryption"].status is not WARNING
