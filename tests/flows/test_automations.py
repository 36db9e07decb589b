"""Alerts that no hook can send: a machine that dies during a run, and a run that no worker picks up.

A fixture plays both scenarios once, in parallel, with a real server and workers; the tests check the results.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

import psutil
import pytest
from prefect.automations import Automation
from prefect.client.orchestration import get_client
from prefect.settings import PREFECT_API_URL, temporary_settings

from deployments.automations import main
from tests.flows.conftest import Retail, base_environment
from tests.support.alert_samples import SECRET
from tests.support.prefect_server import PrefectServer, own_prefect_server
from tests.support.receivers import http_receiver

pytestmark = pytest.mark.slow

PROJECT = Path(__file__).parents[2]
PREFECT = [sys.executable, "-m", "prefect", "--no-prompt"]


@contextmanager
def worker(retail: Retail, log: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A process worker that polls every second."""
    with open(log, "ab") as file:
        process = subprocess.Popen(
            [*PREFECT, "worker", "start", "--pool", "retail", "--work-queue", "default"],
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
    """SIGKILL the worker, then its runs, as if the machine lost power."""
    runs = psutil.Process(process.pid).children(recursive=True)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait(timeout=30)
    for run in runs:
        if run.is_running():
            run.kill()


def wait_until(what: str, check: Callable[[], Any], seconds: float = 60.0) -> Any:
    end = time.monotonic() + seconds
    while not (value := check()):
        assert time.monotonic() < end, f"{what}: not within {seconds:g} s"
        time.sleep(0.2)
    return value


@dataclass
class Aftermath:
    """The alerts and Prefect's records after one run died and another never started."""

    slack: list[dict[str, Any]]
    pager: list[dict[str, Any]]
    died: dict[str, Any]
    waiting: dict[str, Any]
    alert_runs: list[dict[str, Any]]
    records: str
    automations: list[dict[str, Any]]

    def slack_messages(self, run: dict[str, Any]) -> list[str]:
        """The Slack messages about a run."""
        return [text for text in map(json.dumps, self.slack) if run["id"] in text]


@dataclass
class Scenario:
    """A server with the deployments and automations, and a command line with Slack and a pager."""

    server: PrefectServer
    retail: Retail

    def is_running(self, run: dict[str, Any]) -> bool:
        running = {"state": {"type": {"any_": ["RUNNING"]}}, "id": {"any_": [run["id"]]}}
        return bool(self.server.get("/flow_runs/filter", {"flow_runs": running}))

    def alert_runs(self, *runs: dict[str, Any]) -> list[dict[str, Any]]:
        completed = {"state": {"type": {"any_": ["COMPLETED"]}}, "tags": {"all_": ["retail-alert"]}}
        alerts: list[dict[str, Any]] = self.server.get("/flow_runs/filter", {"flow_runs": completed})
        return [
            alert for alert in alerts if alert["parameters"]["flow_run_id"] in {run["id"] for run in runs}
        ]

    def has_heartbeat(self, run: dict[str, Any]) -> bool:
        names = {"event": {"name": ["prefect.flow-run.heartbeat"]}}
        events = self.server.get("/events/filter", {"filter": names})["events"]
        return f"prefect.flow-run.{run['id']}" in {
            event["resource"]["prefect.resource.id"] for event in events
        }

    def deploy(self) -> None:
        if not self.server.get("/work_pools/filter", {}):
            self.server.get("/work_pools/", {"name": "retail", "type": "process"})
        command = [*PREFECT, "deploy", "--all", "--prefect-file", str(PROJECT / "prefect.yaml")]
        deployed = self.retail.run(command)
        assert deployed.code == 0, deployed.err + deployed.out

    def register(self) -> list[dict[str, Any]]:
        """Register the automations twice, with different limits; return what Prefect has then."""
        with pytest.MonkeyPatch.context() as patch:
            for name, value in self.retail.environment.items():
                patch.setenv(name, value)
            with temporary_settings({PREFECT_API_URL: self.server.url}):
                for silent, late in (("20", "30"), ("0.17", "0.17")):
                    assert main(["--silent-minutes", silent, "--late-minutes", late]) == 0
        automations: list[dict[str, Any]] = self.server.get("/automations/filter", {})
        return [automation for automation in automations if automation["name"].startswith("retail: ")]

    def start(self, **options: Any) -> dict[str, Any]:
        deployments = self.server.get("/deployments/filter", {})
        (daily,) = [deployment for deployment in deployments if deployment["name"] == "daily"]
        path = f"/deployments/{daily['id']}/create_flow_run"
        run: dict[str, Any] = self.server.get(path, {"state": {"type": "SCHEDULED"}, **options})
        return run


@pytest.fixture(scope="module")
def prefect_server() -> Iterator[PrefectServer]:
    """A separate server, because automations react to the runs of all tests."""
    with own_prefect_server() as server:
        yield server


@pytest.fixture(scope="module")
def aftermath(prefect_server: PrefectServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Aftermath]:
    folder = tmp_path_factory.mktemp("dying")
    with ExitStack() as stack:
        web, events = stack.enter_context(http_receiver()), stack.enter_context(http_receiver())
        silent = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
        environment = {
            **base_environment(folder),
            **prefect_server.environment(),
            # A warehouse that accepts the connection and never answers: the run hangs.
            "DATABASE_URL": f"postgresql://retail@127.0.0.1:{silent.getsockname()[1]}/retail",
            "PIPELINE_SLACK_NOTIFICATIONS": "true",
            "PIPELINE_SLACK_WEBHOOK_URL": web.url(f"/services/{SECRET}"),
            "PIPELINE_PAGER_URLS": events.url(f"/{SECRET}", scheme="json"),
        }
        scenario = Scenario(prefect_server, Retail(environment))
        first = stack.enter_context(worker(scenario.retail, folder / "worker.log"))
        scenario.deploy()
        automations = scenario.register()
        waiting = scenario.start(
            parameters={"feed": "waiting", "sources": ["day.csv"]}, work_queue_name="nobody"
        )
        died = scenario.start(parameters={"feed": "dying", "sources": ["day.csv"]})
        wait_until("running", lambda: scenario.is_running(died))
        stack.enter_context(worker(scenario.retail, folder / "worker.log"))
        wait_until("heartbeat", lambda: scenario.has_heartbeat(died))
        kill(first)
        events.wait_for(2, 90)
        web.wait_for(2, 10)
        wait_until("alert runs", lambda: len(scenario.alert_runs(died, waiting)) == 2)
        logs = prefect_server.get("/logs/filter", {"limit": 200, "sort": "TIMESTAMP_DESC"})
        blocks = prefect_server.get("/block_documents/filter", {})
        records = json.dumps([automations, logs, blocks]) + (folder / "worker.log").read_text()
        alert_runs = scenario.alert_runs(died, waiting)
        yield Aftermath(web.accepted, events.accepted, died, waiting, alert_runs, records, automations)
        with (
            temporary_settings({PREFECT_API_URL: prefect_server.url}),
            get_client(sync_client=True) as client,
        ):
            for automation in automations:
                assert Automation(**automation).delete()
            # A later test's worker would run it.
            client.delete_flow_run(UUID(waiting["id"]))


def test_crash_is_sent_once(aftermath: Aftermath) -> None:
    (text,) = aftermath.slack_messages(aftermath.died)
    assert "Critical: Run crashed: retail-etl" in text
    assert "The run stopped sending heartbeats." in text
    assert "deployment daily, feed dying" in text
    assert [event["title"] for event in aftermath.pager].count("Critical: Run crashed: retail-etl") == 1


def test_never_started_is_sent_to_slack_by_the_server(aftermath: Aftermath) -> None:
    (text,) = aftermath.slack_messages(aftermath.waiting)
    assert "Critical: Run never started: retail-etl" in text
    assert aftermath.waiting["name"] in text
    assert "deployment daily" in text
    assert "docs/runbook.md#never-started" in text


def test_never_started_is_sent_to_the_pager_by_a_worker(aftermath: Aftermath) -> None:
    (event,) = [event for event in aftermath.pager if "never started" in event["title"]]
    assert f"Run {aftermath.waiting['name']} was due at" in event["message"]
    assert "feed waiting" in event["message"]


def test_one_alert_run_per_run(aftermath: Aftermath) -> None:
    requested = sorted(
        (run["parameters"]["kind"], run["parameters"]["flow_run_id"]) for run in aftermath.alert_runs
    )
    assert requested == [("crashed", aftermath.died["id"]), ("never_started", aftermath.waiting["id"])]


def test_registering_again_creates_no_duplicates(aftermath: Aftermath) -> None:
    assert len(aftermath.automations) == 3
    assert {automation["trigger"]["within"] for automation in aftermath.automations} == {0.0, 10.2}


def test_secret_is_not_recorded(aftermath: Aftermath) -> None:
    assert "Alert 'Run crashed' to slack: sent" in aftermath.records
    assert SECRET not in aftermath.records
