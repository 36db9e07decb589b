"""Backups of Supabase projects: managed schemas stay the platform's, and their rows come back where they were asked for."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest

from tasks.backup.create import BackupRequest, create_backup
from tasks.backup.dump.tools import find_tools
from tasks.backup.keys.identities import read_identities
from tasks.backup.restore.decrypted import DecryptedArchives
from tasks.backup.restore.restore import RestoreRequest, RestoreSource, plan_restore, restore_database
from tasks.backup.vault.local import LocalVault
from tasks.errors import RestoreRefused
from tasks.postgres.connect import ConnectionSettings, connected
from tests.support.age import make_key
from tests.support.servers import TcpServer
from tests.support.supabase import OWN, PLATFORM, ROLES, ROWS
from tests.tasks.backup.conftest import server_of_major

_numbers = count(1)


@pytest.fixture(scope="module")
def supabase() -> Iterator[TcpServer]:
    with server_of_major(15) as server:
        server.sql(ROLES)
        yield server


def _project(server: TcpServer, rows: str = "") -> ConnectionSettings:
    name = f"project_{next(_numbers)}"
    server.sql(f"create database {name} owner retail")
    server.sql(PLATFORM, name)
    if rows:
        server.sql(rows, name)
    return server.settings(database=name)


async def _backed_up(server: TcpServer, folder: Path, *included: str) -> RestoreSource:
    source = _project(server, ROWS)
    async with connected(source) as connection:
        await connection.execute(OWN)
    vault, tools = LocalVault(folder / "vault"), await find_tools()
    request = BackupRequest((make_key(folder / "identity"),), b"key", included=included)
    created = await create_backup(source, vault, tools, request)
    archives = DecryptedArchives(vault, created.manifest, read_identities(folder / "identity"))
    return RestoreSource(created.manifest, archives, tools)


async def test_into_an_empty_project(supabase: TcpServer, tmp_path: Path) -> None:
    source = await _backed_up(supabase, tmp_path, "auth", "storage")
    assert not {"auth", "storage", "vault", "extensions"} & set(source.manifest.catalogue["schemas"])
    target = _project(supabase)
    await restore_database(source, target, RestoreRequest())
    async with connected(target) as connection:
        query = "select email from auth.users join public.profile using (id)"
        assert await connection.fetchval(query) == "ada@example.com"
        assert await connection.fetchval("select count(*) from auth.identities") == 1
        assert await connection.fetchval("select count(*) from storage.objects") == 1
        assert await connection.fetchval("select count(*) from storage.migrations") == 1
        assert not await connection.fetchval("select has_table_privilege('anon', 'public.profile', 'select')")


async def test_users_of_the_target_are_never_mixed_with_those_of_the_backup(
    supabase: TcpServer, tmp_path: Path
) -> None:
    source = await _backed_up(supabase, tmp_path, "auth")
    target = _project(supabase, "insert into auth.users values (gen_random_uuid(), 'b@example.com')")
    with pytest.raises(RestoreRefused, match=r"auth\.users of the target already has rows"):
        await restore_database(source, target, RestoreRequest())
    async with connected(target) as connection:
        assert await connection.fetchval("select to_regclass('public.profile')") is None
        assert await connection.fetchval("select count(*) from auth.users") == 1


async def test_a_role_that_may_not_skip_triggers_is_refused_beforehand(
    supabase: TcpServer, tmp_path: Path
) -> None:
    source = await _backed_up(supabase, tmp_path, "auth")
    target = _project(supabase)
    supabase.sql("revoke set on parameter session_replication_role from retail")
    try:
        plan = await plan_restore(source, target)
        assert any("may not set session_replication_role" in sentence for sentence in plan.refusals)
    finally:
        supabase.sql("grant set on parameter session_replication_role to retail")


async def test_rows_of_users_that_nobody_has_are_refused_beforehand(
    supabase: TcpServer, tmp_path: Path
) -> None:
    source = await _backed_up(supabase, tmp_path)
    target = _project(supabase)
    with pytest.raises(
        RestoreRefused, match=r"rows of public\.profile refer to rows of auth\.users.*--include auth"
    ):
        await restore_database(source, target, RestoreRequest())
    async with connected(target) as connection:
        assert await connection.fetchval("select to_regclass('public.profile')") is None
    supabase.sql(ROWS, target.database)  # the project that the backup comes from has them
    await restore_database(source, target, RestoreRequest())
    async with connected(target) as connection:
        assert await connection.fetchval("select name from public.profile") == "Ada"


async def test_a_plain_postgres_is_refused_with_what_needs_a_project(
    supabase: TcpServer, tmp_path: Path
) -> None:
    source = await _backed_up(supabase, tmp_path)
    with server_of_major(15) as plain:
        plain.sql("create database target owner retail")
        target = plain.settings(database="target")
        with pytest.raises(RestoreRefused, match="cannot be restored there") as refused:
            await restore_database(source, target, RestoreRequest())
        for sentence in (
            "foreign key profile_id_fkey of public.profile: refers to auth.users, which only a Supabase project has",
            "policy own of public.profile: refers to auth.uid, which only a Supabase project has",
        ):
            assert sentence in str(refused.value)
        async with connected(target) as connection:
            assert await connection.fetchval("select to_regclass('public.profile')") is None
