"""The run's workspace: outputs are folders of zstd-compressed Parquet, named by a hash of their inputs.

An output is written to a temporary folder and renamed when complete. So a run that dies leaves no partial
output under a final name, and the next run reuses the finished ones. The manifest records the hashes of
the files: an output that lost or changed one is made again. Files are 0600, folders 0700, and a folder that another
user can change is refused.
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
from tasks.metering import count_bytes
from tasks.workspace.integrity import MANIFEST, are_whole, check_workspace, hash_files, make_folder


def hash_of(*values: object) -> str:
    """Return the first 32 hex digits of the SHA-256 of the values' JSON: the name of an output."""
    text = json.dumps(values, sort_keys=True, separators=(",", ":"), default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:32]


@contextmanager
def checked_workspace(root: Path) -> Iterator[None]:
    """Raise WorkspaceFull for every OSError inside the block, which works in the workspace ``root``.

    Raises UntrustedPath if another user can change the workspace.
    """
    try:
        check_workspace(root)
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
    """Make an output, unless it exists.

    Processes that make the same output at the same time do not disturb each other.

    Args:
        root: The workspace.
        kind: Folder in the workspace: ``bronze`` or ``silver``.
        name: Name of the output, from ``hash_of``.
        fill: Writes the output into the empty folder it gets and returns the manifest: JSON values and
            dataclasses of them.

    Returns:
        The folder ``root/kind/name`` and the manifest, as JSON values only.

    Raises:
        WorkspaceFull: The workspace cannot be written.
        UntrustedPath: Another user can change the workspace or the output.
    """
    final = root / kind / name
    with checked_workspace(root):
        for folder in (root, final.parent):
            make_folder(folder)
        existing = _read_manifest(final)
        if existing is not None:
            os.utime(final)
            return final, existing
        partial = _temporary_path(final, "partial")
        partial.mkdir(mode=0o700)
        try:
            made = fill(partial)
            text = json.dumps({"made": made, "hashes": hash_files(partial)}, default=vars)
            write_text(partial / MANIFEST, text)
            count_bytes(written=sum(file.stat().st_size for file in partial.iterdir()))
            _publish(partial, final)
        finally:
            # No longer there once renamed. Files that cannot be deleted now are left to prune.
            shutil.rmtree(partial, ignore_errors=True)
    manifest: dict[str, Any] = json.loads(text)["made"]
    return final, manifest


def _temporary_path(final: Path, suffix: str) -> Path:
    return final.with_name(f"{final.name}.{suffix}-{os.getpid()}-{time.monotonic_ns()}")


def _read_manifest(folder: Path) -> dict[str, Any] | None:
    """Return the manifest of a finished output, or None if the output is missing or incomplete.

    Raises UntrustedPath if another user can change it.
    """
    try:
        check_workspace(folder / MANIFEST)
        content = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        complete = are_whole(folder, content["hashes"])
    except (FileNotFoundError, NotADirectoryError, ValueError, KeyError, TypeError, AttributeError):
        return None
    manifest: dict[str, Any] = content["made"]
    return manifest if complete else None


def _publish(partial: Path, final: Path) -> None:
    while True:
        try:
            partial.rename(final)
        except OSError as error:
            if error.errno not in {errno.ENOTEMPTY, errno.EEXIST}:
                raise
            if _read_manifest(final) is not None:  # another process was faster
                return
            _discard(final)
        else:
            return


def _discard(folder: Path) -> None:
    # Renamed first, so that no process sees it half deleted under its name.
    renamed = _temporary_path(folder, "gone")
    with suppress(FileNotFoundError):
        folder.rename(renamed)
        # Files that cannot be deleted now are left to prune.
        shutil.rmtree(renamed, ignore_errors=True)


def write_text(path: Path, text: str) -> None:
    """Write ``text`` to a file that only its owner can read; it is on disk when this returns."""
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())


def part_path(folder: Path | str, number: int) -> Path:
    """Return the path of part ``number`` (from 0) in the folder of an output."""
    return Path(folder) / f"part-{number:05d}.parquet"


def prune(root: Path, days: float) -> int:
    """Delete the bronze and silver outputs unused for ``days`` days, and return their number."""
    oldest = time.time() - days * 86400
    stale = [
        folder
        for kind in ("bronze", "silver")
        for folder in (root / kind).glob("*")
        if _last_used(folder) < oldest
    ]
    for folder in stale:
        _discard(folder)
    return len(stale)


def _last_used(folder: Path) -> float:
    try:
        return folder.stat().st_mtime
    except FileNotFoundError:  # another run prunes at the same time
        return float("inf")
