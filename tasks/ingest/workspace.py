"""The run's workspace: folders of zstd Parquet, named by a hash of what made them.

An output is written aside and renamed when whole, so a run that died leaves nothing half-made
under a final name, and the next one takes up what is finished. Files are 0600, folders 0700.
"""

from __future__ import annotations

import errno
import hashlib
import json
import os
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import polars as pl

from tasks.errors import WorkspaceFull

MANIFEST = "manifest.json"
_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EACCES, errno.EROFS, errno.EPERM, errno.ENOTDIR})


def hash_of(*values: object) -> str:
    """SHA-256 (32 hex digits of it) of the JSON of ``values``: the name of an output."""
    text = json.dumps(values, sort_keys=True, separators=(",", ":"), default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:32]


@contextmanager
def _explained(root: Path) -> Iterator[None]:
    try:
        yield
    except (OSError, pl.exceptions.ComputeError) as error:
        code = getattr(error, "errno", None)
        if code in _FULL or "os error 28" in str(error) or "No space left" in str(error):
            raise WorkspaceFull(
                f"The workspace {root} cannot be written ({os.strerror(code) if code else error}). Free space, or "
                "choose another folder with RETAIL_WORKSPACE; then run again: nothing was half-loaded.",
                folder=str(root),
            ) from error
        raise


def make(root: Path, kind: str, name: str, fill: Callable[[Path], dict[str, Any]]) -> tuple[Path, dict[str, Any]]:
    """Return the folder ``root/kind/name`` and its manifest, made by ``fill`` unless it is there.

    ``fill`` gets an empty folder aside and returns the manifest (JSON values). Two processes that make
    the same output do not disturb each other. Raises WorkspaceFull if the disk does not take it.
    """
    final = root / kind / name
    found = _manifest(final)
    if found is not None:
        os.utime(final)
        return final, found
    partial = final.with_name(f"{name}.partial-{os.getpid()}-{time.monotonic_ns()}")
    with _explained(root):
        partial.mkdir(mode=0o700, parents=True)
    try:
        with _explained(root):
            manifest = fill(partial)
            write_text(partial / MANIFEST, json.dumps(manifest))
            try:
                partial.rename(final)
            except OSError as error:
                if error.errno not in {errno.ENOTEMPTY, errno.EEXIST}:
                    raise
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    return final, _manifest(final) or manifest


def _manifest(folder: Path) -> dict[str, Any] | None:
    try:
        manifest: dict[str, Any] = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    except (FileNotFoundError, NotADirectoryError):
        return None
    return manifest


def write_text(path: Path, text: str) -> None:
    """Write ``text`` to a file that only its owner may read, on disk before this returns."""
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())


def write_part(frame: pl.DataFrame, path: Path) -> None:
    """Write one part as zstd Parquet, readable by its owner only."""
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        frame.write_parquet(file, compression="zstd", compression_level=1, statistics=False)


def part(folder: Path | str, number: int) -> Path:
    """Path of the part of that number in an output's folder."""
    return Path(folder) / f"part-{number:05d}.parquet"


def prune(root: Path, days: float) -> int:
    """Delete bronze, silver and quarantine outputs not used for ``days`` days; return how many."""
    oldest = time.time() - days * 86400
    stale = [
        folder
        for kind in ("bronze", "silver")
        if (root / kind).is_dir()
        for folder in (root / kind).iterdir()
        if folder.stat().st_mtime < oldest
    ]
    for folder in stale:
        shutil.rmtree(folder, ignore_errors=True)
    return len(stale)
