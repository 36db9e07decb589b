"""The run's workspace: folders of zstd Parquet, named by a hash of what made them.

An output is written aside and renamed when whole, so a run that died leaves nothing half-made
under a final name, and the next one takes up what is finished. Its manifest holds the sizes of its
files: one that lost some, in a crash of the machine, is made again. Files are 0600, folders 0700.
"""

from __future__ import annotations

import errno
import hashlib
import json
import os
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from tasks.errors import WorkspaceFull

MANIFEST = "manifest.json"


def hash_of(*values: object) -> str:
    """SHA-256 (32 hex digits of it) of the JSON of ``values``: the name of an output."""
    text = json.dumps(values, sort_keys=True, separators=(",", ":"), default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:32]


@contextmanager
def writing(root: Path) -> Iterator[None]:
    """A block that works under the workspace ``root``; what the system refuses there raises WorkspaceFull."""
    try:
        yield
    except OSError as error:
        if error.errno is None:
            raise
        raise WorkspaceFull(
            f"The workspace {root} cannot be used ({os.strerror(error.errno)}).",
            "Free space, or choose another folder with RETAIL_WORKSPACE; then run again: "
            "nothing was half-loaded.",
            folder=str(root),
        ) from error


def make_output(
    root: Path, kind: str, name: str, fill: Callable[[Path], dict[str, Any]]
) -> tuple[Path, dict[str, Any]]:
    """Return the folder ``root/kind/name`` and its manifest, made by ``fill`` unless it is there.

    ``fill`` gets an empty folder aside and returns the manifest (JSON values and dataclasses of them; they come
    back as JSON values). Two processes that make the same output do not disturb each other. Raises WorkspaceFull
    if the disk does not take it.
    """
    final = root / kind / name
    with writing(root):
        found = _manifest(final)
        if found is not None:
            os.utime(final)
            return final, found
        for folder in (root, root / kind):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        partial = _beside(final, "partial")
        partial.mkdir(mode=0o700)
        try:
            made = fill(partial)
            sizes = {file.name: file.stat().st_size for file in partial.iterdir()}
            text = json.dumps({"made": made, "sizes": sizes}, default=vars)
            write_text(partial / MANIFEST, text)
            _publish(partial, final)
        finally:
            # Renamed, it is there no more; what cannot be deleted now, prune deletes in time.
            shutil.rmtree(partial, ignore_errors=True)
    manifest: dict[str, Any] = json.loads(text)["made"]
    return final, manifest


def _beside(final: Path, what: str) -> Path:
    return final.with_name(f"{final.name}.{what}-{os.getpid()}-{time.monotonic_ns()}")


def _manifest(folder: Path) -> dict[str, Any] | None:
    """What ``fill`` told of a finished output; None if it is not there, or not whole."""
    try:
        told = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        whole = all((folder / name).stat().st_size == size for name, size in told["sizes"].items())
    except (FileNotFoundError, NotADirectoryError, ValueError, KeyError):
        return None
    manifest: dict[str, Any] = told["made"]
    return manifest if whole else None


def _publish(partial: Path, final: Path) -> None:
    while True:
        try:
            partial.rename(final)
        except OSError as error:
            if error.errno not in {errno.ENOTEMPTY, errno.EEXIST}:
                raise
            if _manifest(final) is not None:  # another process was faster
                return
            _discard(final)
        else:
            return


def _discard(folder: Path) -> None:
    # Renamed first, so that nobody finds it half deleted under its name.
    gone = _beside(folder, "gone")
    with suppress(FileNotFoundError):
        folder.rename(gone)
        # What cannot be deleted now, prune deletes in time.
        shutil.rmtree(gone, ignore_errors=True)


def write_text(path: Path, text: str) -> None:
    """Write ``text`` to a file that only its owner may read, on disk before this returns."""
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())


def part_path(folder: Path | str, number: int) -> Path:
    """Path of the part of that number in an output's folder."""
    return Path(folder) / f"part-{number:05d}.parquet"


def prune(root: Path, days: float) -> int:
    """Delete bronze and silver (with its quarantine) that was not used for ``days`` days; return how many."""
    oldest = time.time() - days * 86400
    stale = [
        folder
        for kind in ("bronze", "silver")
        for folder in (root / kind).glob("*")
        if _used(folder) < oldest
    ]
    for folder in stale:
        _discard(folder)
    return len(stale)


def _used(folder: Path) -> float:
    try:
        return folder.stat().st_mtime
    except FileNotFoundError:  # another run prunes too
        return float("inf")
