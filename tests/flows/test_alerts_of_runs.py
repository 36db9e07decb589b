"""A failing retail_etl sends one alert, the next success sends "recovered", and the report records both."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from prefect.settings import PREFECT_API_URL, temporary_settings

# Imported before the server is configured: tasks then have no tags, each of which costs a request to the server.
from flows import retail_etl, state_hooks
from tasks.errors import DeliveriesFailed, QualityBelowThreshold
from tasks.postgres.connect import ConnectionSettings
from tasks.report.run_report import RunReport
from tests.flows.conftest import as_url
from tests.support.alert_samples import QUICK, SECRET
from tests.support.prefect_server import PrefectServer
from tests.support.receivers import HttpReceiver, MailReceiver, http_receiver, mail_receiver

LINE = "536365,85123A,CANDLE,6,2010-12-01 08:26:00,2.55,17850,United Kingdom"
HEAD = "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country"


@dataclass
class Receivers:
    """The receivers of alerts in a test, and the folder of deliveries."""

    slack: HttpReceiver
    pager: HttpReceiver
    mail: MailReceiver
    workspace: Path
    folder: Path

    def deliver(self, name: str, *lines: str) -> str:
        path = self.folder / name
        path.write_text("\n".join([HEAD, *lines]) + "\n")
        return str(path)

    def reports(self) -> list[dict[str, Any]]:
        files = sorted((self.workspace / "reports").glob("*.json"), key=lambda path: path.stat().st_mtime)
        return [json.loads(path.read_text()) for path in files]


@pytest.fixture
def receivers(
    prefect_server: PrefectServer,
    warehouse: ConnectionSettings,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Receivers]:
    with ExitStack() as stack:
        web, events = stack.enter_context(http_receiver()), stack.enter_context(http_receiver())
        post = stack.enter_context(mail_receiver())
        for name, value in {
            "DATABASE_URL": as_url(warehouse),
            "RETAIL_DATA_DIR": str(tmp_path / "data"),
            "PIPELINE_SLACK_NOTIFICATIONS": "true",
            "PIPELINE_SLACK_WEBHOOK_URL": web.url(f"/services/{SECRET}"),
            "PIPELINE_EMAIL_ALERTS": "true",
            "PIPELINE_EMAIL_RECIPIENTS": "night@example.org",
            "PIPELINE_SMTP_HOST": "127.0.0.1",
            "PIPELINE_SMTP_PORT": str(post.port),
            "PIPELINE_SMTP_SECURITY": "INSECURE",
            "PIPELINE_PAGER_URLS": events.url(f"/{SECRET}", scheme="json"),
        }.items():
            monkeypatch.setenv(name, value)
        stack.enter_context(temporary_settings({PREFECT_API_URL: prefect_server.url}))
        yield Receivers(web, events, post, tmp_path / "data" / "workspace", tmp_path)


async def run(*sources: str, feed: str, **parameters: Any) -> RunReport:
    return await retail_etl(sources=list(sources), feed=feed, retries=0, **parameters)


def outcomes(report: dict[str, Any]) -> list[tuple[str, list[str]]]:
    return [
        (alert["kind"], [result["outcome"] for result in alert["channels"]]) for alert in report["alerts"]
    ]


async def test_failure_is_sent_once_then_recovered(
    receivers: Receivers, prefect_server: PrefectServer, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    feed = "alerts-once"
    for _ in range(2):
        with pytest.raises(DeliveriesFailed) as raised:
            await run("/nowhere/<b>till&.csv", feed=feed)
        assert SECRET not in repr(raised.value)
    assert receivers.slack.headlines == ["Error: Run failed: retail-etl"]
    assert "/nowhere/<b>till&.csv" in receivers.slack.accepted[0]["blocks"][1]["text"]["text"]
    assert f"feed {feed}" in receivers.slack.accepted[0]["blocks"][2]["text"]["text"]
    assert receivers.slack.accepted[0]["blocks"][-1]["elements"][0]["url"].startswith(prefect_server.url[:-4])
    assert [mail["Subject"] for mail in receivers.mail.accepted] == ["Error: Run failed: retail-etl"]

    await run(receivers.deliver("good.csv", LINE), feed=feed)
    await run(receivers.deliver("good.csv", LINE), feed=feed)
    assert receivers.slack.headlines[1:] == ["Recovered (Run failed): retail-etl"]
    assert len(receivers.mail.accepted) == 2
    assert receivers.pager.accepted == []

    first, second, third, fourth = receivers.reports()
    assert outcomes(first) == [("failed", ["sent", "sent", "below minimum"])]
    assert outcomes(second) == [("failed", ["throttled", "throttled", "below minimum"])]
    assert outcomes(third) == [("recovered", ["sent", "sent", "below minimum"])]
    assert "alerts" not in fourth
    artifacts = prefect_server.get("/artifacts/filter", {"artifacts": {"key": {"any_": ["retail-alerts"]}}})
    of_first = [artifact for artifact in artifacts if artifact["flow_run_id"] == first["run_id"]]
    assert [row["outcome"] for row in json.loads(of_first[0]["data"])] == ["sent", "sent", "below minimum"]
    await asyncio.sleep(2.5)  # logs are sent to the server every two seconds
    of_run = {
        "logs": {"flow_run_id": {"any_": [report["run_id"] for report in (first, second, third, fourth)]}}
    }
    logs = prefect_server.get("/logs/filter", {**of_run, "limit": 200})
    assert any("Run failed" in log["message"] for log in logs)
    assert SECRET not in json.dumps([artifacts, logs, receivers.reports()]) + caplog.text


async def test_quality_and_quarantine(receivers: Receivers) -> None:
    feed = "alerts-quality"
    bad = [LINE.replace("2010-12-01 08:26:00", "never") for _ in range(9)]
    with pytest.raises(QualityBelowThreshold):
        await run(receivers.deliver("till.csv", LINE, *bad), feed=feed)
    await run(receivers.deliver("till.csv", LINE, *bad), feed=feed, quality_checks=False)
    assert receivers.slack.headlines == [
        "Error: Deliveries rejected by the quality gate: retail-etl",
        "Recovered (Deliveries rejected by the quality gate): retail-etl",
        "Warning: Many lines quarantined: retail-etl",
    ]
    assert "9 of 10 lines (90.0 %)" in receivers.slack.accepted[2]["blocks"][1]["text"]["text"]
    await run(receivers.deliver("till.csv", LINE), feed=feed, replace=True)
    assert receivers.slack.headlines[3:] == ["Recovered (Many lines quarantined): retail-etl"]


async def test_run_is_not_failed_by_channels_that_are_down(
    receivers: Receivers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(state_hooks, "DEFAULT_LIMITS", QUICK)
    receivers.slack.codes, receivers.mail.answers = [500], ["550 no"] * 9
    feed = "alerts-down"
    with pytest.raises(DeliveriesFailed):
        await run("/nowhere.csv", feed=feed)
    (report,) = receivers.reports()
    assert outcomes(report) == [("failed", ["not delivered", "not delivered", "below minimum"])]
    receivers.slack.codes = [200]
    with pytest.raises(DeliveriesFailed):
        await run("/nowhere.csv", feed=feed)
    assert receivers.slack.headlines == [
        "Error: Run failed: retail-etl"
    ]  # nobody received the first: no quiet time


async def test_time_out_is_told(receivers: Receivers, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(TimeoutError):
        await retail_etl.with_options(timeout_seconds=0.05)(
            sources=[receivers.deliver("good.csv", LINE)], feed="alerts-slow"
        )
    assert receivers.slack.headlines == ["Error: Run timed out: retail-etl"]


async def test_dry_run_sends_no_alert(receivers: Receivers) -> None:
    with pytest.raises(DeliveriesFailed):
        await run("/nowhere.csv", feed="alerts-dry", load=False)
    assert receivers.slack.accepted == []
