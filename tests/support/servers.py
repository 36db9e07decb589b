"""Further Postgres servers: on TCP with passwords, with TLS, of another major version."""

from __future__ import annotations

import hashlib
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from pydantic import SecretStr

from tasks.postgres.connect import ConnectionSettings
from tasks.postgres.embedded.binaries import find_server_user, program_environment
from tasks.postgres.embedded.server import OWNER, SUPERUSER
from tests.conftest import open_folder
from tests.support import run_folder
from tests.support.prefect_server import free_port
from tests.support.required import missing

PASSWORD = "Zauberwort-8f3a/@:#?%"
_HBA = "local all all trust\nhost all all all scram-sha-256\n"


def debian_binaries() -> Path:
    """Return the programs of a Debian package of Postgres: built with TLS, and an older major version."""
    for major in ("15", "16", "17"):
        folder = Path("/usr/lib/postgresql") / major / "bin"
        if (folder / "postgres").exists():
            return folder
    return missing("a Postgres 15 to 17 with TLS: apt-get install postgresql-15")


@dataclass
class TcpServer:
    """A server on loopback TCP. Roles log in with ``PASSWORD``; its socket accepts anyone as the superuser."""

    binaries: Path
    folder: Path
    port: int
    configuration: Mapping[str, str] = field(default_factory=dict)
    process: subprocess.Popen[bytes] | None = None

    def initialise(self, hba: str = _HBA) -> None:
        """Create the cluster, a copy of the one that initdb made for these programs earlier in this test run."""
        run = run_folder.current()
        name = f"cluster-{hashlib.sha256(str(self.binaries).encode()).hexdigest()[:8]}"
        made = run.once(name, lambda: self._make(run.path / name))
        subprocess.run(["cp", "-a", made["cluster"], self.folder / "cluster"], check=True)
        (self.folder / "cluster" / "pg_hba.conf").write_text(hba)

    def _make(self, cluster: Path) -> dict[str, Any]:
        cluster.parent.chmod(0o755)  # the server's user enters it
        user = find_server_user()
        user.make_private(cluster)
        command = [str(self.binaries / "initdb"), "-D", str(cluster), "-U", SUPERUSER]
        user.run([*command, "--auth=trust", "--locale=C", "--encoding=UTF8", "--no-sync"], "initdb", cluster)
        return {"cluster": str(cluster)}

    def start(self) -> None:
        """Start the server and wait until it accepts connections."""
        user = find_server_user()
        user.make_private(self.folder / "socket")
        configuration = {
            "listen_addresses": "127.0.0.1",
            "port": str(self.port),
            "unix_socket_directories": str(self.folder / "socket"),
            "fsync": "off",
            "log_connections": "on",
            **self.configuration,
        }
        options = [part for name, value in configuration.items() for part in ("-c", f"{name}={value}")]
        with open(self.folder / "log", "ab") as log:
            command = [str(self.binaries / "postgres"), "-D", str(self.folder / "cluster"), *options]
            self.process = user.spawn(command, log)
        deadline = time.monotonic() + 30
        while self._psql("select 1").returncode != 0:
            assert self.process.poll() is None, self.log()
            assert time.monotonic() < deadline, self.log()
            time.sleep(0.02)

    def stop(self) -> None:
        """Stop the server."""
        if self.process is not None:
            self.process.send_signal(signal.SIGINT)
            self.process.wait(30)
            self.process = None

    def kill(self) -> None:
        """Crash the server."""
        assert self.process is not None
        self.process.kill()
        self.process.wait(30)
        self.process = None

    def log(self) -> str:
        """Return the server's log."""
        return (self.folder / "log").read_text(errors="replace")

    def sql(self, script: str, database: str = "postgres") -> str:
        """Run SQL as the superuser and return the output."""
        completed = self._psql(script, database)
        assert completed.returncode == 0, completed.stderr
        return completed.stdout.strip()

    def _psql(self, script: str, database: str = "postgres") -> subprocess.CompletedProcess[str]:
        command = [str(self.binaries / "psql"), "-XqAt", "-v", "ON_ERROR_STOP=1", "-d", database]
        command += ["-h", str(self.folder / "socket"), "-p", str(self.port), "-U", SUPERUSER]
        return subprocess.run(
            command,
            input=script,
            capture_output=True,
            text=True,
            check=False,
            env=program_environment(),
            cwd="/",
        )

    def settings(self, **changed: Any) -> ConnectionSettings:
        """Return settings for TCP as the warehouse's owner."""
        return replace(
            ConnectionSettings(
                host="127.0.0.1",
                port=self.port,
                database=OWNER,
                user=OWNER,
                password=SecretStr(PASSWORD),
                connect_seconds=10,
            ),
            **changed,
        )


@contextmanager
def tcp_server(binaries: Path, hba: str = _HBA, **configuration: str) -> Iterator[TcpServer]:
    """Run a server with the warehouse's owner and database."""
    folder = open_folder("retail-tcp-")
    server = TcpServer(binaries, folder, free_port(), configuration)
    try:
        server.initialise(hba)
        server.start()
        server.sql(f"create role {OWNER} login createdb createrole password '{PASSWORD}'")
        server.sql(f"create database {OWNER} owner {OWNER}")
        yield server
    finally:
        server.stop()
        shutil.rmtree(folder, ignore_errors=True)
