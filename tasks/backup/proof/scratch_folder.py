"""The folder of a scratch server: one for each proof, removed at its end, or by the next proof if it was killed.

A proof locks a file in its folder. The operating system releases the lock with the process, so that a folder whose file
nobody locks belongs to a proof that has ended.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import signal
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from tasks import progress
from tasks.errors import EmbeddedServerError, ScratchServerFailed
from tasks.postgres.embedded.processes import find_postmaster, stop_orphans

_PREFIX = "retail-proof-"
_LOCK = "lock"
_FLAGS = os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW
_MAX_PATH = 50  # of the folder, so that the socket's path fits into sun_path
_STOP_SECONDS = 10.0


@contextmanager
def scratch_folder() -> Iterator[Path]:
    """Make a folder for the block, known as in use until its end; whoever made the content removes it.

    Raises:
        ScratchServerFailed: there is no place for it.
    """
    parent = tempfile.gettempdir()
    if len(os.fsencode(parent)) > _MAX_PATH or "," in parent:
        parent = "/tmp"  # noqa: S108 - a socket's path has a limit; mkdtemp makes the folder, and it is ours alone
    while True:
        try:
            folder = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=parent)).resolve()
            # Postgres runs as another user if we are root; its own folders inside are 0700.
            folder.chmod(0o711)
            handle = os.open(folder / _LOCK, _FLAGS | os.O_CREAT, 0o600)
        except OSError as error:
            raise ScratchServerFailed(
                f"no scratch server can be made in {parent}: {error.strerror}.",
                "Set TMPDIR to a folder with space for the whole database.",
            ) from None
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
            if not (folder / _LOCK).exists():
                continue  # another proof took it for one that was left
            yield folder
            return
        finally:
            os.close(handle)


def remove_leftovers() -> None:
    """Stop the servers of proofs that were killed, and remove their folders."""
    for parent in {tempfile.gettempdir(), "/tmp"}:  # noqa: S108 - only what is ours is touched
        for folder in Path(parent).glob(f"{_PREFIX}*"):
            with suppress(OSError):
                _remove_if_left(folder)


def _remove_if_left(folder: Path) -> None:
    if folder.is_symlink() or folder.lstat().st_uid != os.geteuid():
        return
    try:
        handle = os.open(folder / _LOCK, _FLAGS)
    except FileNotFoundError:
        if time.time() - folder.stat().st_mtime > 60:  # else it is just being made
            remove_scratch_folder(folder)
        return
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return  # in use
    else:
        progress.report("proof.leftovers", f"removing {folder} of a proof that was killed")
        remove_scratch_folder(folder)
    finally:
        os.close(handle)


def remove_scratch_folder(folder: Path) -> None:
    """Stop whatever server still runs in a scratch folder, and remove it; what cannot be removed is reported."""
    cluster = folder.resolve() / "cluster"
    try:
        deadline = time.monotonic() + _STOP_SECONDS
        while (postmaster := find_postmaster(cluster)) is not None and time.monotonic() < deadline:
            with suppress(ProcessLookupError):
                os.kill(postmaster, signal.SIGQUIT)
            time.sleep(0.05)
        if postmaster is not None:
            with suppress(ProcessLookupError):
                os.kill(postmaster, signal.SIGKILL)
        stop_orphans(cluster)
        shutil.rmtree(folder)
    except (EmbeddedServerError, OSError) as error:
        progress.report("proof.leftovers", f"{folder} cannot be removed: {error}")
