"""The server is never started from what another user could change, and nothing of it runs as root."""

from __future__ import annotations

import os
import shutil

import pytest

from tasks.errors import EmbeddedServerError, UntrustedPath
from tasks.postgres.embedded.binaries import find_server_user
from tasks.postgres.embedded.server import EmbeddedServer
from tests.support.embedded_folders import QUICK, data_folder
from tests.support.required import missing

NOBODY = 65534
# Says in a file who ran it, then does the work of the program that it stands for.
_WITNESS = """#!/bin/sh
echo "$(basename "$0") $(id -u)" >> '{notes}'
exec '{program}' "$@"
"""


def require_root() -> None:
    if os.geteuid() != 0:
        missing("root, who can give files away")


def test_a_data_folder_that_others_may_write() -> None:
    with data_folder() as folder:
        folder.mkdir()
        folder.chmod(0o777)
        with pytest.raises(UntrustedPath, match=rf"chmod go-w {folder}.*--data-dir or RETAIL_DATA_DIR"):
            EmbeddedServer(folder, QUICK).start()
        assert list(folder.iterdir()) == []


def test_a_data_folder_of_another_user() -> None:
    require_root()
    with data_folder() as folder:
        folder.mkdir()
        os.chown(folder, NOBODY, NOBODY)
        with pytest.raises(UntrustedPath, match="belongs to user nobody"):
            EmbeddedServer(folder, QUICK).start()


def test_a_link_of_another_user_to_a_folder_of_ours() -> None:
    require_root()
    with data_folder() as folder:
        folder.mkdir()
        link = folder.parent / "link"
        link.symlink_to(folder)
        os.chown(link, NOBODY, NOBODY, follow_symlinks=False)
        with pytest.raises(UntrustedPath, match=f"{link} .*belongs to user nobody"):
            EmbeddedServer(link, QUICK).start()


@pytest.mark.slow
def test_programs_that_another_user_put_there_never_run() -> None:
    require_root()
    with data_folder() as folder:
        server = EmbeddedServer(folder, QUICK)
        server.start()
        server.stop()
        ready = server.psql().with_name("pg_isready")
        notes = folder.parent / "notes"
        ready.rename(ready.with_name("real"))
        ready.write_text(_WITNESS.format(notes=notes, program=ready.with_name("real")))
        ready.chmod(0o755)
        os.chown(ready, NOBODY, NOBODY)
        with pytest.raises(UntrustedPath, match=r"pg_isready belongs to user nobody.*delete .*/software-"):
            server.start()
        assert not notes.exists()
        copy = next(server.folder.glob("software-*"))
        shutil.rmtree(copy)
        server.start()


@pytest.mark.slow
def test_every_program_runs_as_the_servers_user() -> None:
    runner = find_server_user()
    if runner.uid is None:
        missing("root, whose programs run as another user")
    with data_folder() as folder:
        server = EmbeddedServer(folder, QUICK)
        server.folder.mkdir(parents=True)
        notes = folder.parent / "notes"
        notes.touch()
        notes.chmod(0o666)
        programs = server.psql().parent
        for program in list(programs.iterdir()):
            real = program.with_name(f"{program.name}.real")
            program.rename(real)
            program.write_text(_WITNESS.format(notes=notes, program=real))
            program.chmod(0o755)
        # initdb looks for a postgres of its own name and version beside it.
        shutil.copy(programs / "postgres.real", programs / "postgres")
        server.start()
        noted = {tuple(line.split()) for line in notes.read_text().splitlines()}
    assert {name for name, _ in noted} >= {"initdb", "pg_isready", "psql"}
    assert {user for _, user in noted} == {str(runner.uid)}


def test_a_socket_folder_of_another_user_is_not_connected_to() -> None:
    require_root()
    with data_folder("deep/" * 30 + "folder") as folder:
        server = EmbeddedServer(folder, QUICK)
        server.socket_dir.mkdir(mode=0o700)
        os.chown(server.socket_dir, 42, 42)
        try:
            with pytest.raises(UntrustedPath, match="belongs to user"):
                server.start()
        finally:
            os.chown(server.socket_dir, 0, 0)


def test_a_lock_that_leads_elsewhere_truncates_nothing() -> None:
    with data_folder() as folder:
        precious = folder.parent / "precious"
        precious.write_text("mine")
        server = EmbeddedServer(folder, QUICK)
        server.folder.mkdir(parents=True)
        (server.folder / "lock").symlink_to(precious)
        with pytest.raises(EmbeddedServerError, match="cannot be used"):
            server.start()
        assert precious.read_text() == "mine"
        (server.folder / "lock").unlink()
