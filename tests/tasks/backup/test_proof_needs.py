"""Whatever a server lacks makes a proof incomplete, never passed; the rest is compared all the same."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tasks import progress
from tasks.backup.listing import Proof
from tasks.postgres.connect import ConnectionSettings, connected, with_database
from tests.support.proofs import store_backup
from tests.support.servers import TcpServer
from tests.tasks.backup.conftest import server_of_major

pytestmark = pytest.mark.slow

_TABLE = "create schema shop; create table shop.till (place text primary key); insert into shop.till values ('a'), ('B');"


@pytest.fixture(scope="module")
def debian() -> Iterator[TcpServer]:
    """A server with everything that Debian builds in: ICU, libxml, lz4 and extensions."""
    with server_of_major(15) as server:
        yield server


async def _prove_elsewhere(settings: ConnectionSettings, script: str, folder: Path, major: int = 17) -> Proof:
    """Prove a backup of Debian's server in a server of a wheel, which has less."""
    async with connected(settings) as connection:
        await connection.execute(script)
    stored = await store_backup(settings, folder)
    return await stored.prove(tools=tuple(tool for tool in stored.tools if tool.major == major))


def _database(server: TcpServer, name: str, clause: str = "") -> ConnectionSettings:
    server.sql(f"create database {name} owner retail template template0 {clause}")
    return with_database(server.settings(), name)


