"""A run of the command line that is held in the middle of its load, so that it can be ended there."""

from __future__ import annotations

import asyncio
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

from tasks.postgres.connect import ConnectionSettings, connected
from tasks.warehouse.load_lock import locked_transaction

_WAITS = (
    "select exists (select from pg_locks where locktype = 'relation' and not granted and relation = "
    "'retail_ops.load_lock'::regclass)"
)
_STATES = "select status, degraded, finished_at is not null as closed from retail_ops.run order by started_at"


@dataclass
class HeldRun:
    """A process that waits for the load lock, which the test holds until it calls ``release``."""

    process: subprocess.Popen[str]
    lock: AsyncExitStack

    async def release(self) -> None:
        """Let the load go on."""
        await self.lock.aclose()

    async def end(self, number: signal.Signals | None = None, seconds: float = 60) -> tuple[int, str, str]:
        """Send the signal, if any, and return exit code, standard output and standard error."""
        if number is not None:
            self.process.send_signal(number)
        out, err = await asyncio.to_thread(self.process.communicate, timeout=seconds)
        return self.process.returncode, out, err


@asynccontextmanager
async def held_run(
    warehouse: ConnectionSettings, environment: Mapping[str, str], arguments: Sequence[str]
) -> AsyncIterator[HeldRun]:
    """Start ``retail`` with these arguments; the block runs while its load waits."""
    async with connected(warehouse) as connection:
        lock = AsyncExitStack()
        await lock.enter_async_context(locked_transaction(connection, warehouse))
        # A worker of xdist ignores SIGINT, and its children inherit that.
        inherited = signal.signal(signal.SIGINT, signal.SIG_DFL)
        process = subprocess.Popen(
            [sys.executable, "-m", "flows", *arguments],
            env=dict(environment),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        signal.signal(signal.SIGINT, inherited)
        try:
            async with asyncio.timeout(90):
                while not await connection.fetchval(_WAITS):
                    assert process.poll() is None, process.communicate()
                    await asyncio.sleep(0.1)
            yield HeldRun(process, lock)
        finally:
            if process.poll() is None:
                process.kill()
                process.communicate()


async def run_states(warehouse: ConnectionSettings) -> list[tuple[str, bool]]:
    """Status of each recorded run in order, and whether it is closed."""
    async with connected(warehouse) as connection:
        rows = await connection.fetch(_STATES)
    return [(row["status"], row["closed"]) for row in rows]
