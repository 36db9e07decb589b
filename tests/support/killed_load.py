"""A run in a child process that can kill itself at a given step or moment."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tasks import progress
from tasks.postgres.connect import ConnectionSettings
from tests.support.commands import Command
from tests.support.plain_run import run
from tests.support.soak import count


@dataclass(frozen=True)
class Exit:
    """How a process ended: return code (minus the signal), and the step at which it killed itself."""

    code: int
    last_step: str


class Child:
    """A process that loads ``sources`` into a warehouse after ``go``."""

    def __init__(
        self,
        warehouse: ConnectionSettings,
        folder: Path,
        sources: Sequence[Path],
        *,
        die_at: str = "",
        occurrence: int = 1,
        die_after: float | None = None,
        batch_bytes: int = 1,
    ) -> None:
        """Start the process.

        It kills itself when it reports ``die_at`` for the ``occurrence``-th time, or ``die_after`` seconds after ``go``.
        """
        self._last_step = folder / f"last-step-{os.urandom(4).hex()}"
        options = {
            "host": warehouse.host,
            "database": warehouse.database,
            "user": warehouse.user,
            "workspace": str(folder / "workspace"),
            "sources": [str(source) for source in sources],
            "die_at": die_at,
            "occurrence": occurrence,
            "die_after": die_after,
            "batch_bytes": batch_bytes,
            "last_step": str(self._last_step),
        }
        orders_in, self._orders = os.pipe()
        output, output_in = os.pipe()
        arguments = [json.dumps(options)]
        self._command = Command("tests.support.killed_load", arguments, os.environ, (orders_in, output_in, 2))
        os.close(orders_in)
        os.close(output_in)
        self._output = open(output, encoding="utf-8")  # noqa: SIM115 - wait() closes it

    def wait_until_ready(self) -> None:
        """Wait until the process has imported everything."""
        assert self._output.readline() == "ready\n"

    def go(self) -> None:
        """Start the load."""
        os.write(self._orders, b"go\n")

    def wait(self) -> Exit:
        """Wait until the process ends."""
        code = self._command.wait(timeout=60)
        os.close(self._orders)
        self._output.close()
        return Exit(code, self._last_step.read_text() if self._last_step.exists() else "")


def run_until_killed(
    warehouse: ConnectionSettings,
    folder: Path,
    sources: Sequence[Path],
    step: str,
    *,
    occurrence: int = 1,
    batch_bytes: int = 1,
) -> None:
    """Run ``sources`` in a process that kills itself at ``step``, and assert that it did."""
    child = Child(warehouse, folder, sources, die_at=step, occurrence=occurrence, batch_bytes=batch_bytes)
    child.wait_until_ready()
    child.go()
    assert child.wait() == Exit(-signal.SIGKILL, f"{step} {occurrence}")
    count("kills")


def _main() -> None:
    options = json.loads(sys.argv[1])
    remaining = options["occurrence"]

    def listener(event: progress.Progress) -> None:
        nonlocal remaining
        remaining -= event.step == options["die_at"]
        if not remaining:
            with open(options["last_step"], "w", encoding="utf-8") as file:
                file.write(f"{event.step} {options['occurrence']}")
                file.flush()
                os.fsync(file.fileno())
            os.kill(os.getpid(), signal.SIGKILL)

    warehouse = ConnectionSettings(
        host=options["host"], database=options["database"], user=options["user"], sslmode="disable"
    )
    print("ready", flush=True)
    sys.stdin.readline()
    if options["die_after"] is not None:
        timer = threading.Timer(options["die_after"], os.kill, (os.getpid(), signal.SIGKILL))
        timer.daemon = True  # a run that is faster ends as usual
        timer.start()
    with progress.listening(listener):
        asyncio.run(
            run(
                warehouse,
                Path(options["workspace"]),
                options["sources"],
                replace_anyway=True,
                batch_bytes=options["batch_bytes"],
            )
        )


if __name__ == "__main__":
    _main()
