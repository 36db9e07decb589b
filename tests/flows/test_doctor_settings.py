"""Settings that do not do what somebody expects of them: the doctor says so, and a run warns once and goes on."""

from __future__ import annotations

from pathlib import Path

import pytest
from prefect.settings import PREFECT_API_URL, temporary_settings

from blocks import Alerts
from flows.doctor_inputs import gather_inputs
from tasks.doctor.examine import DoctorInputs
from tasks.doctor.finding import Finding, Status
from tests.flows.conftest import Retail
from tests.support.prefect_server import PrefectServer


@pytest.fixture
async def inputs(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """An address that is refused at once, so that nothing is started or connected to."""
    monkeypatch.setenv("DATABASE_URL", "postgresql://ann@db.example.com:6543/sales")
    monkeypatch.setenv("RETAIL_DATA_DIR", str(tmp_path))


def _of(inputs: DoctorInputs, check: str) -> list[Finding]:
    return [finding for finding in inputs.findings if finding.check == check]


async def test_names_of_the_airflow_project(inputs: None, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (
        "AIRFLOW_EMAIL_ALERTS",
        "AIRFLOW_SLACK_WEBHOOK_URL",
        "SUPABASE_URL",
        "SUPABASE_ACCESS_TOKEN",
    ):
        monkeypatch.setenv(name, "marked-secret")
    found = _of(await gather_inputs(), "settings")[:-1]
    assert {finding.status for finding in found} == {Status.WARNING}
    # SUPABASE_URL is no matter beside a DATABASE_URL, and the token is other software's.
    assert [(finding.what.split()[0], finding.fix) for finding in found] == [
        ("AIRFLOW_EMAIL_ALERTS", "Set PIPELINE_EMAIL_ALERTS instead."),
        ("AIRFLOW_SLACK_WEBHOOK_URL", "Set PIPELINE_SLACK_WEBHOOK_URL instead."),
    ]
    assert "marked-secret" not in str(found)


async def test_a_near_miss_is_a_problem(inputs: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIPELINE_QUALITY_TRESHOLD", "marked-value")
    (found,) = _of(await gather_inputs(), "settings")
    assert found.status is Status.PROBLEM
    assert found.fix == "Did you mean PIPELINE_QUALITY_THRESHOLD?"
    assert "marked-value" not in str(found)


async def test_an_alerts_block_without_channels(inputs: None, prefect_server: PrefectServer) -> None:
    with temporary_settings({PREFECT_API_URL: prefect_server.url}):
        await Alerts().asave("no-channel", overwrite=True)
        channels = (await gather_inputs(alerts="no-channel")).channels
    assert isinstance(channels, list)
    (found,) = channels
    assert (found.check, found.status) == ("alerts", Status.PROBLEM)
    assert "'no-channel' has no channel" in found.what


def test_a_run_warns_in_one_line_and_goes_on(retail: Retail, days: Path) -> None:
    wrong = {"PIPELINE_QUALITY_TRESHOLD": "99", "RETAIL_POOLSIZE": "marked-value", "PIPELINE_ID": "7"}
    ended = retail("etl", str(days / "2010-12-05.csv"), "--json", **wrong)
    assert ended.code == 0, ended.err
    assert ended.report["quality_threshold"] == 85
    warnings = [line for line in ended.err.splitlines() if "warning" in line]
    assert len(warnings) == 1
    assert "Did you mean PIPELINE_QUALITY_THRESHOLD?" in warnings[0]
    assert "Did you mean RETAIL_POOL_SIZE?" in warnings[0]
    assert "PIPELINE_ID" not in ended.err
    assert "marked-value" not in ended.err
