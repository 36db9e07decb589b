"""A new warehouse is prepared while the first lines are sent already; nothing is merged before it is ready."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from flows import retail_etl
from tasks.postgres.connect import ConnectionSettings, connected
from tasks.postgres.embedded.server import SUPERUSER
from tests.flows.conftest import as_url
from tests.support.plain_run import state
from tests.support.prefect_server import PrefectServer

_END = """
select pg_terminate_backend(pid) from pg_stat_activity
where datname = current_database() and state = 'active' and query like '%create schema%' and pid <> pg_backend_pid()
"""


async def _end_the_preparation(database: ConnectionSettings) -> None:
    async with asyncio.timeout(60), connected(replace(database, user=SUPERUSER)) as connection:
        while not await connection.fetch(_END):
            await asyncio.sleep(0.005)


async def test_a_preparation_that_loses_its_connection(
    prefect_api: PrefectServer,
    empty: ConnectionSettings,
    days: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("DATABASE_URL", as_url(empty))
    monkeypatch.setenv("RETAIL_WORKSPACE", str(tmp_path))
    ending = asyncio.create_task(_end_the_preparation(empty))
    sources = [str(days / f"2010-12-0{day}.csv") for day in (1, 2, 3)]
    # Long enough for the first lines to be sent before the second attempt.
    report = await retail_etl(sources=sources, retry_delay_seconds=2)
    await ending
    assert report.outcomes == {"loaded": 3}
    assert (await state(empty)).lines == report.rows_loaded > 0
