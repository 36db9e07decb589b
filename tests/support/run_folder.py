"""The folder that all processes of a test run share, and the servers that the first process to need one starts."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import signal
import tempfile
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_MEMORY = Path("/dev/shm")
_ROOM = 6 * 1024**3
_current: RunFolder | None = None


def memory() -> Path | None:
    """The folder for the servers of the tests: in memory if there is room, else None, the usual temporary folder.

    Each test creates and drops a database of 300 files, which takes several times the CPU on a disk.
    """
    has_room = os.access(_MEMORY, os.W_OK) and shutil.disk_usage(_MEMORY).free > _ROOM
    return _MEMORY if has_room else None


@dataclass(frozen=True)
class RunFolder:
    """The folder, and the id of the process that controls the test run (pytest itself, or xdist's controller)."""

    path: Path
    controller: int

    @classmethod
    def create(cls) -> RunFolder:
        """A new folder for a test run that this process controls."""
        return cls(Path(tempfile.mkdtemp(prefix="retail-run-", dir=memory())), os.getpid())

    def once(self, name: str, start: Callable[[], dict[str, Any]]) -> dict[str, Any]:
        """Call ``start`` in the first process that asks, and return its result in all.

        ``remove`` ends the process group ``pid`` of the result, if it has one.
        """
        record = self.path / f"{name}.json"
        with open(self.path / f"{name}.lock", "w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not record.exists():
                record.write_text(json.dumps(start()))
            started: dict[str, Any] = json.loads(record.read_text())
        return started

    def remove(self) -> None:
        """End the servers and remove the folder."""
        for record in self.path.glob("*.json"):
            group = json.loads(record.read_text()).get("pid")
            if group:
                with suppress(ProcessLookupError):
                    os.killpg(group, signal.SIGKILL)
        shutil.rmtree(self.path, ignore_errors=True)


def use(folder: RunFolder) -> None:
    """Set the folder of this process's test run."""
    global _current  # noqa: PLW0603 - one for the process, like os.environ
    _current = folder


def current() -> RunFolder:
    """The folder of this process's test run."""
    assert _current is not None, "pytest_configure has not run"
    return _current
