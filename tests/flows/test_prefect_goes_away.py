"""Prefect's server ends in the middle of a run: one line, exit code 1, a closed run, and an alert from the run itself."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tasks.postgres.connect import ConnectionSettings
from tests.flows.conftest import as_url, base_environment
from tests.support.held_run import held_run, run_states
from tests.support.prefect_server import own_prefect_server
from tests.support.receivers import http_receiver

pytestmark = pytest.mark.slow


async def test_in_the_middle(warehouse: ConnectionSettings, days: Path, tmp_path: Path) -> None:
    with own_prefect_server() as prefect, http_receiver() as web:
        environment = {
            **base_environment(tmp_path / "data"),
            **prefect.environment(),
            "PREFECT_CLIENT_MAX_RETRIES": "2",  # 6 s instead of a minute
            "DATABASE_URL": as_url(warehouse),
            "PIPELINE_SLACK_NOTIFICATIONS": "true",
            "PIPELINE_SLACK_WEBHOOK_URL": web.url(),
        }
        arguments = ["etl", str(days / "2010-12-05.csv"), "--json"]
        async with held_run(warehouse, environment, arguments) as run:
            prefect.kill()
            await run.release()
            code, out, err = await run.end(seconds=150)
    assert code == 1, err
    assert "Traceback" not in err
    assert [line for line in err.splitlines() if line.startswith("retail:")] == [
        f"retail: The Prefect API {prefect.url} does not respond. Start the server (prefect server start), or correct "
        "or unset PREFECT_API_URL (prefect config view shows where it is set)."
    ]
    report = json.loads(out.splitlines()[-1])
    assert (report["status"], report["error_type"]) == ("failed", "PrefectUnreachable")
    assert report["outcomes"] == {"loaded": 1}
    assert json.loads(Path(report["report_path"]).read_text())["status"] == "failed"
    assert await run_states(warehouse) == [("failed", True)]
    assert web.headlines == ["Error: Run failed: retail-etl"]
