"""``retail doctor`` and its flow: findings, exit codes, alerts and artifacts, without passwords."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from flows.doctor_inputs import gather_inputs
from tasks.doctor.examine import examine
from tasks.doctor.finding import Status
from tests.flows.conftest import PrefectServer, Retail
from tests.support.receivers import http_receiver
from tests.support.servers import free_port

MARK = "xq7Kmarked"
FLOW = """
import asyncio, json, os, pickle
from prefect import tags
from flows import retail_doctor
from tasks.errors import ProblemsFound

async def main():
    try:
        findings = await retail_doctor()
    except ProblemsFound as error:
        findings = pickle.loads(pickle.dumps(error)).findings
    # Fix the settings and run again.
    os.environ |= {"DATABASE_URL": os.environ["FIXED"], "RETAIL_WORKSPACE": ""}
    await retail_doctor()
    return [(finding.check, finding.status, finding.what) for finding in findings]

with tags("findings-of-a-test"):
    print(json.dumps(asyncio.run(main())))
"""


def _statuses(report: dict) -> dict[str, str]:  # type: ignore[type-arg]
    return {finding["check"]: finding["status"] for finding in report["findings"]}


def test_healthy_setup(retail: Retail, prefect_server: PrefectServer) -> None:
    ended = retail("doctor", "--json")
    assert ended.code == 0, ended.out + ended.err
    assert ended.report["can_run"] is True
    assert set(_statuses(ended.report).values()) == {"ok"}, ended.out
    (prefect,) = [finding for finding in ended.report["findings"] if finding["check"] == "Prefect"]
    assert prefect_server.url in prefect["what"]
    assert "is version 3." in prefect["what"]


def test_all_problems_are_reported_at_once(retail: Retail, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    api = f"http://127.0.0.1:{free_port()}/api"
    ended = retail(
        "doctor",
        DATABASE_URL=f"postgresql://ann:{MARK}@db.example.com:6543/sales",
        RETAIL_WORKSPACE=str(tmp_path / "file" / "workspace"),
        RETAIL_POOLSIZE="3",
        PIPELINE_DEFAULT_RETRIES="many",
        PREFECT_API_URL=api,
    )
    assert ended.code == 1
    assert "Traceback" not in ended.err + ended.out
    lines = [line for line in ended.out.splitlines() if line.startswith("problem")]
    for line, message in zip(
        lines,
        (
            "RETAIL_POOLSIZE: the environment sets it, but there is no such setting",
            "PIPELINE_DEFAULT_RETRIES 'many' (from environment)",
            "port 6543 is a transaction-mode pooler",
            "workspace cannot be written (Not a directory)",
            f"{api} does not answer",
        ),
        strict=True,
    ):
        assert message in line
    assert "-> Use the direct connection or the session pooler for loads and backups" in ended.out
    assert ended.out.splitlines()[-1].startswith("5 problems")
    assert MARK not in ended.out + ended.err


def test_password_is_not_shown(retail: Retail) -> None:
    url = f"postgresql://ann:{MARK}@127.0.0.1:{free_port()}/sales?connect_timeout=1"
    ended = retail("doctor", "--json", DATABASE_URL=url)
    assert ended.code == 1
    assert _statuses(ended.report)["connection"] == "problem"
    assert _statuses(ended.report)["workspace"] == "ok"
    assert MARK not in ended.out + ended.err


@pytest.mark.parametrize(
    "url",
    [
        f"postgresql://ann:12/{MARK}@localhost/sales",
        f"postgresql:/ann:{MARK}@localhost/sales",
        f"postgresql://ann:{MARK}]@[localhost/sales",
        f"postgresql://ann:12?{MARK}=1@localhost/sales",
        f"postgresql://ann:{MARK}@localhost:port/sales",
        f"postgresql://ann:{MARK}@db.example.com/sales?sslmode=disable",
    ],
)
async def test_password_of_a_rejected_address_is_not_shown(
    url: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("DATABASE_URL", url)
    monkeypatch.setenv("RETAIL_DATA_DIR", str(tmp_path))
    inputs = await gather_inputs()
    findings = await examine(replace(inputs, prefect=None))
    problems = [finding for finding in findings if finding.status is Status.PROBLEM]
    assert [problem.check for problem in problems] == ["way in"]
    assert "Invalid warehouse address" in problems[0].what
    assert MARK not in f"{inputs}{findings}"


def test_wrong_usage(plain_retail: Retail) -> None:
    ended = plain_retail("doctor", "--warehouse", f"postgresql://ann:{MARK}@localhost/sales")
    assert ended.code == 2
    assert "DATABASE_URL" in ended.err
    assert MARK not in ended.out + ended.err


def test_missing_blocks(retail: Retail) -> None:
    ended = retail("doctor", "--warehouse", "nowhere", "--alerts", "nobody", "--json")
    assert ended.code == 1
    assert (_statuses(ended.report)["way in"], _statuses(ended.report)["alerts"]) == ("problem", "warning")
    (finding,) = [finding for finding in ended.report["findings"] if finding["check"] == "way in"]
    assert "'nowhere'" in finding["what"]
    assert finding["fix"]


def test_flow_publishes_findings_and_fails(
    retail: Retail, prefect_server: PrefectServer, tmp_path: Path
) -> None:
    (tmp_path / "file").touch()
    wrong = {"RETAIL_WORKSPACE": str(tmp_path / "file"), "DATABASE_URL": f"postgresql://ann:{MARK}@h:6543/x"}
    with http_receiver() as slack:
        channel = {"PIPELINE_SLACK_NOTIFICATIONS": "true", "PIPELINE_SLACK_WEBHOOK_URL": slack.url()}
        ended = retail.script(FLOW, **wrong, **channel, FIXED=retail.environment["DATABASE_URL"])
    assert ended.code == 0, ended.err
    assert slack.headlines == [
        "Error: Warehouse health check failed: retail-doctor",
        "Recovered (Warehouse health check failed): retail-doctor",
    ]
    assert MARK not in json.dumps(slack.accepted)
    findings = json.loads(ended.out.splitlines()[-1])
    assert [check for check, status, _ in findings if status == "problem"] == ["way in", "workspace"]
    assert MARK not in ended.out + ended.err

    # Other tests run the flow on this server, too.
    ours = {"tags": {"all_": ["findings-of-a-test"]}}
    runs = prefect_server.get("/flow_runs/filter", {"flow_runs": ours})
    artifacts = prefect_server.get(
        "/artifacts/filter",
        {"artifacts": {"key": {"any_": ["retail-doctor-findings"]}}, "flow_runs": ours},
    )
    first, second = sorted(artifacts, key=lambda artifact: str(artifact["created"]))
    assert "2 problems: a run would fail" in first["data"]
    assert "no problems: a run can start" in second["data"]
    assert MARK not in json.dumps(first)
    assert sorted(run["state"]["type"] for run in runs) == ["COMPLETED", "FAILED"]
    logs = prefect_server.get(
        "/logs/filter", {"logs": {"flow_run_id": {"any_": [run["id"] for run in runs]}}}
    )
    tasks = prefect_server.get(
        "/task_runs/filter", {"flow_runs": {"id": {"any_": [run["id"] for run in runs]}}}
    )
    assert {task["name"] for task in tasks} == {"examine everything", "publish findings"}
    assert MARK not in json.dumps([runs, logs, tasks])
    assert runs[0]["parameters"] == {"warehouse": "", "alerts": "", "send_test": False}


def test_channel_that_is_switched_off(retail: Retail) -> None:
    ended = retail(
        "doctor", "--json", PIPELINE_SLACK_WEBHOOK_URL="https://hooks.slack.com/services/marked-secret"
    )
    (finding,) = [
        finding for finding in ended.report["findings"] if "PIPELINE_SLACK_WEBHOOK_URL" in finding["what"]
    ]
    assert (finding["check"], finding["status"]) == ("alerts", "warning")
    assert finding["fix"] == "Set PIPELINE_SLACK_NOTIFICATIONS=true."
    assert "marked-secret" not in ended.out + ended.err
