"""A run that is cancelled after it refused a delivery keeps that delivery's faulty lines and scores."""

from __future__ import annotations

import asyncio
from functools import partial
from pathlib import Path

import pytest

import flows.pipeline
from flows import retail_etl
from tasks.ingest.discover import batches
from tasks.postgres.connect import ConnectionSettings, connected
from tasks.warehouse.load_lock import locked_transaction
from tasks.warehouse.migrate import migrate
from tasks.warehouse.rejects import read_rejects
from tests.flows.conftest import as_url
from tests.support.deliveries import as_csv, row, write
from tests.support.prefect_server import PrefectServer

_WAITS = (
    "select exists (select from pg_locks where not granted and relation = 'retail_ops.load_lock'::regclass)"
)


async def test_its_faulty_lines_are_kept(
    prefect_api: PrefectServer, warehouse: ConnectionSettings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", as_url(warehouse))
    monkeypatch.setenv("RETAIL_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("RETAIL_KEPT_LINES", "2")
    # A delivery a batch, so that the first is through while the second waits for the lock.
    monkeypatch.setattr(flows.pipeline, "batches", partial(batches, batch_bytes=1))
    poor = write(tmp_path / "a.csv", as_csv([row(quantity=f"n{number}") for number in range(3)]))
    good = write(tmp_path / "b.csv", as_csv([row()]))
    await migrate(warehouse)
    async with connected(warehouse) as connection, locked_transaction(connection, warehouse):
        run = asyncio.create_task(retail_etl(sources=[str(poor), str(good)]))
        async with asyncio.timeout(60):
            while not await connection.fetchval(_WAITS):
                assert not run.done()
                await asyncio.sleep(0.05)
        run.cancel()
        with pytest.raises(asyncio.CancelledError):
            await run
    rejects = await read_rejects(warehouse, str(poor))
    assert [(line.line, line.value) for line in rejects.lines] == [(1, "n0"), (2, "n1")]
    assert [attempt.rows_quarantined for attempt in rejects.attempts] == [3]
