"""Read-only, full, of another schema, with strange readers or another clock: each is told with its way out."""

from __future__ import annotations

import time
from contextlib import AsyncExitStack

import pytest

from tasks.doctor.server import examine_clock
from tasks.postgres.connect import ConnectionSettings, connected
from tasks.postgres.embedded.server import SUPERUSER, EmbeddedServer
from tests.support.examination import OK, PROBLEM, WARNING, examine_warehouse, statuses
from tests.support.servers import TcpServer


async def test_a_read_only_database(warehouse: ConnectionSettings) -> None:
    async with connected(warehouse) as connection:
        await connection.execute(
            f"alter database {warehouse.database} set default_transaction_read_only = on"
        )
    found = await examine_warehouse(warehouse)
    assert statuses(found, PROBLEM) == {"writes"}
    assert "read-only" in found["writes"].what
    assert "Free or buy space" in found["writes"].fix


async def test_fewer_connections_than_the_pool_may_take(cluster: TcpServer) -> None:
    found = (await examine_warehouse(cluster.settings()))["connections"]
    assert found.status is WARNING
    assert found.what.startswith("9 free at the server (max_connections 12, 3 reserved)")
    assert "one process may take 30" in found.what
    assert (await examine_warehouse(cluster.settings(pool_size=4, max_overflow=4)))[
        "connections"
    ].status is OK


async def test_next_to_no_connections(cluster: TcpServer) -> None:
    async with AsyncExitStack() as held:
        for _ in range(8):
            await held.enter_async_context(connected(cluster.settings()))
        found = (await examine_warehouse(cluster.settings(pool_size=20)))["connections"]
    assert found.status is PROBLEM
    assert found.what.startswith("1 free at the server")


async def test_the_roles_own_limit_counts(cluster: TcpServer) -> None:
    cluster.sql("alter role retail connection limit 3")
    try:
        found = (await examine_warehouse(cluster.settings()))["connections"]
    finally:
        cluster.sql("alter role retail connection limit -1")
    assert found.what.startswith("3 free at the role retail")


@pytest.mark.parametrize(
    ("revision", "status", "said"),
    [("0001_ledger", OK, "the next run brings it"), ("9999_later", PROBLEM, "does not know")],
)
async def test_another_revision(warehouse: ConnectionSettings, revision: str, status: str, said: str) -> None:
    async with connected(warehouse) as connection:
        await connection.execute(f"update retail_ops.schema_version set version_num = '{revision}'")
    found = (await examine_warehouse(warehouse))["schema"]
    assert found.status is status
    assert said in found.what


async def test_who_reads(warehouse: ConnectionSettings, server: EmbeddedServer) -> None:
    async with connected(server.settings(SUPERUSER, warehouse.database)) as connection:
        await connection.execute(
            "create role doctors_analyst; create role doctors_later; grant retail_reader to doctors_analyst"
        )
        try:
            found = (await examine_warehouse(warehouse, ["doctors_later", "doctors_analyst"]))["readers"]
            assert found.status is OK
            assert "doctors_analyst; the next run adds doctors_later" in found.what
            found = (await examine_warehouse(warehouse, ["doctors_missing"]))["readers"]
            assert found.status is PROBLEM
            assert "doctors_missing" in found.what
            there = await connection.fetchval("select to_regrole('anon') is not null")
            await connection.execute("" if there else "create role anon noinherit")
            await connection.execute("grant usage on schema retail_dwh to anon")
            found = (await examine_warehouse(warehouse))["readers"]
            assert found.status is WARNING
            assert "revoke all on schema retail_dwh from anon" in found.fix
            await connection.execute("revoke usage on schema retail_dwh from anon")
            assert (await examine_warehouse(warehouse))["readers"].status is OK
            await connection.execute("grant retail_reader to anon")
            assert (await examine_warehouse(warehouse))["readers"].status is WARNING
            await connection.execute("revoke retail_reader from anon")
            await connection.execute("" if there else "drop role anon")
        finally:
            await connection.execute("drop role doctors_analyst; drop role doctors_later")


@pytest.mark.parametrize(("ahead", "said"), [(60, "60 s ahead of"), (-60, "60 s behind")])
async def test_a_clock_that_is_wrong(warehouse: ConnectionSettings, ahead: int, said: str) -> None:
    async with connected(warehouse) as connection:
        (found,) = await examine_clock(connection, warehouse, lambda: time.time() + ahead)
        assert found.status is WARNING
        assert said in found.what
        (found,) = await examine_clock(connection, warehouse, lambda: time.time() + 4)
        assert found.status is OK
