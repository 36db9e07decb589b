"""A role with few rights: what it may not do, and the lines that an administrator runs, which then suffice."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from tasks.postgres.connect import ConnectionSettings, connected
from tasks.postgres.embedded.server import SUPERUSER, EmbeddedServer
from tasks.warehouse.migrate import migrate
from tests.support.examination import OK, PROBLEM, WARNING, examine_warehouse, statuses
from tests.support.servers import PASSWORD, TcpServer


@pytest.fixture
def guest(cluster: TcpServer) -> Iterator[ConnectionSettings]:
    """A role that may log in to an empty database and nothing more."""
    cluster.sql(f"create role guest login password '{PASSWORD}'")
    cluster.sql("create database plain")
    cluster.sql("revoke temporary on database plain from public")
    yield cluster.settings(user="guest", database="plain")
    cluster.sql("drop database plain with (force)")
    cluster.sql("drop role guest")
    cluster.sql("drop role if exists retail_reader")


async def test_the_lines_of_the_findings_suffice(cluster: TcpServer, guest: ConnectionSettings) -> None:
    found = await examine_warehouse(guest)
    assert statuses(found, PROBLEM) == {"loads", "schema upgrades"}
    for name in ("loads", "schema upgrades"):
        for line in re.findall(r"(?:grant|create role) [^;]*;", found[name].fix):
            cluster.sql(line)
    found = await examine_warehouse(guest)
    assert statuses(found, PROBLEM) == set()
    await migrate(guest)
    cluster.sql("revoke create on database plain from guest")
    found = await examine_warehouse(guest)
    assert statuses(found, PROBLEM) == set()
    assert "grant create" in found["schema upgrades"].fix  # of use before the next upgrade alone


async def test_who_does_not_own_the_schema(warehouse: ConnectionSettings, server: EmbeddedServer) -> None:
    superuser = server.settings(SUPERUSER, warehouse.database)
    async with connected(superuser) as connection:
        await connection.execute("create role onlooker login")
        try:
            onlooker = server.settings("onlooker", warehouse.database)
            found = await examine_warehouse(onlooker)
            assert found["loads"].status is PROBLEM
            assert "retail_ops" in found["loads"].what
            assert "owns the schemas" in found["loads"].fix
            assert found["backups"].status is WARNING
            assert "may not read" in found["backups"].what
            # Who may read is still hindered by row level security.
            await connection.execute("grant pg_read_all_data to onlooker")
            found = await examine_warehouse(onlooker)
            assert "row level security hides rows" in found["backups"].what
            assert found["loads"].status is PROBLEM
            await connection.execute("alter role onlooker bypassrls")
            found = await examine_warehouse(onlooker)
            assert found["backups"].status is OK
        finally:
            await connection.execute("drop owned by onlooker; drop role onlooker")


async def test_a_foreign_table_in_our_schema(warehouse: ConnectionSettings, server: EmbeddedServer) -> None:
    async with connected(server.settings(SUPERUSER, warehouse.database)) as connection:
        await connection.execute("create table retail_dwh.scribble (x int)")
    found = await examine_warehouse(warehouse)
    assert found["loads"].status is PROBLEM
    assert "retail_dwh.scribble" in found["loads"].what
