"""A run that a request starts goes to the served deployment, and the answer has its outcome."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest

from tests.flows.conftest import Retail
from tests.flows.test_api_command import PASSWORD, api_user, served
from tests.flows.test_deployment import deploy, worker
from tests.support.prefect_server import PrefectServer
from tests.support.slices import days, write


def _wait_for_worker(prefect_server: PrefectServer) -> None:
    """Until the worker of this test has sent its first heartbeat; one of an earlier test is online for 90 s."""
    began = datetime.now(UTC)
    end = time.monotonic() + 60
    while True:
        workers = prefect_server.get("/work_pools/retail/workers/filter", {})
        if any(datetime.fromisoformat(worker["last_heartbeat_time"]) > began for worker in workers):
            return
        assert time.monotonic() < end, "no worker"
        time.sleep(0.5)


@pytest.mark.slow
def test_a_load_by_a_worker(retail: Retail, prefect_server: PrefectServer, tmp_path: Path) -> None:
    day = write(tmp_path / "day.csv", days(1, 1))
    user = api_user(retail, "ann", "--role", "operator").stdout.strip()
    deploy(retail)
    log = tmp_path / "worker.log"
    with worker(retail, log), served(retail, RETAIL_API_USERS=user) as (address, _):
        _wait_for_worker(prefect_server)
        answer = httpx.post(
            f"{address}/api/v1/etl/runs?wait=120",
            json={"sources": [str(day)]},
            auth=httpx.BasicAuth(b"ann", PASSWORD.encode()),
            timeout=150,
        )
        assert answer.status_code == 200, answer.text + log.read_text()
        run = answer.json()
    assert (run["place"], run["state"]) == ("deployment", "completed")
    assert run["load"]["status"] == "completed"
    assert run["load"]["rows_loaded"] > 500
    assert str(run["id"]) in log.read_text(), "the worker did not run it"
