"""An owner with few privileges: the upgrade works, or the error has the statement for an administrator."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator

import pytest

from tasks.errors import RightsMissing
from tasks.postgres.connect import connected
from tasks.postgres.embedded.server import EmbeddedServer
from tasks.warehouse.migrate import migrate, schema_version
from tests.support.servers import PASSWORD, TcpServer, tcp_server


@pytest.fixture
def cluster(server: EmbeddedServer) -> Iterator[TcpServer]:
    """A cluster without the role retail_reader, and an owner who cannot create roles."""
    with tcp_server(server.psql().parent) as tcp:
        tcp.sql(f"create role plain login password '{PASSWORD}'")
        tcp.sql("create database plain owner plain")
        yield tcp


def statement_in(error: RightsMissing) -> str:
    """Return the administrator's statement from the message."""
    (statement,) = re.findall(r"Have an administrator run once: ([^;]*;) Then run again\.$", error.message)
    return str(statement)


async def test_the_reader_role_cannot_be_created(cluster: TcpServer) -> None:
    owner = cluster.settings(user="plain", database="plain")
    with pytest.raises(RightsMissing) as caught:
        await migrate(owner)
    assert statement_in(caught.value) == "create role retail_reader nologin;"
    assert await schema_version(owner) is None

    cluster.sql(statement_in(caught.value))
    assert await migrate(owner) == await schema_version(owner)


async def test_the_schemas_cannot_be_created(cluster: TcpServer) -> None:
    cluster.sql(f"create role guest login createrole password '{PASSWORD}'")
    guest = cluster.settings(user="guest", database="plain")
    with pytest.raises(RightsMissing) as caught:
        await migrate(guest)
    assert statement_in(caught.value) == 'grant create on database "plain" to "guest";'

    cluster.sql(statement_in(caught.value))
    assert await migrate(guest) == await schema_version(guest)

    # With the schemas in place, no further privilege is needed.
    cluster.sql('revoke create on database "plain" from "guest"; alter role guest nocreaterole')
    assert await migrate(guest) == await schema_version(guest)


async def test_another_role_owns_the_schemas(cluster: TcpServer) -> None:
    cluster.sql("create schema retail_ops; grant create on database plain to retail", "plain")
    stranger = cluster.settings(database="plain")
    with pytest.raises(RightsMissing, match="run as the owner of the schemas"):
        await migrate(stranger)
    cluster.sql("grant usage on schema retail_ops to retail", "plain")
    with pytest.raises(RightsMissing, match="Run as the role that owns the schemas"):
        await migrate(stranger)


async def test_another_database_creates_the_reader_role_in_parallel(cluster: TcpServer) -> None:
    """The databases of a cluster share roles, but not the lock on migrations."""
    other = cluster.settings(database="postgres")
    async with connected(other) as first:
        making = first.transaction()
        await making.start()
        await first.execute("create role retail_reader nologin")
        second = asyncio.create_task(migrate(cluster.settings()))
        async with asyncio.timeout(20):
            while not await first.fetchval("select exists (select from pg_locks where not granted)"):
                await asyncio.sleep(0.02)
        await making.commit()
        assert await second == await schema_version(cluster.settings())
