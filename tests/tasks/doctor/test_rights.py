"""A role with few rights: the findings name what is missing, and their SQL is sufficient."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from tasks.postgres.connect import ConnectionSettings, connected
from tasks.postgres.embedded.server import SUPERUSER, EmbeddedServer
from tasks.warehouse.migrate import migrate
from tests.support.examination import OK, PROBLEM, WARNING, checks_with, examine_warehouse
from tests.support.servers import PASSWORD, TcpServer


@pytest.fixture
def guest(cluster: TcpServer) -> Iterator[ConnectionSettings]:
    """A role that may only log in to an empty database."""
    cluster.sql(f"create role guest login password '{PASSWORD}'")
    cluster.sql("create database plain")
    cluster.sql("revoke temporary on database plain from public")
    yield cluster.settings(user="guest", database="plain")
    cluster.sql("drop database plain with (force)")
    cluster.sql("drop role guest")
    cluster.sql("drop role if exists retail_reader")


async def test_sql_of_the_findings_is_sufficient(cluster: TcpServer, guest: ConnectionSettings) -> None:
    findings = await examine_warehouse(guest)
    assert checks_with(PROBLEM, findings) == {"loads", "schema upgrades"}
    for name in ("loads", "schema upgrades"):
        for line in re.findall(r"(?:grant|create role) [^;]*;", findings[name].fix):
            cluster.sql(line)
    findings = await examine_warehouse(guest)
    assert checks_with(PROBLEM, findings) == set()
    await migrate(guest)
    cluster.sql("revoke create on database plain from guest")
    findings = await examine_warehouse(guest)
    assert checks_with(PROBLEM, findings) == set()
    assert "grant create" in findings["schema upgrades"].fix  # needed only before the next upgrade


async def test_role_that_does_not_own_the_schema(
    warehouse: ConnectionSettings, server: EmbeddedServer
) -> None:
    superuser = server.settings(SUPERUSER, warehouse.database)
    async with connected(superuser) as connection:
        await connection.execute("create role onlooker login")
        try:
            onlooker = server.settings("onlooker", warehouse.database)
            findings = await examine_warehouse(onlooker)
            assert findings["loads"].status is PROBLEM
            assert "retail_ops" in findings["loads"].what
            assert "owns the schemas" in findings["loads"].fix
            assert findings["backups"].status is WARNING
            assert "may not read" in findings["backups"].what
            # Row-level security still hides the rows from a role that may read.
            await connection.execute("grant pg_read_all_data to onlooker")
            findings = await examine_warehouse(onlooker)
            assert "row-level security hides rows" in findings["backups"].what
            assert findings["loads"].status is PROBLEM
            await connection.execute("alter role onlooker bypassrls")
            findings = await examine_warehouse(onlooker)
            assert findings["backups"].status is OK
        finally:
            await connection.execute("drop owned by onlooker; drop role onlooker")


async def test_table_of_another_owner_in_our_schema(
    warehouse: ConnectionSettings, server: EmbeddedServer
) -> None:
    async with connected(server.settings(SUPERUSER, warehouse.database)) as connection:
        await connection.execute("create table retail_dwh.scribble (x int)")
    findings = await examine_warehouse(warehouse)
    assert findings["loads"].status is PROBLEM
    assert "retail_dwh.scribble" in findings["loads"].what
