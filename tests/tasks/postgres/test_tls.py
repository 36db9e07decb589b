"""TLS with real servers: trusted certificates, and no password for a server without TLS or with a wrong one."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import asyncpg
import polars as pl
import pytest
from pydantic import SecretStr

from benchmarks.link import Link
from blocks import SupabaseWarehouse
from tasks.errors import CertificateRefused, SettingsError, TlsRefused, WrongPassword
from tasks.postgres.connect import ConnectionSettings, connect, connected
from tasks.postgres.copy import copy_frame
from tasks.postgres.embedded.binaries import find_server_user
from tasks.postgres.embedded.server import EmbeddedServer
from tasks.postgres.traffic import counting_traffic
from tests.conftest import open_folder
from tests.support.certificates import Authority
from tests.support.servers import TcpServer, debian_binaries, tcp_server


@dataclass(frozen=True)
class TlsServer:
    """A TLS-only server with a certificate for localhost; the files of its CA and of another one."""

    server: TcpServer
    ca: Path
    other_ca: Path

    def settings(self, sslmode: str, ca: Path | None = None, host: str = "localhost") -> ConnectionSettings:
        return self.server.settings(sslmode=sslmode, sslrootcert=ca and str(ca), host=host)


@pytest.fixture(scope="module")
def tls() -> Iterator[TlsServer]:
    folder, user, authority = open_folder("retail-tls-"), find_server_user(), Authority("Retail test CA")
    authority.issue("localhost", folder / "server.crt", folder / "server.key")
    if user.uid is not None and user.gid is not None:
        os.chown(folder / "server.key", user.uid, user.gid)
    (folder / "server.key").chmod(0o600)
    files = {"ssl_cert_file": str(folder / "server.crt"), "ssl_key_file": str(folder / "server.key")}
    hba = "local all all trust\nhostssl all all all scram-sha-256\n"
    with tcp_server(debian_binaries(), hba, ssl="on", **files) as server:
        yield TlsServer(
            server,
            authority.write(folder / "ca.crt"),
            Authority("Another CA").write(folder / "other.crt"),
        )
    shutil.rmtree(folder)


async def uses_tls(connection: asyncpg.Connection) -> bool:
    return bool(await connection.fetchval("select ssl from pg_stat_ssl where pid = pg_backend_pid()"))


@pytest.mark.parametrize("sslmode", ["allow", "prefer", "require", "verify-ca", "verify-full"])
async def test_the_right_ca_and_name(tls: TlsServer, sslmode: str) -> None:
    async with connected(tls.settings(sslmode, tls.ca)) as connection:
        assert await uses_tls(connection)


@pytest.mark.parametrize("source", ["file", "text"])
async def test_a_bundle_of_several_cas(tls: TlsServer, tmp_path: Path, source: str) -> None:
    """Supabase uses two roots; a block stores them as text."""
    bundle = tls.other_ca.read_text() + tls.ca.read_text()
    (tmp_path / "bundle.crt").write_text(bundle)
    block = SupabaseWarehouse(
        host="localhost",
        port=tls.server.port,
        database=tls.server.settings().database,
        user=tls.server.settings().user,
        password=tls.server.settings().password,
        tls_mode="verify-full",
        ca_certificate=bundle if source == "text" else str(tmp_path / "bundle.crt"),
    )
    async with connected(block.connection_settings()) as connection:
        assert await uses_tls(connection)
    async with block.connector() as database:
        rows = await database.fetch_all("select ssl from pg_stat_ssl where pid = pg_backend_pid()")
    assert [tuple(row) for row in rows] == [(True,)]


@pytest.mark.parametrize("sslmode", ["prefer", "require"])
async def test_without_a_ca_the_connection_is_encrypted(tls: TlsServer, sslmode: str) -> None:
    async with connected(tls.settings(sslmode)) as connection:
        assert await uses_tls(connection)


@pytest.mark.parametrize("sslmode", ["require", "verify-ca", "verify-full"])
async def test_another_ca_is_rejected(tls: TlsServer, sslmode: str) -> None:
    with pytest.raises(CertificateRefused, match="sslrootcert"):
        await connect(tls.settings(sslmode, tls.other_ca))


async def test_a_ca_unknown_to_the_system_is_rejected(tls: TlsServer) -> None:
    with pytest.raises(CertificateRefused, match="project's CA file"):
        await connect(tls.settings("verify-full"))


async def test_only_verify_full_checks_the_host_name(tls: TlsServer) -> None:
    with pytest.raises(CertificateRefused, match="host name"):
        await connect(tls.settings("verify-full", tls.ca, "127.0.0.1"))
    async with connected(tls.settings("verify-ca", tls.ca, "127.0.0.1")) as connection:
        assert await uses_tls(connection)


async def test_an_invalid_ca_file(tls: TlsServer, tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="cannot be read"):
        await connect(tls.settings("verify-full", tmp_path / "missing.crt"))
    (tmp_path / "empty.crt").touch()
    with pytest.raises(SettingsError, match="cannot be read"):
        await connect(tls.settings("verify-full", tmp_path / "empty.crt"))


async def test_no_password_is_sent_after_a_rejected_certificate(tls: TlsServer) -> None:
    before = tls.server.log()
    with pytest.raises(CertificateRefused):
        await connect(tls.settings("verify-full", tls.other_ca))
    assert "authenticat" not in tls.server.log().removeprefix(before)


@pytest.mark.parametrize("sslmode", ["prefer", "require"])
async def test_a_wrong_password_is_tried_once(tls: TlsServer, sslmode: str) -> None:
    before = tls.server.log()
    with pytest.raises(WrongPassword):
        await connect(
            ConnectionSettings(
                "localhost", tls.server.port, "retail", "retail", SecretStr("wrong"), sslmode=sslmode
            )
        )
    logged = tls.server.log().removeprefix(before)
    assert logged.count("connection received") == 1
    assert logged.count("password authentication failed") == 1


async def test_a_server_without_tls_is_rejected_without_a_retry(server: EmbeddedServer) -> None:
    with tcp_server(server.psql().parent) as plain:
        before = plain.log()
        for sslmode in ("require", "verify-ca", "verify-full"):
            with pytest.raises(TlsRefused, match="does not support TLS"):
                await connect(plain.settings(sslmode=sslmode, connect_seconds=60))
        assert "authenticat" not in plain.log().removeprefix(before)
        async with connected(plain.settings(sslmode="prefer")) as connection:
            assert not await uses_tls(connection)


@pytest.mark.parametrize(("version", "beside"), [("TLSv1.2", 1), ("TLSv1.3", 2)])
async def test_turns_under_tls_are_counted(tls: TlsServer, version: str, beside: int) -> None:
    """Not counted are the farewell, which TLS answers, and the second hello of TLS 1.3: Postgres 15 to 17 want their curve."""
    tls.server.sql(f"alter system set ssl_max_protocol_version = '{version}'")
    tls.server.sql("select pg_reload_conf()")
    try:
        with Link(("127.0.0.1", tls.server.port), delay=0.05) as link, counting_traffic() as traffic:
            settings = replace(tls.settings("require"), host=link.host, port=link.port)
            async with connected(settings) as connection:
                assert connection._transport.get_extra_info("ssl_object").version() == version
                await connection.execute("create temp table t (number bigint)")
                await copy_frame(connection, "pg_temp.t", pl.select(pl.int_range(100_000).alias("number")))
                assert await connection.fetchval("select count(*) + $1::int from t", 1) == 100_001
            counts, network = link.counts(), traffic.network()
    finally:
        tls.server.sql("alter system reset ssl_max_protocol_version")
        tls.server.sql("select pg_reload_conf()")
    assert network is not None
    assert (network.connections, network.turns + beside) == (1, counts.turns)
    # The rest is the handshake, and a few bytes for each record.
    assert network.bytes_sent > 1_400_000
    assert 500 < counts.sent - network.bytes_sent < 10_000
    assert 100 <= network.round_trip_ms < 200
