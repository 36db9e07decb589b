"""What keeps an output from being read that we did not write: ownership, and a hash of each file in the manifest."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

from tasks import ownership
from tasks.errors import OutputDamaged
from tasks.metering import count_bytes

MANIFEST = "manifest.json"
SETTING = "RETAIL_WORKSPACE"
_OTHERWISE = f"choose another folder with {SETTING}"


def check_workspace(path: Path) -> None:
    """Check that nobody else can change the workspace, or a path in it. Raises UntrustedPath."""
    ownership.check_trusted(path, SETTING, _OTHERWISE)


def make_folder(folder: Path) -> None:
    """Make a private folder of the workspace, and what is missing above it. Raises UntrustedPath."""
    ownership.make_folder(folder, SETTING, _OTHERWISE)


def hash_files(folder: Path) -> dict[str, str]:
    """SHA-256 of each file of an output by name, without its manifest."""
    return {file.name: _hash_file(file) for file in folder.iterdir() if file.name != MANIFEST}


def are_whole(folder: Path, hashes: dict[str, str]) -> bool:
    """True if the files of an output are those that were written."""
    return all(_hash_file(folder / name) == expected for name, expected in hashes.items())


def _hash_file(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def read_checked(path: Path) -> bytes:
    """Read a file of an output that is as it was written.

    Raises:
        OutputDamaged: The file changed or is gone.
        UntrustedPath: Another user can change it.
    """
    check_workspace(path)
    check_workspace(path.parent / MANIFEST)
    try:
        expected = json.loads((path.parent / MANIFEST).read_text(encoding="utf-8"))["hashes"][path.name]
        content = path.read_bytes()
    except FileNotFoundError:
        raise _damaged(path, "is gone") from None
    except (ValueError, KeyError, TypeError):
        raise _damaged(path, "has no hash in its manifest") from None
    if hashlib.sha256(content).hexdigest() != expected:
        raise _damaged(path, "changed since it was written")
    count_bytes(read=len(content))
    return content


def _damaged(path: Path, what: str) -> OutputDamaged:
    return OutputDamaged(f"{path} {what}.", "Run again: the output is made anew.", path=str(path))
