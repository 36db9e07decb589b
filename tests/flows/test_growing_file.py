"""A file that is still being written is unfinished: it is left to a later run, and the others load."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from pathlib import Path

import pytest
from prefect.client.schemas.objects import StateType

from flows import retail_etl
from tasks.ingest import bronze, source_file
from tasks.ingest.discover import Delivery
from tasks.ingest.limits import ReadLimits
from tasks.ingest.source_file import FileContent, read_and_hash
from tasks.postgres.connect import ConnectionSettings, connected
from tests.flows.conftest import as_url
from tests.support.plain_run import state
from tests.support.prefect_server import PrefectServer
from tests.support.slices import days, write

_APPEND = """
import sys, time
with open(sys.argv[1], "ab", buffering=0) as file:
    line = open(sys.argv[1], "rb").readlines()[1]
    while True:
        file.write(line)
        time.sleep(0.0001)
"""


async def test_one_that_grows(
    prefect_api: PrefectServer, warehouse: ConnectionSettings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", as_url(warehouse))
    monkeypatch.setenv("RETAIL_DATA_DIR", str(tmp_path / "data"))
    good, growing = write(tmp_path / "a.csv", days(1, 1)), write(tmp_path / "b.csv", days(2, 12))
    writer = subprocess.Popen([sys.executable, "-c", _APPEND, str(growing)])
    try:
        before = growing.stat().st_size
        while growing.stat().st_size == before:  # the writer's process takes a moment to start
            await asyncio.sleep(0.01)
        report = await retail_etl(sources=[str(good), str(growing)], retries=1, retry_delay_seconds=0)
    finally:
        writer.kill()
        writer.wait()
    assert {Path(delivery.name).name: delivery.outcome for delivery in report.deliveries} == {
        "a.csv": "loaded",
        "b.csv": "unfinished",
    }
    assert report.status == "completed"
    (reason,) = [delivery.reason for delivery in report.deliveries if delivery.reason]
    assert reason.startswith("the file changed while it was looked at (it had ")
    assert reason.endswith("The next run tries it again.")
    assert (await state(warehouse)).lines == report.rows_loaded > 0


@pytest.mark.slow
async def test_a_young_one_is_taken_once_it_is_older(
    prefect_api: PrefectServer, warehouse: ConnectionSettings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", as_url(warehouse))
    monkeypatch.setenv("RETAIL_DATA_DIR", str(tmp_path / "data"))
    old, young = write(tmp_path / "a.csv", days(1, 1)), write(tmp_path / "b.csv", days(2, 2))
    os.utime(old, (0, 0))
    first = await retail_etl(sources=[str(old), str(young)], settle_seconds=3600)
    assert first.outcomes == {"loaded": 1, "unfinished": 1}
    again = await retail_etl(sources=[str(young)], settle_seconds=3600, return_state=True)
    assert (again.name, again.type) == ("NothingNew", StateType.COMPLETED)
    async with connected(warehouse) as connection:
        attempts = await connection.fetch(
            "select outcome, reason from retail_ops.delivery_attempt where name like '%b.csv'"
        )
    assert [attempt["outcome"] for attempt in attempts] == ["unfinished"] * 2
    assert (
        "it is taken 3600 seconds after its last change. The next run tries it again."
        in attempts[0]["reason"]
    )
    os.utime(young, (0, 0))
    third = await retail_etl(sources=[str(old), str(young)], settle_seconds=3600)
    assert third.outcomes == {"unchanged": 1, "loaded": 1}


async def test_a_large_one_that_changed_once_is_read_again(
    prefect_api: PrefectServer, warehouse: ConnectionSettings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", as_url(warehouse))
    monkeypatch.setenv("RETAIL_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setattr(source_file, "HELD_BYTES", 0)
    day = write(tmp_path / "a.csv", days(1, 1))
    line = day.read_bytes().splitlines(keepends=True)[1]
    hashed: list[str] = []

    def append_once(delivery: Delivery, limits: ReadLimits) -> FileContent:
        content = read_and_hash(delivery, limits)
        hashed.append(content.sha256)
        if len(hashed) == 1:
            with day.open("ab") as file:
                file.write(line)
        return content

    monkeypatch.setattr(bronze, "read_and_hash", append_once)
    report = await retail_etl(sources=[str(day)], retries=1, retry_delay_seconds=0)
    assert report.outcomes == {"loaded": 1}
    assert report.deliveries[0].content_hash == hashed[1] != hashed[0]
