"""A warehouse with a refused delivery, hostile text, and attempts of several days."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tasks.postgres.connect import ConnectionSettings, connected
from tests.api.conftest import environment_of
from tests.support import slices
from tests.support.api_server import ApiServer, serving
from tests.support.plain_run import run

HOSTILE_NAME = "<script>alert(1)<script> \u202egpj.csv"
HOSTILE_VALUE = "<img src=x onerror=alert(1)> \x1b[31m"
HOSTILE_FEED = "\"><b>'till"
SECRET = "marked-4711-secret"
# Half an hour after and before midnight: west or east of Greenwich another day.
EARLY = datetime(2026, 11, 2, 0, 30, tzinfo=UTC)
LATE = datetime(2026, 11, 4, 23, 30, tzinfo=UTC)
DAYS = ("2026-11-02", "2026-11-04")


async def _add_hostile(warehouse: ConnectionSettings, folder: Path) -> None:
    lines = slices.invoices()["536370"]
    faulty = [slices.with_values(lines[0], Quantity=HOSTILE_VALUE), *lines[1:]]
    await run(warehouse, folder / "work", [slices.write(folder / HOSTILE_NAME, faulty)], feed=HOSTILE_FEED)
    async with connected(warehouse) as connection:
        runs = await connection.fetch("select run_id from retail_ops.run order by started_at")
        for row, moment in zip(runs, (EARLY, LATE, LATE), strict=True):
            for statement in (
                "update retail_ops.run set started_at = $2, finished_at = $2::timestamptz + interval '9 s' where run_id = $1",
                "update retail_ops.delivery_attempt set attempted_at = $2 where run_id = $1",
                "update retail_ops.delivery set loaded_at = $2 where run_id = $1",
            ):
                await connection.execute(statement, row["run_id"], moment)
        await connection.execute(
            "insert into retail_ops.delivery_attempt (run_id, feed, name, content_hash, outcome, refusal, reason, "
            "quality_score, attempted_at, rows_in, rows_loaded, rows_duplicate, rows_quarantined) "
            "values ($1, 'leeds', '/srv/refused.csv', 'x', 'refused', 'quality_gate', $2, 61.5, $3, 40, 0, 0, 19)",
            runs[-1]["run_id"],
            f"<b>too low</b> postgresql://ann:{SECRET}@h/db",
            LATE,
        )
        await connection.execute(
            "update retail_ops.delivery set rows_in = rows_in + 1207, rows_passed_over = 1207, vanished_at = $2, "
            """passed_over = '{"<b>card": {"rows": 1207, "amounts": {"GBP": "7.50"}}}' where feed = $1""",
            HOSTILE_FEED,
            EARLY,
        )
        await connection.execute(
            "update retail_ops.delivery_attempt set notes = array['<i>1,207 rows</i> are no lines'] where feed = $1",
            HOSTILE_FEED,
        )
        await connection.execute(
            "update retail_ops.run set status = 'failed', parameters = json_build_object('note', $1::text) where run_id = $2",
            f"postgresql://ann:{SECRET}@h/db </pre><script>",
            runs[-1]["run_id"],
        )


@pytest.fixture(scope="module")
def hostile_warehouse(
    api_warehouse: ConnectionSettings, tmp_path_factory: pytest.TempPathFactory
) -> ConnectionSettings:
    """That warehouse."""
    asyncio.run(_add_hostile(api_warehouse, tmp_path_factory.mktemp("hostile")))
    return api_warehouse


@pytest.fixture(scope="module")
def pages(
    hostile_warehouse: ConnectionSettings, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[ApiServer]:
    """The API in front of it."""
    with environment_of(hostile_warehouse, tmp_path_factory.mktemp("data")), serving() as running:
        yield running


def last_run(api: ApiServer) -> str:
    """The id of the last run, which failed."""
    (run_id,) = [
        row["run_id"] for row in api.viewer.get("/api/v1/runs", params={"status": "failed"}).json()["items"]
    ]
    return str(run_id)
