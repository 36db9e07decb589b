"""What no hook can tell: a machine that dies with a run on it, and a run that no worker takes.

Both happen once, side by side, under a real server and worker; the tests look at what came of it.
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
from tests.support.prefect_server import PrefectServer
from tests.support.receivers import http_receiver

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


@dataclass
class Aftermath:
    """What people were told, and what Prefect knows, after a run died and another one never started."""

    slack: list[dict[str, Any]]
    pager: list[dict[str, Any]]
    died: dict[str, Any]
    waiting: dict[str, Any]
    alert_runs: list[dict[str, Any]]
    written: str
    automations: list[dict[str, Any]]

    def told_slack(self, of: dict[str, Any]) -> list[str]:
        """The messages about a run."""
        return [text for text in map(json.dumps, self.slack) if of["id"] in text]


@dataclass
class Scene:
    """A server with the deployments and automations, told through Slack and a pager."""

    server: PrefectServer
    retail: Retail

    def is_running(self, run: dict[str, Any]) -> bool:
        wanted = {"state": {"type": {"any_": ["RUNNING"]}}, "id": {"any_": [run["id"]]}}
        return bool(self.server.get("/flow_runs/filter", {"flow_runs": wanted}))

    def alert_runs(self, *of: dict[str, Any]) -> list[dict[str, Any]]:
        wanted = {"state": {"type": {"any_": ["COMPLETED"]}}, "tags": {"all_": ["retail-alert"]}}
        found: list[dict[str, Any]] = self.server.get("/flow_runs/filter", {"flow_runs": wanted})
        return [one for one in found if one["parameters"]["flow_run_id"] in {run["id"] for run in of}]

    def heart_beats(self, run: dict[str, Any]) -> bool:
        names = {"event": {"name": ["prefect.flow-run.heartbeat"]}}
        seen = self.server.get("/events/filter", {"filter": names})["events"]
        return f"prefect.flow-run.{run['id']}" in {one["resource"]["prefect.resource.id"] for one in seen}

    def deploy(self) -> None:
        if not self.server.get("/work_pools/filter", {}):
            self.server.get("/work_pools/", {"name": "retail", "type": "process"})
        command = [*PREFECT, "deploy", "--all", "--prefect-file", str(PROJECT / "prefect.yaml")]
        deployed = self.retail.run(command)
        assert deployed.code == 0, deployed.err + deployed.out

    def register(self) -> list[dict[str, Any]]:
        """Write the automations twice, with other waits the second time; return what Prefect has then."""
        with pytest.MonkeyPatch.context() as patch:
            for name, value in self.retail.environment.items():
                patch.setenv(name, value)
            with temporary_settings({PREFECT_API_URL: self.server.url}):
                for silent, late in (("20", "30"), ("0.17", "0.17")):
                    assert main(["--silent-minutes", silent, "--late-minutes", late]) == 0
        every: list[dict[str, Any]] = self.server.get("/automations/filter", {})
        return [one for one in every if one["name"].startswith("retail: ")]

    def start(self, **options: Any) -> dict[str, Any]:
        (daily,) = [one for one in self.server.get("/deployments/filter", {}) if one["name"] == "daily"]
        path = f"/deployments/{daily['id']}/create_flow_run"
        made: dict[str, Any] = self.server.get(path, {"state": {"type": "SCHEDULED"}, **options})
        return made


@pytest.fixture(scope="module")
def aftermath(prefect_server: PrefectServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Aftermath]:
    folder = tmp_path_factory.mktemp("dying")
    with ExitStack() as stack:
        web, events = stack.enter_context(http_receiver()), stack.enter_context(http_receiver())
        silent = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
        environment = {
            **base_environment(folder),
            **prefect_server.environment(),
            # A warehouse that takes the connection and says nothing: the run hangs.
            "DATABASE_URL": f"postgresql://retail@127.0.0.1:{silent.getsockname()[1]}/retail",
            "PIPELINE_SLACK_NOTIFICATIONS": "true",
            "PIPELINE_SLACK_WEBHOOK_URL": web.url(f"/services/{SECRET}"),
            "PIPELINE_PAGER_URLS": events.url(f"/{SECRET}", scheme="json"),
        }
        scene = Scene(prefect_server, Retail(environment))
        first = stack.enter_context(worker(scene.retail, folder / "worker.log"))
        scene.deploy()
        automations = scene.register()
        waiting = scene.start(parameters={"feed": "waiting"}, work_queue_name="nobody")
        died = scene.start(parameters={"feed": "dying"})
        wait_until("running", lambda: scene.is_running(died))
        stack.enter_context(worker(scene.retail, folder / "worker.log"))
        wait_until("heartbeat", lambda: scene.heart_beats(died))
        kill(first)
        events.wait_for(2, 90)
        web.wait_for(2, 10)
        wait_until("alert runs", lambda: len(scene.alert_runs(died, waiting)) == 2)
        logs = prefect_server.get("/logs/filter", {"limit": 200, "sort": "TIMESTAMP_DESC"})
        blocks = prefect_server.get("/block_documents/filter", {})
        written = json.dumps([automations, logs, blocks]) + (folder / "worker.log").read_text()
        alert_runs = scene.alert_runs(died, waiting)
        yield Aftermath(web.taken, events.taken, died, waiting, alert_runs, written, automations)
        with (
            temporary_settings({PREFECT_API_URL: prefect_server.url}),
            get_client(sync_client=True) as client,
        ):
            for one in automations:
                assert Automation(**one).delete()
            # A later test's worker would take it, and load the bundled data.
            client.delete_flow_run(UUID(waiting["id"]))


def test_death_is_told_once(aftermath: Aftermath) -> None:
    (text,) = aftermath.told_slack(aftermath.died)
    assert "Critical: The run died: retail-etl" in text
    assert "The run sent no heartbeat for too long." in text
    assert "deployment daily, feed dying" in text
    assert [one["title"] for one in aftermath.pager].count("Critical: The run died: retail-etl") == 1


def test_run_that_nobody_takes_is_told_by_the_server(aftermath: Aftermath) -> None:
    (text,) = aftermath.told_slack(aftermath.waiting)
    assert "Critical: A run never started: retail-etl" in text
    assert aftermath.waiting["name"] in text
    assert "deployment daily" in text
    assert "docs/runbook.md#never-started" in text


def test_pager_is_told_of_it_by_a_worker(aftermath: Aftermath) -> None:
    (event,) = [one for one in aftermath.pager if "never started" in one["title"]]
    assert f"Run {aftermath.waiting['name']} was due at" in event["message"]
    assert "feed waiting" in event["message"]


def test_one_alert_run_for_each(aftermath: Aftermath) -> None:
    asked = sorted(
        (one["parameters"]["kind"], one["parameters"]["flow_run_id"]) for one in aftermath.alert_runs
    )
    assert asked == [("crashed", aftermath.died["id"]), ("never_started", aftermath.waiting["id"])]


def test_written_again_there_are_no_more_of_them(aftermath: Aftermath) -> None:
    assert len(aftermath.automations) == 3
    assert {one["trigger"]["within"] for one in aftermath.automations} == {0.0, 10.2}


def test_secret_is_nowhere(aftermath: Aftermath) -> None:
    assert "Alert 'The run died' to slack: sent" in aftermath.written
    assert SECRET not in aftermath.written
