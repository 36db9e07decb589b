"""The first restore of a warehouse into an empty database makes the tables of the locks before it begins."""

from __future__ import annotations

import asyncio
from pathlib import Path

import asyncpg
import pytest

from tasks import progress
from tasks.errors import RestoreFailed, RetailError
from tasks.postgres.connect import ConnectionSettings, connected
from tests.support.restores import PlainBackup, back_up, differences_of, restore

_SHARE = "begin; lock table retail_ops.backup_lock in access share mode nowait; rollback"


async def _backup_may_begin(settings: ConnectionSettings) -> bool:
    async with connected(settings) as connection:
        try:
            await connection.execute(_SHARE)
        except asyncpg.LockNotAvailableError:
            await connection.execute("rollback")
            return False
    return True


async def test_no_backup_begins_when_the_definitions_commit(
    warehouse: ConnectionSettings, empty: ConnectionSettings, tmp_path: Path
) -> None:
    backup = await back_up(warehouse, tmp_path)
    outcomes: set[str] = set()
    done = asyncio.Event()

    async def try_to_begin() -> None:
        """Begin, like a backup, as soon as nothing holds the lock; tell whether the tables were there."""
        async with connected(empty) as connection:
            while not done.is_set():
                try:
                    await connection.execute(
                        "begin; lock table retail_ops.backup_lock in access share mode nowait"
                    )
                    there = await connection.fetchval(
                        "select to_regclass('retail_dwh.fact_sale') is not null"
                    )
                    outcomes.add("began with tables" if there else "began before")
                except (
                    asyncpg.LockNotAvailableError,
                    asyncpg.UndefinedTableError,
                    asyncpg.InvalidSchemaNameError,
                ):
                    outcomes.add("kept out")
                await connection.execute("rollback")

    trying = [asyncio.ensure_future(try_to_begin()) for _ in range(3)]

    def on_step(step: progress.Progress) -> None:
        if step.step == "restore.keys":
            done.set()

    with progress.listening(on_step):
        await restore(backup, empty)
    await asyncio.gather(*trying)
    assert "kept out" in outcomes
    assert "began with tables" not in outcomes


@pytest.mark.slow
async def test_no_backup_begins_during_a_first_restore(
    warehouse: ConnectionSettings, empty: ConnectionSettings, tmp_path: Path
) -> None:
    backup = await back_up(warehouse, tmp_path)
    tasks: list[asyncio.Task[bool]] = []

    def on_step(step: progress.Progress) -> None:
        if step.step in {"restore.rows", "restore.keys"}:
            tasks.append(asyncio.ensure_future(_backup_may_begin(empty)))

    with progress.listening(on_step):
        await restore(backup, empty)
    assert await asyncio.gather(*tasks) == [False, False]
    assert await _backup_may_begin(empty)
    assert await differences_of(backup, empty) == []


def _break_definitions(backup: PlainBackup) -> None:
    path = backup.folder / "0000.dump"
    data = path.read_bytes()
    broken = data.replace(b"    run_id uuid", b"    run_id uuix")
    assert broken != data
    path.write_bytes(broken)


async def test_a_first_restore_that_fails_leaves_nothing(
    warehouse: ConnectionSettings, empty: ConnectionSettings, tmp_path: Path
) -> None:
    backup = await back_up(warehouse, tmp_path)
    _break_definitions(backup)
    with pytest.raises(RestoreFailed, match=r'"uuix" does not exist\. State of the target: as before\. Fix'):
        await restore(backup, empty)
    async with connected(empty) as connection:
        assert await connection.fetchval("select to_regnamespace('retail_ops')") is None


async def test_a_lock_that_is_lost_leaves_the_target_as_it_was(
    warehouse: ConnectionSettings, empty: ConnectionSettings, tmp_path: Path
) -> None:
    backup = await back_up(warehouse, tmp_path)
    ended: list[asyncio.Task[None]] = []

    async def end_holder() -> None:
        async with connected(empty) as connection:
            await connection.execute(
                "select pg_terminate_backend(pid) from pg_locks "
                "where relation = 'retail_ops.load_lock'::regclass and granted"
            )

    def on_step(step: progress.Progress) -> None:
        if step.step == "restore.definitions":
            ended.append(asyncio.ensure_future(end_holder()))

    with progress.listening(on_step), pytest.raises(RetailError):
        await restore(backup, empty)
    await asyncio.gather(*ended)
    async with connected(empty) as connection:
        assert await connection.fetchval("select to_regclass('retail_dwh.fact_sale')") is None


async def test_what_another_session_uses_is_left_and_told(
    warehouse: ConnectionSettings, empty: ConnectionSettings, tmp_path: Path
) -> None:
    backup = await back_up(warehouse, tmp_path)
    _break_definitions(backup)
    holding: list[asyncio.Task[None]] = []
    failed = asyncio.Event()

    async def hold() -> None:
        async with connected(empty) as connection:
            await connection.execute("begin; lock table retail_ops.load_lock in access share mode")
            await failed.wait()
            await connection.execute("rollback")

    def on_step(step: progress.Progress) -> None:
        if step.step == "restore.definitions":
            holding.append(asyncio.ensure_future(hold()))

    with (
        progress.listening(on_step),
        pytest.raises(RestoreFailed, match=r"as before, but for empty lock tables in retail_ops"),
    ):
        await restore(backup, empty)
    failed.set()
    await asyncio.gather(*holding)
    async with connected(empty) as connection:
        assert await connection.fetchval("select to_regclass('retail_ops.backup_lock')::text")
