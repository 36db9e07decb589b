"""``retail doctor`` and the flow of the same purpose: what is told, the exit codes, and that no password shows."""

from __future__ import annotations

import json
import sys
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
from flows import retail_doctor
from tasks.errors import ProblemsFound

async def main():
    try:
        findings = await retail_doctor()
    except ProblemsFound as error:
        findings = pickle.loads(pickle.dumps(error)).findings
    # What was wrong is mended.
    os.environ |= {"DATABASE_URL": os.environ["MENDED"], "RETAIL_WORKSPACE": ""}
    await retail_doctor()
    return [(one.check, one.status, one.what) for one in findings]

print(json.dumps(asyncio.run(main())))
"""


def _statuses(report: dict) -> dict[str, str]:  # type: ignore[type-arg]
    return {one["check"]: one["status"] for one in report["findings"]}


def test_all_is_well(retail: Retail, prefect_server: PrefectServer) -> None:
    ended = retail("doctor", "--json")
    assert ended.code == 0, ended.out + ended.err
    assert ended.report["can_run"] is True
    assert set(_statuses(ended.report).values()) == {"ok"}, ended.out
    (prefect,) = [one for one in ended.report["findings"] if one["check"] == "Prefect"]
    assert prefect_server.url in prefect["what"]
    assert "is version 3." in prefect["what"]


def test_everything_that_is_wrong_is_told_at_once(retail: Retail, tmp_path: Path) -> None:
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
    for line, said in zip(
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
        assert said in line
    assert "-> Loads and backups need the direct connection or the session pooler" in ended.out
    assert ended.out.splitlines()[-1].startswith("5 problems")
    assert MARK not in ended.out + ended.err


def test_a_password_shows_nowhere(retail: Retail) -> None:
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
async def test_an_address_that_is_refused_does_not_show_it(
    url: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("DATABASE_URL", url)
    monkeypatch.setenv("RETAIL_DATA_DIR", str(tmp_path))
    subjects = await gather_inputs()
    found = await examine(replace(subjects, prefect=None))
    refused = [one for one in found if one.status is Status.PROBLEM]
    assert [one.check for one in refused] == ["way in"]
    assert "Invalid warehouse address" in refused[0].what
    assert MARK not in f"{subjects}{found}"


def test_wrong_usage(plain_retail: Retail) -> None:
    given = plain_retail("doctor", "--warehouse", f"postgresql://ann:{MARK}@localhost/sales")
    assert given.code == 2
    assert "DATABASE_URL" in given.err
    assert MARK not in given.out + given.err


def test_blocks_that_are_not_there(retail: Retail) -> None:
    ended = retail("doctor", "--warehouse", "nowhere", "--alerts", "nobody", "--json")
    assert ended.code == 1
    assert (_statuses(ended.report)["way in"], _statuses(ended.report)["alerts"]) == ("problem", "warning")
    (found,) = [one for one in ended.report["findings"] if one["check"] == "way in"]
    assert "'nowhere'" in found["what"]
    assert found["fix"]


def test_the_flow_shows_its_findings_and_fails(
    retail: Retail, prefect_server: PrefectServer, tmp_path: Path
) -> None:
    (tmp_path / "file").touch()
    wrong = {"RETAIL_WORKSPACE": str(tmp_path / "file"), "DATABASE_URL": f"postgresql://ann:{MARK}@h:6543/x"}
    with http_receiver() as slack:
        told = {"PIPELINE_SLACK_NOTIFICATIONS": "true", "PIPELINE_SLACK_WEBHOOK_URL": slack.url()}
        ended = retail.run(
            [sys.executable, "-c", FLOW], **wrong, **told, MENDED=retail.environment["DATABASE_URL"]
        )
    assert ended.code == 0, ended.err
    assert slack.headlines == [
        "Error: A check of the warehouse turned bad: retail-doctor",
        "Recovered (A check of the warehouse turned bad): retail-doctor",
    ]
    assert MARK not in json.dumps(slack.taken)
    told_of = json.loads(ended.out.splitlines()[-1])
    assert [check for check, status, _ in told_of if status == "problem"] == ["way in", "workspace"]
    assert MARK not in ended.out + ended.err

    shown = {"artifacts": {"key": {"any_": ["retail-doctor-findings"]}}}
    found = prefect_server.get("/artifacts/filter", shown)
    artifact, mended = sorted(found, key=lambda one: str(one["created"]))
    assert "2 problems: a run would fail" in artifact["data"]
    assert "no problem: a run can start" in mended["data"]
    assert MARK not in json.dumps(artifact)
    runs = prefect_server.get("/flow_runs/filter", {"flows": {"name": {"any_": ["retail-doctor"]}}})
    assert sorted(one["state"]["type"] for one in runs) == ["COMPLETED", "FAILED"]
    logs = prefect_server.get(
        "/logs/filter", {"logs": {"flow_run_id": {"any_": [one["id"] for one in runs]}}}
    )
    tasks = prefect_server.get(
        "/task_runs/filter", {"flow_runs": {"id": {"any_": [one["id"] for one in runs]}}}
    )
    assert {one["name"] for one in tasks} == {"examine everything", "publish findings"}
    assert MARK not in json.dumps([runs, logs, tasks])
    assert runs[0]["parameters"] == {"warehouse": "", "alerts": "", "send_test": False}


def test_a_channel_that_is_not_switched_on(retail: Retail) -> None:
    ended = retail(
        "doctor", "--json", PIPELINE_SLACK_WEBHOOK_URL="https://hooks.slack.com/services/marked-secret"
    )
    (found,) = [one for one in ended.report["findings"] if "PIPELINE_SLACK_WEBHOOK_URL" in one["what"]]
    assert (found["check"], found["status"]) == ("alerts", "warning")
    assert found["fix"] == "Set PIPELINE_SLACK_NOTIFICATIONS=true."
    assert "marked-secret" not in ended.out + ended.err
