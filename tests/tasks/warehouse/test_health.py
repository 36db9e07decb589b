"""The health of the warehouse: each check says what the real thing is like, by its thresholds."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from tasks.postgres.connect import ConnectionSettings, connected
from tasks.postgres.embedded.server import SUPERUSER
from tasks.postgres.pool import QueryPool
from tasks.warehouse.health.examine import examine_health
from tasks.warehouse.health.finding import (
    DEFAULT_THRESHOLDS,
    HealthFinding,
    HealthStatus,
    HealthThresholds,
    Limits,
)
from tests.support.plain_run import run
from tests.support.slices import days, write

OK, WARNING, CRITICAL = HealthStatus.OK, HealthStatus.WARNING, HealthStatus.CRITICAL
NAMES = (
    "connection_time_p50",
    "connection_time_p95",
    "pool",
    "tls",
    "server_version",
    "writes",
    "replication",
    "long_transactions",
    "locks",
    "connections",
    "last_run",
    "last_good_run",
    "last_backup",
    "last_proof",
    "disk",
)


async def _health(
    database: ConnectionSettings | QueryPool, thresholds: HealthThresholds = DEFAULT_THRESHOLDS
) -> dict[str, HealthFinding]:
    findings = await examine_health(database, thresholds, tries=2)
    assert len(findings) == len({finding.name for finding in findings})
    return {finding.name: finding for finding in findings}


async def _execute(warehouse: ConnectionSettings, statements: str) -> None:
    async with connected(warehouse) as connection:
        await connection.execute(statements)


async def test_sound_warehouse(warehouse: ConnectionSettings, tmp_path: Path) -> None:
    await run(warehouse, tmp_path / "workspace", [write(tmp_path / "day.csv", days(1, 1))])
    findings = await _health(warehouse)
    assert tuple(findings) == NAMES
    assert {finding.status for finding in findings.values()} == {OK}, findings
    assert findings["writes"].value == "read-write"
    assert findings["tls"].value == "none"
    assert str(findings["server_version"].value)[:2] in {"15", "16", "17", "18"}
    times = [findings[f"connection_time_{name}"].value for name in ("p50", "p95")]
    assert all(isinstance(value, float) and 0 < value < 1000 for value in times)
    assert times == sorted(times, key=lambda value: float(value or 0))
    hours = findings["last_good_run"].value
    assert isinstance(hours, float)
    assert 0 <= hours < 0.1
    assert findings["disk"].next_step == "Set RETAIL_DISK_MB."
    assert findings["locks"].as_json() == {
        "name": "locks",
        "status": "ok",
        "value": 0.0,
        "unit": "s",
        "what": "no session waits for a lock",
        "next_step": "",
    }


async def test_database_without_the_schema(empty: ConnectionSettings) -> None:
    findings = await _health(empty)
    assert {name for name, finding in findings.items() if finding.status is not OK} == {
        "last_run",
        "last_backup",
        "disk",
    }
    assert findings["last_run"].what.startswith("could not be checked: ")


async def test_one_failing_question_costs_its_finding_only(warehouse: ConnectionSettings) -> None:
    await _execute(warehouse, "alter table retail_ops.backup_proof rename to elsewhere")
    findings = await _health(warehouse)
    assert [name for name, finding in findings.items() if finding.status is not OK] == ["last_backup"]
    assert findings["last_backup"].status is WARNING


async def test_read_only_database(warehouse: ConnectionSettings) -> None:
    await _execute(warehouse, f"alter database {warehouse.database} set default_transaction_read_only = on")
    finding = (await _health(warehouse))["writes"]
    assert (finding.status, finding.value) == (CRITICAL, "read-only")
    assert "Free or buy space" in finding.next_step


@asynccontextmanager
async def _blocked(warehouse: ConnectionSettings) -> AsyncIterator[tuple[int, int]]:
    """A session that holds a lock, and one that waits for it: their processes."""
    lock = "lock table retail_dwh.dim_country in access exclusive mode"
    async with connected(warehouse) as holder, connected(warehouse) as waiter:
        await holder.execute(f"begin; {lock}")
        pids = holder.get_server_pid(), waiter.get_server_pid()
        waiting = asyncio.create_task(waiter.execute(f"begin; {lock}; rollback"))
        async with connected(warehouse) as watching:
            while not await watching.fetchval("select count(*) from pg_locks where not granted"):
                await asyncio.sleep(0.02)
        yield pids
        await holder.execute("rollback")
        await waiting


async def test_who_blocks_whom(warehouse: ConnectionSettings) -> None:
    async with _blocked(warehouse) as (holder, waiter):
        findings = await _health(warehouse, replace(DEFAULT_THRESHOLDS, lock_seconds=Limits(0, 600)))
        assert findings["locks"].status is WARNING
        assert f"process {waiter} (prefect-retail, role retail) waits for process {holder} (" in (
            findings["locks"].what
        )
        assert "(retail_dwh.dim_country)" in findings["locks"].what
        assert findings["long_transactions"].status is OK
        strict = replace(DEFAULT_THRESHOLDS, transaction_minutes=Limits(0, 0), lock_seconds=Limits(0, 0))
        findings = await _health(warehouse, strict)
        assert findings["locks"].status is CRITICAL
        assert findings["long_transactions"].status is CRITICAL
        assert f"process {holder} (" in findings["long_transactions"].what
        assert f"pg_terminate_backend({holder})" in findings["long_transactions"].next_step
        assert (await _health(warehouse))["locks"].status is OK
    assert (await _health(warehouse, strict))["locks"].value == 0


async def test_age_of_runs(warehouse: ConnectionSettings, tmp_path: Path) -> None:
    findings = await _health(warehouse)
    assert {(findings[name].status, findings[name].value) for name in ("last_run", "last_good_run")} == {
        (OK, None)
    }
    await run(warehouse, tmp_path / "workspace", [write(tmp_path / "day.csv", days(1, 1))])
    back = "update retail_ops.run set started_at = started_at - interval '{0}', finished_at = finished_at - interval '{0}'"
    await _execute(warehouse, back.format("30 hours"))
    findings = await _health(warehouse)
    assert findings["last_run"].status is findings["last_good_run"].status is WARNING
    assert findings["last_run"].value == pytest.approx(30, abs=0.1)
    await _execute(warehouse, back.format("30 hours"))
    assert (await _health(warehouse))["last_good_run"].status is CRITICAL
    await _execute(
        warehouse,
        "insert into retail_ops.run (run_id, started_at, finished_at, status, parameters, versions) "
        "values (gen_random_uuid(), now(), now(), 'crashed', '{}', '{}')",
    )
    findings = await _health(warehouse)
    assert findings["last_run"].status is WARNING
    assert findings["last_run"].what.endswith("; it crashed.")
    assert findings["last_good_run"].status is CRITICAL


_BACKUP = (
    "insert into retail_ops.backup (backup_id, kind, tables, vault, created_at, finished_at, size_bytes, objects, row_count, "
    "manifest_sha256) values (gen_random_uuid(), 'full', '{}', '/vault/', now() - interval '3 days', now(), 1, 1, 1, ''); "
)
_PROOF = (
    "insert into retail_ops.backup_proof values "
    "(gen_random_uuid(), gen_random_uuid(), '/vault/', now() - interval '90 days', 'passed', '{}'), "
    "(gen_random_uuid(), gen_random_uuid(), '/vault/', now(), 'failed', '{}')"
)


async def test_age_of_backups(warehouse: ConnectionSettings) -> None:
    scheduled = replace(DEFAULT_THRESHOLDS, is_backup_scheduled=True)
    findings = await _health(warehouse)
    assert findings["last_backup"].status is findings["last_proof"].status is OK
    findings = await _health(warehouse, scheduled)
    assert findings["last_backup"].status is findings["last_proof"].status is WARNING
    await _execute(warehouse, _BACKUP)
    findings = await _health(warehouse)
    assert findings["last_backup"].status is findings["last_proof"].status is WARNING
    assert findings["last_backup"].value == pytest.approx(72, abs=0.1)
    await _execute(warehouse, _PROOF)
    finding = (await _health(warehouse))["last_proof"]
    assert (finding.status, finding.unit) == (CRITICAL, "days")
    assert finding.value == pytest.approx(90, abs=0.1)


async def test_disk(warehouse: ConnectionSettings) -> None:
    async with connected(warehouse) as connection:
        size = await connection.fetchval("select pg_database_size(current_database())")
        await connection.execute(
            "insert into retail_ops.size_history values (now() - interval '10 days', $1)".replace(
                "$1", str(size - 10_000_000)
            )
        )
    statuses = {}
    for room in (1_000_000, 15_000_000, 10_000_000_000):
        finding = (await _health(warehouse, replace(DEFAULT_THRESHOLDS, disk_bytes=size + room)))["disk"]
        statuses[room] = finding.status
        assert isinstance(finding.value, float)
        assert finding.value == pytest.approx(room / 1e6, rel=0.2)
    assert statuses == {1_000_000: CRITICAL, 15_000_000: WARNING, 10_000_000_000: OK}


async def test_slot_that_nobody_reads(warehouse: ConnectionSettings) -> None:
    superuser = replace(warehouse, user=SUPERUSER)
    await _execute(superuser, "select pg_create_physical_replication_slot('forgotten_slot', true)")
    try:
        finding = (await _health(warehouse, replace(DEFAULT_THRESHOLDS, wal_mb=Limits(0, 8192))))[
            "replication"
        ]
    finally:
        await _execute(superuser, "select pg_drop_replication_slot('forgotten_slot')")
    assert finding.status is WARNING
    assert "Nobody reads forgotten_slot." in finding.what
    assert (await _health(warehouse, replace(DEFAULT_THRESHOLDS, wal_mb=Limits(0, 8192))))[
        "replication"
    ].status is OK


async def test_pool(warehouse: ConnectionSettings) -> None:
    small = replace(warehouse, pool_size=4, max_overflow=4)
    async with QueryPool(small) as pool, AsyncExitStack() as held:
        assert (await _health(pool))["pool"].value == 12.5
        for _ in range(6):
            await held.enter_async_context(pool.connection())
        finding = (await _health(pool))["pool"]
    assert (finding.status, finding.value, finding.unit) == (WARNING, 87.5, "%")
    assert finding.what == "7 of 8 connections of this process in use"
    async with connected(small):
        assert (await _health(small))["pool"].value == 25.0


async def test_slow_connections(warehouse: ConnectionSettings) -> None:
    findings = await _health(warehouse, replace(DEFAULT_THRESHOLDS, connection_ms=Limits(0.001, 60_000)))
    assert findings["connection_time_p95"].status is WARNING
    findings = await _health(warehouse, replace(DEFAULT_THRESHOLDS, connection_ms=Limits(0.001, 0.001)))
    assert findings["connection_time_p50"].status is CRITICAL
