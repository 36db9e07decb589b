"""A machine that dies with a run on it: Prefect's server notices, and people are told exactly once."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil

from tests.flows.conftest import PrefectServer, Retail
from tests.tasks.report.alerts.receivers import http_receiver
from tests.tasks.report.alerts.samples import SECRET

PROJECT = Path(__file__).parents[2]
PREFECT = [sys.executable, "-m", "prefect", "--no-prompt"]
AUTOMATIONS = [sys.executable, "-m", "deployments.automations", "--silent-minutes", "0.17"]


@contextmanager
def worker(retail: Retail, log: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A process worker that polls every second."""
    with open(log, "ab") as file:
        process = subprocess.Popen(
            [*PREFECT, "worker", "start", "--pool", "retail"],
            env={**retail.environment, "PREFECT_WORKER_QUERY_SECONDS": "1"},
            stdout=file,
            stderr=file,
            start_new_session=True,
        )
    try:
        yield process
    finally:
        if process.poll() is None:
            kill(process)


def kill(process: subprocess.Popen[bytes]) -> None:
    """SIGKILL to a worker and then to the runs it started, as when the machine loses its power."""
    runs = psutil.Process(process.pid).children(recursive=True)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait(timeout=30)
    for run in runs:
        if run.is_running():
            run.kill()


def wait_until(what: str, found: Callable[[], Any], seconds: float = 60.0) -> Any:
    end = time.monotonic() + seconds
    while not (value := found()):
        assert time.monotonic() < end, f"{what}: not within {seconds:g} s"
        time.sleep(0.2)
    return value


def test_machine_that_dies(retail: Retail, prefect_server: PrefectServer, tmp_path: Path) -> None:
    log = tmp_path / "worker.log"

    def runs(**filters: Any) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = prefect_server.get("/flow_runs/filter", {"flow_runs": filters})
        return found

    def heartbeats() -> list[dict[str, Any]]:
        names = {"event": {"name": ["prefect.flow-run.heartbeat"]}}
        seen = prefect_server.get("/events/filter", {"filter": names})["events"]
        return [
            one for one in seen if one["resource"]["prefect.resource.id"] == f"prefect.flow-run.{run['id']}"
        ]

    with http_receiver() as web, http_receiver() as events, socket.create_server(("127.0.0.1", 0)) as silent:
        retail.environment.update(
            DATABASE_URL=f"postgresql://retail@127.0.0.1:{silent.getsockname()[1]}/retail",
            PIPELINE_SLACK_NOTIFICATIONS="true",
            PIPELINE_SLACK_WEBHOOK_URL=web.url(f"/services/{SECRET}"),
            PIPELINE_PAGER_URLS=events.url(f"/{SECRET}", scheme="json"),
        )
        made = retail.run([*PREFECT, "work-pool", "create", "retail", "--type", "process", "--overwrite"])
        assert made.code == 0, made.err
        with worker(retail, log) as first:
            deployed = retail.run(
                [*PREFECT, "deploy", "--all", "--prefect-file", str(PROJECT / "prefect.yaml")]
            )
            assert deployed.code == 0, deployed.err + deployed.out
            for _ in range(2):
                written = retail.run(AUTOMATIONS)
                assert written.code == 0, written.err
            automations = prefect_server.get("/automations/filter", {})
            assert len(automations) == 3
            started = retail.run(
                [*PREFECT, "deployment", "run", "retail-etl/daily", "--param", 'feed="dying"']
            )
            assert started.code == 0, started.err
            (run,) = wait_until(
                "running", lambda: runs(state={"type": {"any_": ["RUNNING"]}}, tags={"all_": ["retail"]})
            )
            wait_until("heartbeat", heartbeats)
            kill(first)
        with worker(retail, log):
            events.wait_for(1, 60)
            web.wait_for(1, 10)
            wait_until(
                "alert run",
                lambda: runs(state={"type": {"any_": ["COMPLETED"]}}, tags={"all_": ["retail-alert"]}),
            )
        assert web.headlines == ["Critical: The run died: retail-etl"]
        assert events.headlines == ["Critical: The run died: retail-etl"]
        text = json.dumps(web.taken)
        assert "No sign of life from the run for too long." in text
        assert "deployment daily, feed dying" in text
        assert run["id"] in text
        (alert_run,) = runs(tags={"all_": ["retail-alert"]})
        assert alert_run["parameters"]["flow_run_id"] == run["id"]
        told = json.dumps([automations, prefect_server.get("/logs/filter", {"limit": 200}), runs()])
        assert SECRET not in told + log.read_text()
