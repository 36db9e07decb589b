"""Run as a process: load deliveries, and die by SIGKILL when a named step has been reached so many times.

Arguments: the warehouse's socket folder and database, the workspace, the step, which time of it, the sources.
The step is written to standard output before the end, so that the parent knows where the kill landed.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from pathlib import Path

from tasks import progress
from tasks.warehouse.connect import ConnectionSettings
from tests.plain_run import run

DELIVERIES_IN_A_BATCH = 300_000  # bytes: two batches for the deliveries of the test


def main() -> None:
    """Load until the step comes, then die as by a power cut."""
    host, database, workspace, fatal, times, *sources = sys.argv[1:]
    left = int(times)

    def listener(step: progress.Progress) -> None:
        nonlocal left
        if step.step == fatal:
            left -= 1
            if left == 0:
                os.write(1, f"{fatal}\n".encode())
                os.kill(os.getpid(), signal.SIGKILL)

    warehouse = ConnectionSettings(host, database=database, user="retail", sslmode="disable")
    with progress.listening(listener):
        asyncio.run(
            run(warehouse, Path(workspace), sources, replace_anyway=True, batch_bytes=DELIVERIES_IN_A_BATCH)
        )


main()
