"""A restore that breaks off says in which state the target is, and a second one gets through."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO

import psutil
import pytest

from tasks.errors import RestoreFailed, VaultUnreachable
from tasks.postgres.connect import ConnectionSettings, connected
from tests.support.restores import PlainBackup, back_up, differences_of, restore
from tests.tasks.backup.test_restore_grants import SHOP

BIG = "create table shop.big as select n, md5(n::text) as text from generate_series(1, 100000) as n"


@pytest.fixture
async def backup(empty: ConnectionSettings, tmp_path: Path) -> PlainBackup:
    async with connected(empty) as connection:
        await connection.execute(f"{SHOP}; {BIG}")
    return await back_up(empty, tmp_path, big=("shop.big",))


class _Interrupted:
    """A stream that does something after half a megabyte."""

    def __init__(self, stream: BinaryIO, act: Callable[[], None]) -> None:
        self._stream, self._act, self._read = stream, act, 0

    def read(self, number: int = -1) -> bytes:
        if self._read >= 500_000:
            self._act()
        chunk = self._stream.read(min(number, 100_000))
        self._read += len(chunk)
        return chunk


def _interrupted(backup: PlainBackup, act: Callable[[], None]) -> PlainBackup:
    opened: Callable[[str], AbstractContextManager[BinaryIO]] = backup.source.open_archive

    @contextmanager
    def open_archive(name: str) -> Iterator[BinaryIO]:
        with opened(name) as stream:
            yield _Interrupted(stream, act) if name == "0001.dump" else stream  # type: ignore[misc]

    return replace(backup, source=replace(backup.source, open_archive=open_archive))


def _kill_pg_restore() -> None:
    for child in psutil.Process().children():
        if child.name() == "pg_restore":
            child.kill()


async def test_pg_restore_is_killed(backup: PlainBackup, restored: ConnectionSettings) -> None:
    with pytest.raises(RestoreFailed) as caught:
        await restore(_interrupted(backup, _kill_pg_restore), restored)
    assert caught.value.what == (
        "pg_restore was killed (signal 9). State of the target: its tables are there without keys; not all of their rows."
    )
    assert caught.value.next_step == (
        f"Fix the cause and restore again with --confirm {restored.database}, which drops what is there."
    )
    await restore(backup, restored, confirmed=restored.database)
    assert await differences_of(backup, restored) == []
    assert not [child for child in psutil.Process().children() if child.name() == "pg_restore"]


async def test_the_vault_is_gone(backup: PlainBackup, restored: ConnectionSettings) -> None:
    def fail() -> None:
        raise VaultUnreachable("no answer in time.", vault="s3://somewhere")

    with pytest.raises(RestoreFailed, match=r"no answer in time\. State of the target: its tables are there"):
        await restore(_interrupted(backup, fail), restored)
    await restore(backup, restored, confirmed=restored.database)
    assert await differences_of(backup, restored) == []


async def test_an_archive_that_was_cut(backup: PlainBackup, restored: ConnectionSettings) -> None:
    path = backup.folder / "0001.dump"
    data = path.read_bytes()
    path.write_bytes(data[: len(data) // 2])
    with pytest.raises(
        RestoreFailed, match=r"pg_restore failed: could not read .*State of the target: its tables are there"
    ):
        await restore(backup, restored)


async def test_what_the_server_refuses_is_named_without_the_row(
    empty: ConnectionSettings, restored: ConnectionSettings, tmp_path: Path
) -> None:
    async with connected(empty) as connection:
        await connection.execute(
            "create schema shop; create function shop.fits(n text) returns boolean language sql return n <> 'x'; "
            "create table shop.strict (secret text, check (shop.fits(secret))); "
            "insert into shop.strict values ('hunter2'); "
            "create or replace function shop.fits(n text) returns boolean language sql return n <> 'hunter2'; "
        )
    backup = await back_up(empty, tmp_path)
    with pytest.raises(RestoreFailed) as caught:
        await restore(backup, restored)
    assert caught.value.what.startswith(
        'pg_restore failed: COPY failed for table "strict": new row for relation "strict" violates check constraint '
        '"strict_secret_check". State of the target:'
    )
    assert "hunter2" not in str(caught.value)


async def test_definitions_that_the_server_refuses_leave_the_target_as_it_was(
    empty: ConnectionSettings, restored: ConnectionSettings, tmp_path: Path
) -> None:
    async with connected(empty) as connection:
        await connection.execute("create schema shop; create table shop.sale (id integer)")
    backup = await back_up(empty, tmp_path)
    async with connected(restored) as connection:
        await connection.execute(
            "create schema shop; create table shop.sale (id integer, kept text); insert into shop.sale values (1, 'a')"
        )
    data = (tmp_path / "0000.dump").read_bytes()
    (tmp_path / "0000.dump").write_bytes(data.replace(b"    id integer\n", b"    id integex\n"))
    with pytest.raises(RestoreFailed) as caught:
        await restore(backup, restored, confirmed=restored.database)
    assert caught.value.what == (
        'table shop.sale: type "integex" does not exist. State of the target: as before.'
    )
    async with connected(restored) as connection:
        assert await connection.fetchval("select kept from shop.sale") == "a"


@pytest.mark.parametrize("share", [0.0, 0.25])
async def test_from_the_stream_or_from_memory(
    backup: PlainBackup, restored: ConnectionSettings, share: float
) -> None:
    opened: list[str] = []
    original = backup.source.open_archive

    def open_archive(name: str) -> AbstractContextManager[BinaryIO]:
        opened.append(name)
        return original(name)

    source = replace(backup.source, open_archive=open_archive)
    await restore(replace(backup, source=source), restored, memory_share=share)
    assert await differences_of(backup, restored) == []
    assert opened.count("0000.dump") == (4 if share == 0 else 2)  # the list, then once, or once a section
