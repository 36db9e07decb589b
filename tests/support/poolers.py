"""PgBouncer, the stand-in for Supabase's poolers."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

from tasks.postgres.embedded.binaries import find_server_user
from tests.conftest import open_folder
from tests.support.prefect_server import free_port
from tests.support.required import missing
from tests.support.servers import TcpServer


def _program() -> str:
    program = shutil.which("pgbouncer") or shutil.which("pgbouncer", path="/usr/sbin")
    if program:
        return program
    return missing("PgBouncer: apt-get install pgbouncer")


def _forgets_statements(program: str) -> str:
    """Return the setting that makes a newer PgBouncer forget prepared statements, as older ones do."""
    version = subprocess.run([program, "--version"], capture_output=True, text=True, check=True, timeout=10)
    major, minor = re.findall(r"PgBouncer (\d+)\.(\d+)", version.stdout)[0]
    return "max_prepared_statements = 0\n" if (int(major), int(minor)) >= (1, 21) else ""


@contextmanager
def pgbouncer(
    server: TcpServer, mode: Literal["session", "transaction"], port: int | None = None, clients: int = 15
) -> Iterator[int]:
    """Run PgBouncer in front of a server, with the limits of the shared pooler, and yield its port."""
    program, folder, port = _program(), open_folder("retail-pgbouncer-"), port or free_port()
    (folder / "users.txt").write_text(f'"retail" "{_password_of(server)}"\n')
    (folder / "pgbouncer.ini").write_text(
        f"[databases]\n* = host=127.0.0.1 port={server.port}\n[pgbouncer]\n"
        f"listen_addr = 127.0.0.1\nlisten_port = {port}\nunix_socket_dir =\n"
        f"auth_type = scram-sha-256\nauth_file = {folder}/users.txt\nlogfile = {folder}/log\n"
        f"pool_mode = {mode}\ndefault_pool_size = {clients}\nquery_wait_timeout = 60\n{_forgets_statements(program)}"
    )
    process = _start(program, folder)
    try:
        _wait_for(process, folder, port)
        yield port
    finally:
        process.kill()  # on SIGTERM, newer versions wait for their clients
        process.wait(10)
        shutil.rmtree(folder, ignore_errors=True)


def _password_of(server: TcpServer) -> str:
    return server.settings().password.get_secret_value().replace('"', '""')  # type: ignore[union-attr]


def _start(program: str, folder: Path) -> subprocess.Popen[bytes]:
    user = find_server_user()
    for path in (folder, *folder.iterdir()):
        if user.uid is not None and user.gid is not None:
            os.chown(path, user.uid, user.gid)
    with open(folder / "out", "ab") as out:
        return user.spawn([program, str(folder / "pgbouncer.ini")], out)


def _wait_for(process: subprocess.Popen[bytes], folder: Path, port: int) -> None:
    deadline = time.monotonic() + 15
    while "process up" not in (folder / "log").read_text() if (folder / "log").exists() else True:
        assert process.poll() is None, (folder / "out").read_text()
        assert time.monotonic() < deadline, f"PgBouncer did not come up on port {port}"
        time.sleep(0.02)
