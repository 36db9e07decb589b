"""A file that grows while it is read fails as a delivery, and the others load."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from pathlib import Path

import pytest

from flows import retail_etl
from tasks.errors import DeliveriesFailed
from tasks.postgres.connect import ConnectionSettings
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


async def test_it_fails_alone(
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
        with pytest.raises(DeliveriesFailed) as failure:
            await retail_etl(sources=[str(good), str(growing)], retries=1, retry_delay_seconds=0)
    finally:
        writer.kill()
        writer.wait()
    report = failure.value.attributes["report"]
    assert {Path(delivery.name).name: delivery.outcome for delivery in report.deliveries} == {
        "a.csv": "loaded",
        "b.csv": "failed",
    }
    reasons = [delivery.reason for delivery in report.deliveries if delivery.reason]
    assert reasons == [
        "the file changed each time it was read. Deliver files by renaming them into place; then run again."
    ]
    assert (await state(warehouse)).lines == report.rows_loaded > 0
