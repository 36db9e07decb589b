"""A run never stays ``running`` in the ledger, however it ends; a living one is left alone."""

from __future__ import annotations

import asyncio
import contextvars
import json
import signal
from dataclasses import replace
from pathlib import Path
from uuid import uuid4

import pytest
from prefect.client.orchestration import get_client
from prefect.states import Crashed, Pending

from flows import ledger_hooks, retail_etl
from tasks.postgres.connect import ConnectionSettings, connected
from tasks.postgres.embedded.server import SUPERUSER
from tasks.postgres.kept import keeping_connections
from tasks.warehouse.ledger import finish_run
from tests.flows.conftest import Retail
from tests.support.held_run import held_run, run_states
from tests.support.plain_run import new_run, start_run
from tests.support.prefect_server import PrefectServer
from tests.support.slow import slow_but

_TAKE_LOCK = "select pg_advisory_lock_shared(hashtextextended('prefect-retail run {}', 0))"


@pytest.mark.parametrize(
    ("number", "code"),
    slow_but([(signal.SIGTERM, 143)], [(signal.SIGTERM, 143), (signal.SIGINT, 130)]),
)
async def test_cancelled(
    retail: Retail, warehouse: ConnectionSettings, days: Path, number: signal.Signals, code: int
) -> None:
    arguments = ["etl", str(days / "2010-12-05.csv"), "--json"]
    async with held_run(warehouse, retail.environment, arguments) as run:
        ended, out, err = await run.end(number)
    assert ended == code, err
    assert "Traceback" not in err
    report = json.loads(out.splitlines()[-1])
    assert report["status"] == "cancelled"
    assert report["error"]
    # The report that was made is the one that was saved.
    assert json.loads(Path(report["report_path"]).read_text())["status"] == "cancelled"
    assert await run_states(warehouse) == [("cancelled", True)]
    async with connected(warehouse) as connection:
        (end,) = await connection.fetch("select status, cpu_seconds, turns from retail_ops.run_end")
    assert end["status"] == "cancelled"
    assert end["cpu_seconds"] >= report["cpu_seconds"] > 0
    assert end["turns"] > 1


@pytest.mark.slow
async def test_timed_out(retail: Retail, warehouse: ConnectionSettings, days: Path) -> None:
    environment = {**retail.environment, "PIPELINE_EXECUTION_TIMEOUT_HOURS": str(6 / 3600)}
    arguments = ["etl", str(days / "2010-12-05.csv"), "--json"]
    async with held_run(warehouse, environment, arguments) as run:
        ended, out, err = await run.end()
    assert (ended, json.loads(out.splitlines()[-1])["status"]) == (1, "timed_out"), err
    assert "Traceback" not in err
    assert await run_states(warehouse) == [("timed_out", True)]


@pytest.mark.slow
async def test_killed_and_closed_by_the_next_run(
    retail: Retail, warehouse: ConnectionSettings, days: Path
) -> None:
    arguments = ["etl", str(days / "2010-12-05.csv")]
    async with held_run(warehouse, retail.environment, arguments) as run:
        # A run of another feed begins while this one lives.
        other = new_run()
        await start_run(warehouse, other)
        assert await run_states(warehouse) == [("running", False)] * 2
        await finish_run(warehouse, other, "other", "completed", None, ())
        await run.end(signal.SIGKILL)
    assert ("running", False) in await run_states(warehouse)
    assert retail("etl", str(days / "2010-12-05.csv")).code == 0
    assert sorted(status for status, _ in await run_states(warehouse)) == [
        "completed",
        "completed",
        "crashed",
    ]


async def test_a_failure_before_the_load(retail: Retail, warehouse: ConnectionSettings, days: Path) -> None:
    day = str(days / "2010-12-05.csv")
    assert retail("etl", day, "--currency", "EUR").code == 0
    refused = retail("etl", day, "--currency", "GBP", "--json")
    assert refused.code == 2
    assert refused.report["status"] == "failed"
    assert "currency = EUR" in refused.report["error"]
    assert refused.report["error_type"] == "FeedConflict"
    assert await run_states(warehouse) == [("completed", True), ("failed", True)]


async def test_a_role_that_may_not_load_keeps_no_run_running(warehouse: ConnectionSettings) -> None:
    dead, role = new_run(), f"keeper_{uuid4().hex[:8]}"
    await start_run(warehouse, dead)
    async with connected(replace(warehouse, user=SUPERUSER)) as superuser:
        await superuser.execute(f"create role {role} login")
        try:
            async with connected(replace(warehouse, user=role)) as keeper:
                await keeper.execute(_TAKE_LOCK.format(dead.run_id))
                await start_run(warehouse, new_run())
            assert [status for status, _ in await run_states(warehouse)] == ["crashed", "running"]
        finally:
            await superuser.execute(f"drop role {role}")


async def test_a_living_run_of_a_loading_role_is_left_alone(warehouse: ConnectionSettings) -> None:
    async with keeping_connections():
        await start_run(warehouse, new_run())
        # Without the context, over a connection of its own.
        await asyncio.create_task(start_run(warehouse, new_run()), context=contextvars.Context())
        assert [status for status, _ in await run_states(warehouse)] == ["running", "running"]
    async with asyncio.timeout(10):  # the server sees the end of the connection
        while (await run_states(warehouse))[0][0] == "running":
            await start_run(warehouse, new_run())
            await asyncio.sleep(0.1)


async def test_the_hook_of_a_worker_closes_it(
    prefect_api: PrefectServer,
    warehouse: ConnectionSettings,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("DATABASE_URL", warehouse.display)
    monkeypatch.setenv("RETAIL_DATA_DIR", str(tmp_path))
    async with get_client() as client:
        flow_run = await client.create_flow_run(retail_etl, parameters={}, state=Pending())
    dead, done = replace(new_run(), run_id=flow_run.id), new_run()
    await start_run(warehouse, dead)
    await ledger_hooks.close_crashed(retail_etl, flow_run, Crashed())
    assert await run_states(warehouse) == [("crashed", True)]
    # A run that closed itself keeps its own status.
    await start_run(warehouse, done)
    await finish_run(warehouse, done, "default", "timed_out", None, ())
    await ledger_hooks.close_cancelled(retail_etl, flow_run.model_copy(update={"id": done.run_id}), Crashed())
    assert await run_states(warehouse) == [("crashed", True), ("timed_out", True)]
