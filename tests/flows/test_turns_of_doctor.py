"""Connections and turns of the doctor: somebody waits for it, and the database is 20 to 100 ms away."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from benchmarks.link import Counts
from flows import retail_doctor
from tasks.doctor.database import examine_database
from tasks.doctor.finding import Finding, Status
from tasks.postgres.connect import ConnectionSettings
from tests.flows.conftest import PrefectServer, Retail
from tests.support.link import counting_link

# Before, each check had a turn or more of its own: 37, and 35 without the schemas (commit ff56e20). Now each of the two
# connections takes a login and the settings of its session, all questions take one turn, and then the session check
# asks for the process of the second connection and once more for that of the first.
TURNS = 7
BEFORE = 37


def _check(counts: Counts) -> None:
    print(counts)
    assert (counts.connections, counts.login_turns) == (2, 2)
    assert counts.login_turns < counts.turns <= TURNS <= BEFORE / 3


def _assert_sound(findings: tuple[Finding, ...]) -> None:
    assert {finding.status for finding in findings} == {Status.OK}, findings


async def _examine(database: ConnectionSettings) -> Counts:
    with counting_link(database) as (link, through):
        _assert_sound((await examine_database(through)).findings)
        return link.counts()


async def test_examination(warehouse: ConnectionSettings) -> None:
    _check(await _examine(warehouse))


async def test_database_without_the_schemas(empty: ConnectionSettings) -> None:
    _check(await _examine(empty))


async def test_single_connection(warehouse: ConnectionSettings) -> None:
    with counting_link(warehouse) as (link, through):
        await examine_database(replace(through, pool_size=1, max_overflow=0))
        counts = link.counts()
    assert (counts.connections, counts.turns) == (1, 3)


async def test_flow(
    prefect_api: PrefectServer,
    warehouse: ConnectionSettings,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("RETAIL_DATA_DIR", str(tmp_path / "data"))
    with counting_link(warehouse) as (link, through):
        monkeypatch.setenv("DATABASE_URL", f"{through.display}?sslmode=disable")
        _assert_sound(await retail_doctor())
        _check(link.counts())


def test_command(retail: Retail, warehouse: ConnectionSettings) -> None:
    with counting_link(warehouse) as (link, through):
        ended = retail("doctor", "--json", DATABASE_URL=f"{through.display}?sslmode=disable")
        assert ended.code == 0, ended.out + ended.err
        _check(link.counts())
