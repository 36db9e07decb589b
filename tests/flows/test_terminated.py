"""A run that is told to end (SIGTERM) in the middle of a load ends with its own exit code, and without a traceback."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from pathlib import Path

import pytest

from tasks.postgres.connect import ConnectionSettings, connected
from tasks.warehouse.load_lock import locked_transaction
from tests.flows.conftest import Retail
from tests.support.plain_run import assert_accounted

pytestmark = pytest.mark.slow

_WAITING = (
    "select exists (select from pg_locks where locktype = 'relation' and not granted and relation = "
    "'retail_ops.load_lock'::regclass)"
)


async def test_it_says_so(retail: Retail, warehouse: ConnectionSettings, days: Path) -> None:
    command = [sys.executable, "-m", "flows", "etl", str(days / "2010-12-05.csv")]
    async with connected(warehouse) as connection:
        async with locked_transaction(connection, warehouse):
            run = subprocess.Popen(
                command, env=retail.environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
            )
            async with asyncio.timeout(60):
                while not await connection.fetchval(_WAITING):
                    await asyncio.sleep(0.1)
            run.terminate()
            _, said = await asyncio.to_thread(run.communicate, timeout=60)
        assert run.returncode == 143, said
        assert "Traceback" not in said
        assert "run again for the rest" in said
        assert not await connection.fetchval("select exists (select from retail_ops.delivery)")
    await assert_accounted(warehouse)
    assert retail("etl", str(days / "2010-12-05.csv")).code == 0
