"""The load lock needs a privilege, reports and limits the wait for it, and does not block readers and pg_dump."""

from __future__ import annotations

import asyncio
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import asyncpg
import pytest

from tasks import progress
from tasks.errors import WarehouseBusy
from tasks.postgres.connect import ConnectionSettings, connected
from tasks.postgres.embedded.server import SUPERUSER, EmbeddedServer
from tasks.warehouse.load_lock import locked_transaction
from tests.support.plain_run import run, state
from tests.support.scenario import FIRST, Story

# The lock of releases up to 0.1.
_ADVISORY = "select pg_advisory_xact_lock(hashtext('prefect-retail load'))"


@asynccontextmanager
async def _stranger(warehouse: ConnectionSettings) -> AsyncIterator[asyncpg.Connection]:
    """Create a role that can only connect."""
    async with connected(replace(warehouse, user=SUPERUSER)) as superuser:
        await superuser.execute("create role stranger_to_loads login")
        try:
            async with connected(replace(warehouse, user="stranger_to_loads")) as connection:
                yield connection
        finally:
            await superuser.execute("drop role stranger_to_loads")


async def test_a_role_without_privileges_cannot_stop_loads(
    warehouse: ConnectionSettings, tmp_path: Path
) -> None:
    story = Story(tmp_path)
    story.write({"a.csv": FIRST["a.csv"]})
    async with _stranger(warehouse) as stranger:
        for statement in (_ADVISORY, "select pg_advisory_lock(hashtext('prefect-retail load'))"):
            await stranger.execute(f"begin; {statement}")
            async with asyncio.timeout(20):
                await run(warehouse, tmp_path, [story.folder])
            await stranger.execute("rollback")
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await stranger.execute("begin; lock table retail_ops.load_lock in access share mode")
    assert (await state(warehouse)).lines > 0


async def test_runs_of_the_previous_release_wait_and_are_waited_for(warehouse: ConnectionSettings) -> None:
    async with connected(warehouse) as old, connected(warehouse) as new:
        async with old.transaction():
            await old.execute(_ADVISORY)
            waiting = asyncio.ensure_future(_locked(new, warehouse))
            await asyncio.sleep(0.5)
            assert not waiting.done()
        async with asyncio.timeout(10):
            await waiting
        async with locked_transaction(new, warehouse), old.transaction():
            assert not await old.fetchval(_ADVISORY.replace("pg_advisory", "pg_try_advisory"))


async def test_a_wait_is_reported_with_the_holder_and_times_out(warehouse: ConnectionSettings) -> None:
    events: list[progress.Progress] = []
    async with connected(warehouse) as holder, connected(warehouse) as waiter:
        async with locked_transaction(holder, warehouse):
            pid = await holder.fetchval("select pg_backend_pid()")
            with progress.listening(events.append), pytest.raises(WarehouseBusy) as caught:
                await _locked(waiter, replace(warehouse, load_lock_timeout=2.5))
        assert f"process {pid} (prefect-retail, role retail, since 2" in caught.value.what
        assert "RETAIL_LOAD_LOCK_TIMEOUT_MINUTES" in caught.value.next_step
        (wait,) = [event for event in events if event.step == "load.waiting"]
        assert f"process {pid} (" in wait.detail
        # The waiting session is still usable.
        await _locked(waiter, warehouse)


async def test_readers_and_pg_dump_do_not_wait(warehouse: ConnectionSettings, server: EmbeddedServer) -> None:
    async with connected(warehouse) as holder, locked_transaction(holder, warehouse):
        async with connected(replace(warehouse, lock_timeout=0.5)) as reader:
            assert await reader.fetchval("select count(*) from retail_ops.load_lock") == 0
        command = [
            str(server.psql().with_name("pg_dump")),
            "--lock-wait-timeout=2000",
            "--host",
            warehouse.host,
        ]
        command += ["--username", warehouse.user, "--dbname", warehouse.database]
        done = await asyncio.to_thread(subprocess.run, command, capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, done.stderr
        assert "CREATE TABLE retail_ops.load_lock" in done.stdout


async def _locked(connection: asyncpg.Connection, settings: ConnectionSettings) -> None:
    async with locked_transaction(connection, settings):
        pass
