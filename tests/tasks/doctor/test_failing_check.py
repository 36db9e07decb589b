"""A check that fails costs its own finding only, although all of them are asked in one turn."""

from __future__ import annotations

import asyncio
import time
from dataclasses import replace

import pytest

from tasks.doctor import database
from tasks.postgres.connect import ConnectionSettings, connected
from tasks.postgres.embedded.server import SUPERUSER
from tests.support.examination import OK, PROBLEM, SKIPPED, WARNING, checks_with, examine_warehouse
from tests.tasks.doctor.test_sound_database import ALL_CHECKS


async def test_function_that_the_role_may_not_call(warehouse: ConnectionSettings) -> None:
    async with connected(replace(warehouse, user=SUPERUSER)) as connection:
        await connection.execute("revoke execute on function pg_database_size(name) from public")
    findings = await examine_warehouse(warehouse)
    assert checks_with(WARNING, findings) == {"size"}
    assert checks_with(OK, findings) == ALL_CHECKS - {"size"}
    assert "permission denied for function pg_database_size" in findings["size"].what


async def test_several_revisions(warehouse: ConnectionSettings) -> None:
    async with connected(warehouse) as connection:
        await connection.execute("insert into retail_ops.schema_version values ('0001_ledger')")
    findings = await examine_warehouse(warehouse)
    assert checks_with(WARNING, findings) == {"schema"}
    assert checks_with(OK, findings) == ALL_CHECKS - {"schema"}
    assert "retail_ops.schema_version has 2 rows: 0001_ledger" in findings["schema"].what


async def test_locked_table(warehouse: ConnectionSettings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database, "ALL_QUESTIONS_SECONDS", 0.5)
    monkeypatch.setattr(database, "CHECK_SECONDS", 1.0)
    async with connected(warehouse) as connection, connection.transaction():
        await connection.execute("lock table retail_ops.schema_version in access exclusive mode")
        findings = await examine_warehouse(warehouse)
    assert checks_with(WARNING, findings) == {"schema"}
    assert checks_with(OK, findings) == ALL_CHECKS - {"schema"}
    assert findings["schema"].what == "the server did not answer in time."


async def test_role_that_may_not_read_the_revision(warehouse: ConnectionSettings) -> None:
    superuser = replace(warehouse, user=SUPERUSER)
    async with connected(superuser) as connection:
        await connection.execute("create role outsider login")
        try:
            findings = await examine_warehouse(replace(warehouse, user="outsider"))
        finally:
            await connection.execute("drop role outsider")
    assert checks_with(WARNING, findings) >= {"schema"}
    assert "permission denied for schema retail_ops" in findings["schema"].what
    assert checks_with(PROBLEM, findings) == {"loads"}
    assert checks_with(SKIPPED, findings) == set()


async def test_lost_connection(warehouse: ConnectionSettings) -> None:
    async with connected(replace(warehouse, user=SUPERUSER)) as connection:
        await connection.execute("begin; lock table retail_ops.schema_version in access exclusive mode")

        async def end_session() -> None:
            waiting = "relation = 'retail_ops.schema_version'::regclass and not granted"
            end = f"select pg_terminate_backend(pid) from pg_locks where {waiting}"
            started = time.monotonic()
            while not await connection.fetch(end):
                assert time.monotonic() - started < 5
                await asyncio.sleep(0.02)

        ending = asyncio.create_task(end_session())
        findings = await examine_warehouse(warehouse)
        await ending
    assert findings["session"].status is WARNING
    assert "connection was lost" in findings["session"].what
    assert findings["clock"].what == "the connection was lost"
    assert checks_with(SKIPPED, findings) == ALL_CHECKS - {"way in", "connection", "encryption", "session"}
