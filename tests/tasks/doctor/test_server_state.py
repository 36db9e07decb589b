"""A server that is read-only or full, with another schema revision, readers or clock: each finding has a fix."""

from __future__ import annotations

import time
from contextlib import AsyncExitStack
from dataclasses import replace

import pytest

from tasks.doctor.server import CLOCK
from tasks.postgres.connect import ConnectionSettings, connected
from tasks.postgres.embedded.server import SUPERUSER, EmbeddedServer
from tasks.postgres.questions import ask_rows
from tests.support.examination import OK, PROBLEM, WARNING, checks_with, examine_warehouse
from tests.support.servers import TcpServer


async def test_read_only_database(warehouse: ConnectionSettings) -> None:
    async with connected(warehouse) as connection:
        await connection.execute(
            f"alter database {warehouse.database} set default_transaction_read_only = on"
        )
    findings = await examine_warehouse(warehouse)
    assert checks_with(PROBLEM, findings) == {"writes"}
    assert "read-only" in findings["writes"].what
    assert "Free or buy space" in findings["writes"].fix


async def test_schema_public_that_others_may_write(warehouse: ConnectionSettings) -> None:
    async with connected(replace(warehouse, user=SUPERUSER)) as connection:
        await connection.execute("grant create on schema public to public")
    finding = (await examine_warehouse(warehouse))["schema public"]
    assert finding.status is WARNING
    assert finding.what.startswith("public may create objects there")
    assert "revoke create on schema public from public;" in finding.fix


async def test_fewer_connections_than_the_pool_may_use(cluster: TcpServer) -> None:
    finding = (await examine_warehouse(cluster.settings()))["connections"]
    assert finding.status is WARNING
    assert finding.what.startswith("9 free, limited by the server (max_connections 12, 3 reserved)")
    assert "a process may use 30" in finding.what
    assert (await examine_warehouse(cluster.settings(pool_size=4, max_overflow=4)))[
        "connections"
    ].status is OK


async def test_too_few_connections(cluster: TcpServer) -> None:
    async with AsyncExitStack() as held:
        for _ in range(8):
            await held.enter_async_context(connected(cluster.settings()))
        finding = (await examine_warehouse(cluster.settings(pool_size=20)))["connections"]
    assert finding.status is PROBLEM
    assert finding.what.startswith("1 free, limited by the server")


async def test_connection_limit_of_the_role(cluster: TcpServer) -> None:
    cluster.sql("alter role retail connection limit 3")
    try:
        finding = (await examine_warehouse(cluster.settings()))["connections"]
    finally:
        cluster.sql("alter role retail connection limit -1")
    assert finding.what.startswith("3 free, limited by the role retail")


@pytest.mark.parametrize(
    ("revision", "status", "message"),
    [("0001_ledger", OK, "the next run upgrades it"), ("9999_later", PROBLEM, "does not know")],
)
async def test_other_revision(
    warehouse: ConnectionSettings, revision: str, status: str, message: str
) -> None:
    async with connected(warehouse) as connection:
        await connection.execute(f"update retail_ops.schema_version set version_num = '{revision}'")
    finding = (await examine_warehouse(warehouse))["schema"]
    assert finding.status is status
    assert message in finding.what


async def test_readers(warehouse: ConnectionSettings, server: EmbeddedServer) -> None:
    async with connected(server.settings(SUPERUSER, warehouse.database)) as connection:
        await connection.execute(
            "create role doctors_analyst; create role doctors_later; grant retail_reader to doctors_analyst"
        )
        try:
            finding = (await examine_warehouse(warehouse, ["doctors_later", "doctors_analyst"]))["readers"]
            assert finding.status is OK
            assert "doctors_analyst; the next run adds doctors_later" in finding.what
            finding = (await examine_warehouse(warehouse, ["doctors_missing"]))["readers"]
            assert finding.status is PROBLEM
            assert "doctors_missing" in finding.what
            there = await connection.fetchval("select to_regrole('anon') is not null")
            await connection.execute("" if there else "create role anon noinherit")
            await connection.execute("grant usage on schema retail_dwh to anon")
            finding = (await examine_warehouse(warehouse))["readers"]
            assert finding.status is WARNING
            assert "revoke all on schema retail_dwh from anon" in finding.fix
            await connection.execute("revoke usage on schema retail_dwh from anon")
            assert (await examine_warehouse(warehouse))["readers"].status is OK
            await connection.execute("grant retail_reader to anon")
            assert (await examine_warehouse(warehouse))["readers"].status is WARNING
            await connection.execute("revoke retail_reader from anon")
            await connection.execute("" if there else "drop role anon")
        finally:
            await connection.execute("drop role doctors_analyst; drop role doctors_later")


@pytest.mark.parametrize(("ahead", "message"), [(60, "60 s ahead of"), (-60, "60 s behind")])
async def test_wrong_clock(warehouse: ConnectionSettings, ahead: int, message: str) -> None:
    async with connected(warehouse) as connection:
        answers = await ask_rows(connection, {"clock": CLOCK.query}, lambda: time.time() + ahead)
        (finding,) = CLOCK.judge(answers["clock"], warehouse)
        assert finding.status is WARNING
        assert message in finding.what
        answers = await ask_rows(connection, {"clock": CLOCK.query}, lambda: time.time() + 4)
        (finding,) = CLOCK.judge(answers["clock"], warehouse)
        assert finding.status is OK
