"""Work that the API starts runs as a Prefect flow run in its process, and its outcome is read from retail_ops."""

from __future__ import annotations

import asyncio
from pathlib import Path
from uuid import UUID

import pytest

from api.work.errors import ParametersRefused, TooManyRuns
from api.work.operations import BACKUP, LOAD, PROVE, RESTORE, VERIFY
from api.work.outcome import RunReader, RunState
from api.work.start_work import Work
from tasks.postgres.connect import ConnectionSettings, connected
from tasks.postgres.pool import QueryPool
from tasks.warehouse.load_lock import locked_transaction
from tests.api.work.conftest import stays
from tests.support.prefect_server import PrefectServer
from tests.support.slices import invoices, write

_WAITS = (
    "select count(*) from pg_locks where locktype = 'relation' and not granted and relation = "
    "'retail_ops.load_lock'::regclass"
)


async def until_waiting(pool: QueryPool, runs: int) -> None:
    async with asyncio.timeout(60):
        while (await pool.fetch(_WAITS))[0][0] < runs:
            await asyncio.sleep(0.1)


def delivery(folder: Path, *numbers: str) -> str:
    lines = [line for number in numbers for line in invoices()[number]]
    return str(write(folder / f"{'-'.join(numbers)}.csv", lines))


async def ended(reader: RunReader, run: UUID) -> RunState:
    state = await reader.wait(run, 90, stays)
    assert state.has_ended, state
    return state


async def test_a_load_and_what_came_of_it(work: Work, reader: RunReader, tmp_path: Path) -> None:
    started = await work.start(LOAD, {"sources": [delivery(tmp_path, "536365", "536366")]})
    assert not started.is_repeat
    first = await reader.read(started.run)
    assert (first.flow, first.place) == ("retail-etl", "process")
    state = await ended(reader, started.run)
    assert state.state == "completed", state.message
    assert state.load
    assert state.load["deliveries"] == {"loaded": 1}
    assert state.load["rows_loaded"] == 9
    assert state.operation is None


async def test_a_load_that_fails_says_why(work: Work, reader: RunReader, tmp_path: Path) -> None:
    started = await work.start(LOAD, {"sources": [str(tmp_path / "nowhere.csv")]})
    state = await ended(reader, started.run)
    assert state.state == "failed"
    assert "nowhere.csv" in state.message


@pytest.mark.slow
async def test_a_backup_is_made_verified_proven_and_planned_to_be_restored(
    work: Work, reader: RunReader, vault: Path
) -> None:
    made = await ended(reader, (await work.start(BACKUP, {})).run)
    assert made.state == "completed", made.message
    assert made.operation
    backup = made.operation["backup"]
    assert (vault / backup / "manifest.json").exists()
    assert made.operation["report"]["kind"] == "full"
    verified = await ended(reader, (await work.start(VERIFY, {"backup": backup})).run)
    assert verified.operation
    assert (verified.state, verified.operation["report"]["findings"]) == ("completed", [])
    plan = await ended(reader, (await work.start(RESTORE, {"backup": backup})).run)
    assert plan.operation
    assert plan.operation["report"]["done"] is False
    assert plan.operation["report"]["plan"]
    proof = await ended(reader, (await work.start(PROVE, {"backup": backup})).run)
    assert proof.operation
    assert (proof.operation["report"]["outcome"], proof.state) == ("passed", "completed")

    path = vault / backup / "0000.dump.age"
    data = bytearray(path.read_bytes())
    data[500] ^= 1
    path.write_bytes(data)
    damaged = await ended(reader, (await work.start(VERIFY, {"backup": backup})).run)
    assert damaged.operation
    assert (damaged.state, damaged.operation["outcome"]) == ("failed", "failed")
    assert damaged.operation["report"]["findings"]
    assert "damaged" in damaged.message


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"source": "a.csv"}, "source"),
        ({"quality_threshold": 101.0}, "threshold"),
        ({"timezone": "Europe/Londn"}, "Londn"),
        ({"sources": ["postgresql://user:secret@host/db"]}, "password"),
    ],
)
async def test_parameters_that_the_flow_does_not_take(
    work: Work, given: dict[str, object], words: str
) -> None:
    with pytest.raises(ParametersRefused) as refused:
        await work.start(LOAD, given)
    assert words in str(refused.value)
    assert "secret" not in str(refused.value)
    assert refused.value.next_step


async def test_a_restore_that_contradicts_itself(work: Work) -> None:
    with pytest.raises(ParametersRefused, match="both choose a backup"):
        await work.start(RESTORE, {"backup": "x", "last_good": True})


async def test_no_more_runs_than_the_limit_and_none_lost_at_the_end(
    vault: Path, pool: QueryPool, warehouse: ConnectionSettings, prefect_api: PrefectServer, tmp_path: Path
) -> None:
    async with connected(warehouse) as holder, locked_transaction(holder, warehouse):
        async with Work(pool, limit=1, place="process") as work:
            reader = RunReader(pool, work.prefect)
            started = await work.start(LOAD, {"sources": [delivery(tmp_path, "536365")]})
            with pytest.raises(TooManyRuns) as refused:
                await work.start(LOAD, {"sources": ["x.csv"]})
            assert refused.value.next_step
            await until_waiting(pool, 1)
            assert (await reader.read(started.run)).state == "running"
        # The block's end cancelled the run, which closed its row in the ledger.
        state = await reader.read(started.run)
    assert (state.state, state.load and state.load["status"]) == ("cancelled", "cancelled")
    assert await pool.fetch("select from retail_dwh.fact_sale") == []


async def test_two_loads_wait_for_each_other(
    work: Work, reader: RunReader, pool: QueryPool, warehouse: ConnectionSettings, tmp_path: Path
) -> None:
    sources = [delivery(tmp_path, "536365"), delivery(tmp_path, "536366")]
    async with connected(warehouse) as holder, locked_transaction(holder, warehouse):
        runs = [await work.start(LOAD, {"sources": [source]}) for source in sources]
        await until_waiting(pool, 2)
    states = [await ended(reader, started.run) for started in runs]
    assert [state.state for state in states] == ["completed", "completed"]
    assert (await pool.fetch("select count(*) from retail_dwh.fact_sale"))[0][0] == 9