async def test_icu(debian: TcpServer, tmp_path: Path) -> None:
    settings = _database(debian, "sorted", "locale_provider icu icu_locale 'de'")
    proof = await _prove_elsewhere(settings, _TABLE, tmp_path)
    assert (proof.outcome, proof.findings) == ("incomplete", ("could not check: needs ICU.",))
    proof = await (await store_backup(settings, tmp_path / "again")).prove()
    assert (proof.outcome, proof.findings, proof.server_version // 10_000) == ("passed", (), 15)


async def test_rows_are_compared_where_icu_lacks(debian: TcpServer, tmp_path: Path) -> None:
    settings = _database(debian, "sorted_too", "locale_provider icu icu_locale 'de'")
    async with connected(settings) as connection:
        await connection.execute(_TABLE)
    stored = await store_backup(settings, tmp_path)
    stored.edit_manifest(lambda body: body["rows"][0].update(fingerprint="1"))
    proof = await stored.prove(tools=tuple(tool for tool in stored.tools if tool.major == 17))
    assert proof.outcome == "failed"
    assert proof.findings == ("table shop.till: other values in its 2 rows.", "could not check: needs ICU.")


async def test_partitions_by_a_locale_that_lacks(debian: TcpServer, tmp_path: Path) -> None:
    settings = _database(debian, "parts", "locale_provider icu icu_locale 'de'")
    script = (
        "create schema shop; create table shop.parts (name text) partition by range (name); "
        "create table shop.first partition of shop.parts for values from ('a') to ('n'); "
        "insert into shop.parts values ('B')"
    )
    proof = await _prove_elsewhere(settings, script, tmp_path)
    assert proof.outcome == "incomplete"
    assert proof.findings[0] == "could not check: needs ICU."
    assert "rows of shop.parts may fit no partition" in proof.findings[1]


async def test_a_locale_of_the_operating_system(debian: TcpServer, tmp_path: Path) -> None:
    settings = _database(debian, "of_libc")
    async with connected(settings) as connection:
        await connection.execute(_TABLE)
    stored = await store_backup(settings, tmp_path)
    stored.edit_manifest(lambda body: body["locale"].update(collate="xx_YY.UTF-8", ctype="xx_YY.UTF-8"))
    proof = await stored.prove()
    assert (proof.outcome, proof.findings) == (
        "incomplete",
        ("could not check: needs the locale xx_YY.UTF-8.",),
    )


async def test_an_extension_that_nothing_needs(debian: TcpServer, tmp_path: Path) -> None:
    debian.sql("alter role retail superuser")
    settings = _database(debian, "extended")
    proof = await _prove_elsewhere(settings, f'{_TABLE} create extension "uuid-ossp"', tmp_path)
    assert (proof.outcome, proof.findings) == (
        "incomplete",
        ("could not check: needs the extension uuid-ossp.",),
    )


async def test_an_extension_that_a_table_needs(debian: TcpServer, tmp_path: Path) -> None:
    script = (
        f'{_TABLE} create extension "uuid-ossp" schema shop; '
        "create table shop.ids (id uuid default shop.uuid_generate_v4())"
    )
    proof = await _prove_elsewhere(_database(debian, "needing"), script, tmp_path)
    assert proof.outcome == "incomplete"
    assert proof.findings[0] == "could not check: needs the extension uuid-ossp."
    assert proof.findings[1].startswith("could not check: the restore stopped: table shop.ids: function")


@pytest.mark.parametrize(
    ("feature", "column"),
    {
        "libxml": "x xml default '<a/>'",
        "lz4": "x text compression lz4 default repeat('x', 9000)",
        "ICU": "x text collate shop.german",
    }.items(),
)
async def test_a_feature_of_the_build(debian: TcpServer, tmp_path: Path, feature: str, column: str) -> None:
    collation = "create collation shop.german (provider = icu, locale = 'de');" if feature == "ICU" else ""
    script = f"{_TABLE} {collation} create table shop.odd (n int, {column}); insert into shop.odd values (1)"
    # The wheel of 18 is built without any of them.
    proof = await _prove_elsewhere(_database(debian, f"of_{feature.lower()}"), script, tmp_path, major=18)
    assert proof.outcome == "incomplete"
    assert proof.findings[0] == f"could not check: needs {feature}."


async def test_rows_of_a_managed_schema_need_a_project_and_its_extensions_do_not(tmp_path: Path) -> None:
    with server_of_major(15) as project:
        project.sql("create role supabase_admin; create role anon; alter role retail superuser")
        settings = _database(project, "project")
        script = f"""
        {_TABLE} grant usage on schema shop to anon; grant select on shop.till to anon;
        create schema auth; create table auth.users (id uuid primary key); insert into auth.users values (gen_random_uuid());
        create schema extensions; create extension "uuid-ossp" schema extensions;
        """
        proof = await _prove_elsewhere(settings, script, tmp_path / "with")
        assert (proof.outcome, proof.findings) == ("passed", ())
        stored = await store_backup(settings, tmp_path / "auth", included=("auth",))
        steps: list[str] = []
        with progress.listening(lambda step: steps.append(f"{step.step} {step.detail}")):
            proof = await stored.prove(tools=tuple(tool for tool in stored.tools if tool.major == 17))
        assert "backup.verify 0001.dump.age" in steps
        assert (proof.outcome, proof.findings) == (
            "incomplete",
            ("could not check: needs a Supabase project (the rows of auth).",),
        )


async def test_keys_policies_and_triggers_into_managed_schemas_are_told_and_the_rest_is_compared(
    tmp_path: Path,
) -> None:
    with server_of_major(15) as project:
        project.sql("create role supabase_admin; create role anon; alter role retail superuser")
        settings = _database(project, "project")
        script = f"""
        {_TABLE} create schema auth; create table auth.users (id uuid primary key);
        create function auth.uid() returns uuid language sql as 'select null::uuid';
        create function auth.touched() returns trigger language plpgsql as 'begin return new; end';
        create table shop.profile (id uuid constraint of_user references auth.users, name text);
        insert into shop.profile values (null, 'Ada');
        alter table shop.profile enable row level security;
        create policy "own row" on shop.profile using (id = (select auth.uid()));
        comment on policy "own row" on shop.profile is 'one''s own';
        create policy everybody on shop.till using (true);
        create trigger touched before insert on shop.profile for each row execute function auth.touched();
        """
        async with connected(settings) as connection:
            await connection.execute(script)
        stored = await store_backup(settings, tmp_path / "whole")
        proof = await stored.prove()
        assert proof.outcome == "incomplete"
        assert set(proof.findings) == {
            f"could not check: needs a Supabase project ({what} of shop.profile)."
            for what in ("foreign key of_user", "policy own row", "trigger touched")
        }
        # What does not depend on the platform is compared all the same.
        stored.edit_manifest(lambda body: body["rows"][0].update(rows=99))
        proof = await stored.prove()
        assert proof.outcome == "failed"
        assert any("99" in finding for finding in proof.findings)
