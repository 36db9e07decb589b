"""A run ends in the doctor's words before it reads anything, and finding nothing costs it no turn."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from uuid import uuid4

import pytest

from flows import retail_etl
from tasks.doctor.preflight import preflight_of
from tasks.errors import DeliveriesFailed, PreflightFailed, ReadOnlyWarehouse
from tasks.postgres.connect import ConnectionSettings, connected
from tasks.postgres.embedded.server import SUPERUSER, EmbeddedServer
from tasks.warehouse.ledger import begin_run
from tasks.warehouse.preflight import Preflight
from tests.support.link import counting_link
from tests.support.plain_run import new_run
from tests.support.prefect_server import PrefectServer

MISSING = "/nowhere/day.csv"


@pytest.fixture(autouse=True)
def flow_of(
    prefect_api: PrefectServer,
    warehouse: ConnectionSettings,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    monkeypatch.setenv("RETAIL_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("DATABASE_URL", warehouse.display)


async def _execute(settings: ConnectionSettings, statement: str) -> None:
    async with connected(settings) as connection:
        await connection.execute(statement)


PROBLEMS = {
    "writes": (
        "alter database {database} set default_transaction_read_only = on",
        "the database is read-only.*Free or buy space",
    ),
    "schema": (
        "update retail_ops.schema_version set version_num = '9999_later'",
        "at revision 9999_later, which this release does not know.*Install the release",
    ),
    "temporary": (
        "revoke temporary on database {database} from public, retail",
        "loads: retail may not create temporary tables.*grant temporary on database",
    ),
    "owner": (
        "alter table retail_dwh.dim_country owner to {superuser}",
        "loads: retail does not own retail_dwh.dim_country.*Connect as the role that owns",
    ),
}


@pytest.mark.parametrize("name", PROBLEMS)
async def test_a_problem_ends_the_run_before_anything_is_read(
    warehouse: ConnectionSettings, name: str
) -> None:
    statement, words = PROBLEMS[name]
    async with connected(replace(warehouse, user=SUPERUSER)) as connection:
        await connection.execute(statement.format(database=warehouse.database, superuser=SUPERUSER))
    with pytest.raises(PreflightFailed, match=f"(?s){words}") as failed:
        await retail_etl(sources=[MISSING], retries=0)
    assert failed.value.attributes["findings"]
    async with connected(replace(warehouse, user=SUPERUSER)) as connection:
        states = await connection.fetch("select status from retail_ops.run")
    # What the run could record before the check is closed.
    assert {record["status"] for record in states} <= {"failed"}


async def test_without_the_preflight_the_run_goes_as_far_as_it_comes(warehouse: ConnectionSettings) -> None:
    with pytest.raises(DeliveriesFailed):
        await retail_etl(sources=[MISSING], retries=0)
    await _execute(warehouse, f"alter database {warehouse.database} set default_transaction_read_only = on")
    with pytest.raises(ReadOnlyWarehouse):
        await retail_etl(sources=[MISSING], retries=0, preflight=False)


async def test_a_folder_that_cannot_be_written(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RETAIL_WORKSPACE", "/proc/retail")
    with pytest.raises(PreflightFailed, match="workspace: .*cannot be written"):
        await retail_etl(sources=[MISSING], retries=0)


async def test_turns(
    warehouse: ConnectionSettings, server: EmbeddedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    counts = []
    with counting_link(warehouse) as (link, through):
        monkeypatch.setenv("DATABASE_URL", f"{through.display}?sslmode=disable")
        for preflight in (True, True, False):  # the first run completes the keys
            before = link.counts()
            with pytest.raises(DeliveriesFailed):
                await retail_etl(sources=[MISSING], retries=0, preflight=preflight)
            counts.append(link.counts() - before)
    _, on, off = counts
    assert (on.connections, on.turns) == (off.connections, off.turns)
    assert 0 < on.sent - off.sent < 1000


async def test_an_empty_database_is_asked_in_the_turn_of_its_revision(empty: ConnectionSettings) -> None:
    turns = []
    for preflight in (preflight_of(empty, ()), None):
        with counting_link(empty) as (link, through):
            begun = await begin_run(through, new_run(), "default", preflight)
            assert (begun.revision, begun.feed) == (None, None)
            turns.append(link.counts().turns)
    assert turns[0] == turns[1]


async def test_a_time_limit_that_was_lost(warehouse: ConnectionSettings) -> None:
    expected = replace(warehouse, statement_timeout=7.0)
    with pytest.raises(PreflightFailed, match="statement timeout: ours is lost"):
        await begin_run(warehouse, new_run(), "default", preflight_of(expected, ()))


async def test_a_question_that_fails_stops_nothing(warehouse: ConnectionSettings) -> None:
    def judge(answers: object) -> None:
        raise AssertionError(answers)

    broken = Preflight(
        "1 / (select count(*) from retail_ops.run) = 1", {"broken": "select 1 / 0 as x"}, judge
    )
    run = replace(new_run(), run_id=uuid4())
    begun = await begin_run(warehouse, run, "default", broken)
    assert begun.feed is not None
    async with connected(warehouse) as connection:
        assert await connection.fetchval("select run_id from retail_ops.run") == run.run_id
