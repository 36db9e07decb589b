"""A run in a process of its own, which may kill itself at a named step; started by the tests."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tasks import progress
from tasks.postgres.connect import ConnectionSettings
from tests.support.plain_run import run

_ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Fate:
    """How a process ended: its return code (minus the signal), and the last step it wrote down."""

    code: int
    landed: str


class Child:
    """A process that runs ``sources`` into a warehouse once it is told to go."""

    def __init__(
        self,
        warehouse: ConnectionSettings,
        folder: Path,
        sources: Sequence[Path],
        *,
        die_at: str = "",
        occurrence: int = 1,
        batch_bytes: int = 1,
    ) -> None:
        """Start it. It dies by SIGKILL when the step ``die_at`` comes for the ``occurrence``-th time."""
        self._landed = folder / f"landed-{os.urandom(4).hex()}"
        orders = {
            "host": warehouse.host,
            "database": warehouse.database,
            "user": warehouse.user,
            "workspace": str(folder / "workspace"),
            "sources": [str(source) for source in sources],
            "die_at": die_at,
            "occurrence": occurrence,
            "batch_bytes": batch_bytes,
            "landed": str(self._landed),
        }
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.support.killed_load", json.dumps(orders)],
            cwd=_ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def wait_until_ready(self) -> None:
        """Return when it has imported everything and waits for its order."""
        assert self._process.stdout is not None
        assert self._process.stdout.readline() == "ready\n"

    def go(self) -> None:
        """Let it run."""
        assert self._process.stdin is not None
        self._process.stdin.write("go\n")
        self._process.stdin.flush()

    def end(self) -> Fate:
        """Wait for its end."""
        code = self._process.wait(timeout=60)
        for pipe in (self._process.stdin, self._process.stdout):
            assert pipe is not None
            pipe.close()
        return Fate(code, self._landed.read_text() if self._landed.exists() else "")


def die(
    warehouse: ConnectionSettings,
    folder: Path,
    sources: Sequence[Path],
    step: str,
    *,
    occurrence: int = 1,
    batch_bytes: int = 1,
) -> None:
    """Run ``sources`` in a process that is killed at ``step``, and assert that it ended there and so."""
    child = Child(warehouse, folder, sources, die_at=step, occurrence=occurrence, batch_bytes=batch_bytes)
    child.wait_until_ready()
    child.go()
    assert child.end() == Fate(-signal.SIGKILL, f"{step} {occurrence}")


def _main() -> None:
    orders = json.loads(sys.argv[1])
    left = orders["occurrence"]

    def listener(what: progress.Progress) -> None:
        nonlocal left
        left -= what.step == orders["die_at"]
        if not left:
            with open(orders["landed"], "w", encoding="utf-8") as file:
                file.write(f"{what.step} {orders['occurrence']}")
                file.flush()
                os.fsync(file.fileno())
            os.kill(os.getpid(), signal.SIGKILL)

    warehouse = ConnectionSettings(
        host=orders["host"], database=orders["database"], user=orders["user"], sslmode="disable"
    )
    print("ready", flush=True)
    sys.stdin.readline()
    with progress.listening(listener):
        asyncio.run(
            run(
                warehouse,
                Path(orders["workspace"]),
                orders["sources"],
                replace_anyway=True,
                batch_bytes=orders["batch_bytes"],
            )
        )


if __name__ == "__main__":
    _main()
