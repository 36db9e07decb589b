"""``python -m deployments.blocks``: blocks and schedules from the environment, again and again without duplicates."""

from __future__ import annotations

import sys
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

import pytest

from tests.flows.conftest import Ended, Retail, base_environment
from tests.support.prefect_server import PrefectServer

pytestmark = pytest.mark.prefect
MARK = "marked-secret-word"
HEADER = "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country\n"
LINE = "900001,22423,REGENCY CAKESTAND 3 TIER,1,2011-05-01 10:00:00,12.75,17850.0,United Kingdom\n"


def write_blocks(retail: Retail, name: str, **more: str) -> Ended:
    return retail.run([sys.executable, "-m", "deployments.blocks", "--name", name], **more)


def documents(server: PrefectServer, name: str) -> list[str]:
    found = server.get("/block_documents/filter", {"block_documents": {"name": {"any_": [name]}}})
    return sorted(one["block_type"]["slug"] for one in found)


def test_twice_makes_no_second_and_a_run_loads_through_it(
    retail: Retail, prefect_server: PrefectServer, tmp_path: Path
) -> None:
    channels = {
        "PIPELINE_SLACK_NOTIFICATIONS": "true",
        "PIPELINE_SLACK_WEBHOOK_URL": f"https://hooks.slack.com/services/{MARK}",
        "PIPELINE_PAGER_URLS": f"json://127.0.0.1:9/{MARK}",
    }
    for _ in range(2):
        ended = write_blocks(retail, "from-environment", **channels)
        assert ended.code == 0, ended.err
        assert "supabase-warehouse/from-environment: postgresql://retail@/test_" in ended.out
        assert "retail-alerts/from-environment: slack, pager" in ended.out
        assert MARK not in ended.out + ended.err
    shown = prefect_server.get(
        "/block_documents/filter", {"block_documents": {"name": {"any_": ["from-environment"]}}}
    )
    assert MARK not in str(shown)
    assert documents(prefect_server, "from-environment") == ["retail-alerts", "supabase-warehouse"]

    day = tmp_path / "day.csv"
    day.write_text(HEADER + LINE)
    # As on a worker: the address is in the block alone.
    elsewhere = Retail({**base_environment(tmp_path / "worker"), **prefect_server.environment()})
    run = elsewhere("etl", str(day), "--warehouse", "from-environment", "--json")
    assert run.code == 0, run.err
    assert run.report["warehouse"] == retail.environment["DATABASE_URL"]
    assert retail("sql", "select count(*) as lines from retail_dwh.fact_sale").out.split() == ["lines", "1"]
    settings = elsewhere(
        "settings", "--warehouse", "from-environment", "--alerts", "from-environment", "--json"
    )
    assert settings.report["DATABASE_URL"]["origin"] == "block supabase-warehouse/from-environment"
    assert settings.report["PIPELINE_SLACK_WEBHOOK_URL"] == {
        "value": "********",
        "origin": "block retail-alerts/from-environment",
    }


def test_registered_with_prefect(retail: Retail, prefect_server: PrefectServer) -> None:
    ended = retail.run([sys.executable, "-m", "prefect", "block", "register", "-m", "blocks"])
    assert ended.code == 0, ended.err
    types = {one["slug"] for one in prefect_server.get("/block_types/filter", {})}
    assert {"supabase-warehouse", "retail-alerts"} <= types
    # Prefect itself finds them, wherever the package is installed.
    offered = {one.load().__name__ for one in entry_points(group="prefect.collections")}
    assert {"blocks.warehouse", "blocks.alerts"} <= offered


def test_settings_that_are_wrong_write_nothing(retail: Retail, prefect_server: PrefectServer) -> None:
    ended = write_blocks(
        retail, "wrong", DATABASE_URL=f"postgresql://ann:{MARK}@db.example.com:6543/postgres"
    )
    assert ended.code == 2
    assert "transaction-mode pooler" in ended.err
    assert MARK not in ended.err
    assert documents(prefect_server, "wrong") == []


def test_the_settings_switch_the_schedules(retail: Retail, prefect_server: PrefectServer) -> None:
    deployed = retail.run(
        [sys.executable, "-m", "prefect", "work-pool", "create", "retail", "--type", "process", "--overwrite"]
    )
    assert deployed.code == 0, deployed.err
    deployed = retail.run([sys.executable, "-m", "prefect", "--no-prompt", "deploy", "--all"])
    assert deployed.code == 0, deployed.err + deployed.out
    for _ in range(2):
        ended = write_blocks(
            retail, "schedules", SUPABASE_MONITORING_ENABLED="true", SUPABASE_BACKUP_ENABLED="true"
        )
        assert "retail-doctor/hourly: scheduled, 7 * * * * UTC" in ended.out
        assert "SUPABASE_BACKUP_ENABLED is on, but there is no such deployment yet" in ended.out
        (schedule,) = schedules(prefect_server, "retail-doctor", "hourly")
        assert schedule["active"]
        assert schedule["schedule"]["cron"] == "7 * * * *"
    ended = write_blocks(retail, "schedules")
    assert "retail-doctor/hourly: not scheduled" in ended.out
    assert schedules(prefect_server, "retail-doctor", "hourly") == []


def schedules(server: PrefectServer, flow: str, deployment: str) -> list[dict[str, Any]]:
    wanted = {"flows": {"name": {"any_": [flow]}}, "deployments": {"name": {"any_": [deployment]}}}
    (found,) = server.get("/deployments/filter", wanted)
    schedules_: list[dict[str, Any]] = found["schedules"]
    return schedules_


@pytest.mark.parametrize("module", ["deployments.blocks", "deployments.automations"])
def test_a_prefect_server_that_is_not_there(retail: Retail, module: str) -> None:
    ended = retail.run([sys.executable, "-m", module], PREFECT_API_URL="http://127.0.0.1:9/api")
    assert ended.code == 1
    assert "does not respond" in ended.err
    assert "Traceback" not in ended.err
