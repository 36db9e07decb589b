"""With ``--json``, the last line of standard output is one object, whatever went wrong."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.flows.conftest import Retail
from tests.support.prefect_server import free_port


@pytest.mark.parametrize(
    ("arguments", "code", "kind"),
    [
        (["etl", "x.csv", "--quality-threshold", "101"], 2, "SettingsError"),
        (["withdraw", "a.csv"], 2, "SettingsError"),
        (["doctor", "--alerts", "no such name"], 2, "SettingsError"),
        (["etl", "--no-such-option"], 2, "UsageError"),
    ],
)
def test_before_the_run(plain_retail: Retail, arguments: list[str], code: int, kind: str) -> None:
    ended = plain_retail(
        *arguments, "--json", DATABASE_URL="postgresql://nobody@db.example.com/x?sslmode=disable"
    )
    assert ended.code == code, ended.err
    assert len(ended.out.splitlines()) == 1
    assert ended.report["status"] == "failed"
    assert ended.report["error_type"] == kind
    assert ended.report["error"]


def test_a_warehouse_that_is_not_there(retail: Retail, tmp_path: Path) -> None:
    address = f"postgresql://retail@127.0.0.1:{free_port()}/retail?connect_timeout=1"
    for arguments in (["etl", str(tmp_path)], ["withdraw", "a.csv"]):
        ended = (
            retail(*arguments, "--json", "--retries", "0", DATABASE_URL=address)
            if arguments[0] == "etl"
            else (retail(*arguments, "--json", DATABASE_URL=address))
        )
        assert ended.code == 1
        assert ended.report["error_type"] == "WarehouseUnreachable"
        assert "Traceback" not in ended.err


def test_prefect_that_is_not_there(retail: Retail, days: Path) -> None:
    api = f"http://127.0.0.1:{free_port()}/api"
    ended = retail("etl", str(days / "2010-12-05.csv"), "--json", PREFECT_API_URL=api)
    assert ended.code == 1
    assert ended.report["error_type"] == "PrefectUnreachable"


def test_settings_show_all_and_mark_the_bad_one(plain_retail: Retail) -> None:
    wrong = {"PIPELINE_SLACK_MINIMUM": "loud", "PIPELINE_EMAIL_ALERTS": "perhaps"}
    ended = plain_retail("settings", "--json", **wrong)
    assert ended.code == 2
    assert len(ended.report) > 30
    slack = ended.report["PIPELINE_SLACK_MINIMUM"]
    assert slack["origin"] == "environment"
    for allowed in ("info", "warning", "error", "critical"):
        assert allowed in slack["error"]
    assert "true or false" in ended.report["PIPELINE_EMAIL_ALERTS"]["error"]
    assert "error" not in ended.report["PIPELINE_SMTP_HOST"]
    shown = plain_retail("settings", **wrong)
    assert shown.code == 2
    assert "PIPELINE_QUALITY_THRESHOLD" in shown.out
    assert "invalid: PIPELINE_SLACK_MINIMUM 'loud'" in " ".join(shown.out.split())


def test_sql_needs_no_channel(retail: Retail) -> None:
    asked = retail("sql", "select 1 as one", PIPELINE_SLACK_MINIMUM="loud", PIPELINE_EMAIL_ALERTS="true")
    assert (asked.code, asked.out.splitlines()) == (0, ["one", "1"]), asked.err
    refused = retail("sql", "select 1 as one", RETAIL_CONNECT_SECONDS="soon")
    assert refused.code == 2


def test_runs_of_the_command_line_carry_the_tag(retail: Retail, days: Path) -> None:
    ended = retail("etl", str(days / "2010-12-05.csv"), "--dry-run", "--json")
    runs = json.dumps({"flow_runs": {"id": {"any_": [ended.report["run_id"]]}}})
    from tests.support.prefect_server import PrefectServer

    server = PrefectServer(retail.environment["PREFECT_API_URL"], Path(retail.environment["PREFECT_HOME"]))
    (run,) = server.get("/flow_runs/filter", json.loads(runs))
    assert "retail" in run["tags"]
