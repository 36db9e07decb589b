"""A proof in a server that somebody named: it is left as it was, also after a kill."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest

from tasks import progress
from tasks.errors import RightsMissing
from tasks.postgres.connect import ConnectionSettings, with_database
from tests.support.proofs import StoredBackup, store_backup
from tests.support.servers import PASSWORD, TcpServer
from tests.tasks.backup.conftest import server_of_major

pytestmark = pytest.mark.slow

_HELD = """
select string_agg(name, ', ' order by name) from (
    select 'database ' || datname from pg_database union all select 'role ' || rolname from pg_roles
) as held (name)
"""


@pytest.fixture(scope="module")
def given() -> Iterator[TcpServer]:
    with server_of_major(18) as server:
        yield server


@pytest.fixture(scope="module")
def stored(everything: ConnectionSettings, tmp_path_factory: pytest.TempPathFactory) -> StoredBackup:
    return asyncio.run(store_backup(everything, tmp_path_factory.mktemp("everything")))


def _as(server: TcpServer, role: str, attributes: str) -> ConnectionSettings:
    server.sql(f"create role {role} login {attributes} password '{PASSWORD}'")
    return server.settings(user=role, database="postgres")


@pytest.mark.parametrize("attributes", ["superuser", "createdb createrole"], ids=["superuser", "owner"])
async def test_the_server_is_left_as_it_was(given: TcpServer, stored: StoredBackup, attributes: str) -> None:
    prover = _as(given, f"prover_{len(attributes)}", attributes)
    if "superuser" not in attributes:  # a role that is there must be one that it may act as
        given.sql(f"grant retail to {prover.user}")
    held = given.sql(_HELD)
    proof = await stored.prove(prover)
    assert proof.findings == ()
    assert proof.server_version // 10_000 == 18
    assert given.sql(_HELD) == held


async def test_a_cancelled_proof_leaves_the_server_as_it_was(given: TcpServer, stored: StoredBackup) -> None:
    prover = _as(given, "canceller", "superuser")
    held = given.sql(_HELD)
    proving = asyncio.create_task(stored.prove(prover))

    def cancel(step: progress.Progress) -> None:
        if step.step == "restore.keys":
            proving.cancel()

    with progress.listening(cancel), pytest.raises(asyncio.CancelledError):
        await proving
    assert given.sql(_HELD) == held


async def test_what_a_killed_proof_left_goes_with_the_next_one_and_that_of_a_running_one_stays(
    given: TcpServer, stored: StoredBackup
) -> None:
    prover = _as(given, "killer", "superuser")
    held = given.sql(_HELD)
    address = f"postgresql://{prover.user}:{quote(PASSWORD, safe='')}@127.0.0.1:{prover.port}/postgres"
    command = [sys.executable, "-m", "tests.support.killed_proof", str(stored.folder.parent)]
    with subprocess.Popen(
        [*command, str(stored.identity), address], stdout=subprocess.PIPE, text=True, env=dict(os.environ)
    ) as process:
        assert process.stdout is not None
        assert any(line.strip() == "proof.compare" for line in process.stdout)
        running = given.sql("select datname from pg_database where datname like 'retail\\_proof\\_%'")
        assert (await stored.prove(prover)).outcome == "passed"
        assert running in given.sql(_HELD)
        process.kill()
    for _ in range(100):
        if not given.sql(f"select pid from pg_stat_activity where application_name = '{running}'"):
            break
        await asyncio.sleep(0.05)
    assert running in given.sql(_HELD)
    assert (await stored.prove(prover)).outcome == "passed"
    assert given.sql(_HELD) == held


async def test_rights_that_the_role_lacks_are_named(given: TcpServer, stored: StoredBackup) -> None:
    prover = _as(given, "weak", "")
    with pytest.raises(RightsMissing, match=r'alter role "weak" createdb createrole;'):
        await stored.prove(prover)
    given.sql("alter role weak createdb createrole")
    with pytest.raises(RightsMissing, match=r"may not act as retail, whose objects"):
        await stored.prove(prover)


async def test_what_only_a_superuser_may_restore_cannot_be_checked(given: TcpServer, tmp_path: Path) -> None:
    given.sql("create database special owner retail")
    given.sql(
        "create schema shop; create table shop.till (id integer); alter schema shop owner to retail; "
        "alter table shop.till owner to retail; "
        "create function shop.same(n integer) returns integer language sql leakproof return n; "
        "alter function shop.same owner to retail; "
        "create function shop.note() returns event_trigger language plpgsql as 'begin end'; "
        "alter function shop.note owner to retail; "
        "create event trigger note on ddl_command_end execute function shop.note(); "
        "create publication everywhere for all tables",
        "special",
    )
    superuser = with_database(_as(given, "boss", "superuser"), "special")
    stored = await store_backup(superuser, tmp_path)
    proof = await stored.prove()
    assert proof.findings == ()
    owner = _as(given, "plain", "createdb createrole")
    given.sql("grant retail to plain")
    proof = await stored.prove(owner)
    assert proof.outcome == "incomplete"
    assert proof.findings == (
        "could not check: needs a superuser (event trigger note: missing).",
        "could not check: needs a superuser (function shop.same(n integer): its definition differs).",
        "could not check: needs a superuser (function shop.same(n integer): its leakproof is off instead of on).",
        "could not check: needs a superuser (publication everywhere: missing).",
    )


async def test_default_privileges_of_the_template_give_nobody_anything(
    given: TcpServer, stored: StoredBackup
) -> None:
    prover = _as(given, "lavish", "superuser")
    given.sql("create role anyone; alter database template0 allow_connections true")
    # As Supabase's do: whatever this role makes, everybody may read and write.
    given.sql(
        "alter default privileges for role lavish grant all on tables to anyone; "
        "alter default privileges for role lavish grant all on functions to anyone",
        "template0",
    )
    try:
        proof = await stored.prove(prover)
    finally:
        given.sql(
            "drop owned by lavish; alter default privileges for role lavish revoke all on tables from anyone; "
            "alter default privileges for role lavish revoke all on functions from anyone",
            "template0",
        )
        given.sql("alter database template0 allow_connections false")
    assert (proof.outcome, proof.findings) == ("passed", ())
