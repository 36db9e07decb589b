"""SUPABASE_BACKUP_ENABLED makes and takes away the schedules of backups, and the backup after a load."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from deployments.backup_trigger import NAME
from tasks.backup.listing import list_backups
from tasks.backup.vault.local import LocalVault
from tasks.postgres.connect import ConnectionSettings
from tests.flows.conftest import Retail, as_url, base_environment
from tests.support.age import make_key
from tests.support.prefect_server import PrefectServer, own_prefect_server

pytestmark = pytest.mark.slow
PROJECT = Path(__file__).parents[2]
PREFECT = [sys.executable, "-m", "prefect", "--no-prompt"]
ENABLED = {"SUPABASE_BACKUP_ENABLED": "true", "SUPABASE_BACKUP_SCHEDULE": "daily"}


@pytest.fixture
def orchestrator() -> Iterator[PrefectServer]:
    with own_prefect_server() as server:
        yield server


@pytest.fixture
def retail(orchestrator: PrefectServer, warehouse: ConnectionSettings, tmp_path: Path) -> Retail:
    environment = {
        **base_environment(tmp_path / "data"),
        **orchestrator.environment(),
        "DATABASE_URL": as_url(warehouse),
        "RETAIL_VAULT": str(tmp_path / "vault"),
        "RETAIL_VAULT_RECIPIENTS": make_key(tmp_path / "identity"),
        "RETAIL_VAULT_IDENTITY": str(tmp_path / "identity"),
        "PREFECT_WORKER_QUERY_SECONDS": "1",
    }
    retail = Retail(environment)
    made = retail.run([*PREFECT, "work-pool", "create", "retail", "--type", "process"])
    assert made.code == 0, made.err
    deployed = retail.run([*PREFECT, "deploy", "--all", "--prefect-file", str(PROJECT / "prefect.yaml")])
    assert deployed.code == 0, deployed.err + deployed.out
    return retail


def switch(retail: Retail, **settings: str) -> str:
    ended = retail.run([sys.executable, "-m", "deployments.blocks"], **settings)
    assert ended.code == 0, ended.err
    return ended.out


def runs_of(server: PrefectServer, flow: str) -> list[dict[str, Any]]:
    runs: list[dict[str, Any]] = server.get("/flow_runs/filter", {"flows": {"name": {"any_": [flow]}}})
    return runs


def schedules(server: PrefectServer) -> dict[str, list[str]]:
    """Cron expressions by deployment, for the deployments whose schedule a setting switches."""
    flows = {flow["id"]: flow["name"] for flow in server.get("/flows/filter", {})}
    found = {
        f"{flows[deployment['flow_id']]}/{deployment['name']}": [
            schedule["schedule"]["cron"] for schedule in deployment["schedules"] if schedule["active"]
        ]
        for deployment in server.get("/deployments/filter", {})
    }
    return {name: crons for name, crons in found.items() if crons}


@contextmanager
def worker(retail: Retail, log: Path) -> Iterator[None]:
    with open(log, "wb") as file:
        process = subprocess.Popen(
            [*PREFECT, "worker", "start", "--pool", "retail"],
            env=retail.environment,
            stdout=file,
            stderr=file,
            start_new_session=True,
        )
    try:
        yield
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def wait_until(what: str, check: Callable[[], Any], seconds: float = 120.0) -> None:
    end = time.monotonic() + seconds
    while not check():
        assert time.monotonic() < end, f"{what}: not within {seconds:g} s"
        time.sleep(0.5)


def load(retail: Retail, source: Path) -> None:
    command = [
        *PREFECT,
        "deployment",
        "run",
        "retail-etl/daily",
        "--watch",
        "--param",
        f'sources=["{source}"]',
    ]
    watched = retail.run(command, 150)
    assert watched.code == 0, watched.err + watched.out


def test_switched_on_a_load_is_backed_up_and_switched_off_nothing_is(
    orchestrator: PrefectServer, retail: Retail, days: Path, tmp_path: Path
) -> None:
    assert schedules(orchestrator) == {}  # prefect.yaml schedules no backup
    out = switch(retail, **ENABLED)
    assert NAME in out
    switch(retail, **ENABLED)
    assert schedules(orchestrator) == {
        "retail-backup/full": ["30 2 * * *"],
        "retail-restore/drill": ["30 5 * * 0"],
    }
    named = [found for found in orchestrator.get("/automations/filter", {}) if found["name"] == NAME]
    assert len(named) == 1

    with worker(retail, tmp_path / "worker.log"):
        load(retail, days / "2010-12-05.csv")
        wait_until("a backup run after a load", lambda: _triggered(orchestrator))
        wait_until(
            "its end", lambda: {run["state"]["type"] for run in _triggered(orchestrator)} == {"COMPLETED"}
        )
        (backup,) = list_backups(LocalVault(tmp_path / "vault"), None)
        assert backup.manifest is not None
        assert {table.name: table.rows for table in backup.manifest.rows}["retail_dwh.fact_sale"] > 2_000

        load(retail, days / "2010-12-05.csv")
        (first, second) = sorted(runs_of(orchestrator, "retail-etl"), key=lambda run: run["start_time"])
        assert (first["state"]["name"], second["state"]["name"]) == ("Completed", "NothingNew")
        time.sleep(5)
        assert len(_triggered(orchestrator)) == 1

        assert f"{NAME}: removed" in switch(retail, SUPABASE_BACKUP_ENABLED="false")
        assert schedules(orchestrator) == {}
        assert [found for found in orchestrator.get("/automations/filter", {}) if found["name"] == NAME] == []
        load(retail, days / "2010-12-06.csv")
        time.sleep(5)
        assert len(_triggered(orchestrator)) == 1


def _triggered(server: PrefectServer) -> list[dict[str, Any]]:
    """Runs of backups that no schedule made."""
    return [run for run in runs_of(server, "retail-backup") if not run["auto_scheduled"]]
