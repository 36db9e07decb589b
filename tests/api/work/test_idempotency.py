"""One idempotency key starts one run, whoever else asks at the same time and whatever was forgotten meanwhile."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from api.work.errors import KeyReused, ParametersRefused
from api.work.idempotency import RETENTION_DAYS, RequestKey
from api.work.operations import BACKUP, LOAD
from api.work.outcome import RunReader
from api.work.start_work import Started, Work
from tasks.postgres.pool import QueryPool
from tests.api.work.conftest import stays
from tests.support.prefect_server import PrefectServer


def key_of(key: str, *, user: str = "ann", endpoint: str = "POST /etl/runs", **given: Any) -> RequestKey:
    return RequestKey(endpoint, user, key, given)


@pytest.fixture
def unique() -> str:
    """A key that no other test on the shared Prefect server has used."""
    return f"key-{uuid4()}"


async def load(work: Work, key: RequestKey) -> Started:
    return await work.start(LOAD, {"sources": ["/nowhere.csv"], **key.parameters}, key)


async def test_two_requests_at_once_start_one_run(
    vault: Path, pool: QueryPool, prefect_api: PrefectServer, unique: str
) -> None:
    # Two processes with the same warehouse, as far as they share anything.
    async with Work(pool, place="process") as one, Work(pool, place="process") as other:
        key = key_of(unique)
        started = await asyncio.gather(*(load(work, key) for work in (one, other, one, other)))
        assert len({run.run for run in started}) == 1
        assert [run.is_repeat for run in started].count(False) == 1
        assert len({*one.runs.running, *other.runs.running}) <= 1
        state = await RunReader(pool, one.prefect).wait(started[0].run, 60, stays)
    assert state.state == "failed"
    history = prefect_api.request("GET", f"/flow_run_states/?flow_run_id={started[0].run}")
    assert [entry["type"] for entry in history].count("RUNNING") == 1


async def test_a_key_counts_for_its_user_and_its_endpoint(work: Work, unique: str) -> None:
    keys = [key_of(unique), key_of(unique, user="bob")]
    runs = [await load(work, key) for key in keys]
    backup = await work.start(BACKUP, {}, key_of(unique, endpoint="POST /backup/create"))
    assert len({run.run for run in (*runs, backup)}) == 3
    assert await load(work, keys[1]) == Started(runs[1].run, is_repeat=True)


async def test_another_request_with_the_key_is_refused(work: Work, unique: str) -> None:
    await load(work, key_of(unique))
    with pytest.raises(KeyReused) as refused:
        await load(work, key_of(unique, feed="north"))
    assert refused.value.next_step


async def test_a_refused_request_leaves_its_key_free(work: Work, unique: str) -> None:
    with pytest.raises(ParametersRefused):
        await load(work, key_of(unique, feed="north", currency="pounds"))
    assert not (await load(work, key_of(unique))).is_repeat


async def test_a_key_that_the_warehouse_forgot_starts_nothing_again(
    work: Work, reader: RunReader, pool: QueryPool, unique: str
) -> None:
    """A restore brings an older ledger back; the request that asked for it must not restore once more."""
    first = await load(work, key_of(unique))
    await reader.wait(first.run, 60, stays)
    await pool.fetch("delete from retail_ops.api_request")
    assert await load(work, key_of(unique)) == Started(first.run, is_repeat=True)
    assert work.runs.running == ()


async def test_a_request_that_was_remembered_but_not_started_is_started(
    work: Work, pool: QueryPool, unique: str
) -> None:
    """As after a crash between the two."""
    first = await load(work, key_of(unique))
    await pool.fetch("update retail_ops.api_request set flow_run_id = null")
    again = await load(work, key_of(unique))
    assert again == Started(first.run, is_repeat=True)
    rows = await pool.fetch("select flow_run_id from retail_ops.api_request")
    assert [row["flow_run_id"] for row in rows] == [first.run]


async def test_keys_are_forgotten_in_time_and_stored_as_hashes(
    work: Work, pool: QueryPool, unique: str
) -> None:
    await load(work, key_of(unique))
    stored = await pool.fetch("select to_json(r)::text as row from retail_ops.api_request as r")
    assert unique not in stored[0]["row"]
    age = f"update retail_ops.api_request set requested_at = now() - interval '{RETENTION_DAYS + 1} days'"
    await pool.fetch(age)
    another = await load(work, key_of(unique, feed="north"))
    assert not another.is_repeat
    await pool.fetch(age)
    await load(work, key_of(f"{unique}-2"))
    assert len(await pool.fetch("select from retail_ops.api_request")) == 1
