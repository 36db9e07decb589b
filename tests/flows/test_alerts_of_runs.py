"""A failing retail_etl sends one alert, the next success sends "recovered", and the report records both."""

from __future__ import annotations

import asyncio
import json
import logging
from typing import Any

import pytest

# Imported before the server is configured: tasks then have no tags, each of which costs a request to the server.
from flows import retail_etl, state_hooks
from tasks.errors import DeliveriesFailed, QualityBelowThreshold
from tests.support.alert_receivers import LINE, Receivers
from tests.support.alert_runs import run
from tests.support.alert_samples import QUICK, SECRET
from tests.support.prefect_server import PrefectServer


def outcomes(report: dict[str, Any]) -> list[tuple[str, list[str]]]:
    return [
        (alert["kind"], [result["outcome"] for result in alert["channels"]]) for alert in report["alerts"]
    ]


async def test_failure_is_sent_once_then_recovered(
    receivers: Receivers, prefect_server: PrefectServer, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    feed = "alerts-once"
    missing = str(receivers.folder / "<b>till&.csv")
    for _ in range(2):
        with pytest.raises(DeliveriesFailed) as raised:
            await run(missing, feed=feed)
        assert SECRET not in repr(raised.value)
    assert receivers.slack.headlines == ["Error: Run failed: retail-etl"]
    assert missing in receivers.slack.accepted[0]["blocks"][1]["text"]["text"]
    assert f"feed {feed}" in receivers.slack.accepted[0]["blocks"][2]["text"]["text"]
    assert receivers.slack.accepted[0]["blocks"][-1]["elements"][0]["url"].startswith(prefect_server.url[:-4])
    assert [mail["Subject"] for mail in receivers.mail.accepted] == ["Error: Run failed: retail-etl"]

    await run(receivers.deliver("<b>till&.csv", LINE), feed=feed)
    await run(missing, feed=feed)
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
    with pytest.raises(QualityBelowThreshold) as refused:
        await run(receivers.deliver("till.csv", LINE, *bad), feed=feed)
    shown = "; ".join(f"line {number} sold_at_readable 'never'" for number in range(2, 7))
    assert f"The first: {shown}." in str(refused.value)
    await run(receivers.deliver("till.csv", LINE, *bad), feed=feed, quality_checks=False)
    assert receivers.slack.headlines == [
        "Error: Deliveries rejected by the quality gate: retail-etl",
        "Recovered (Deliveries rejected by the quality gate): retail-etl",
        "Warning: Many lines quarantined: retail-etl",
    ]
    assert "9 of 10 lines (90.0 %)" in receivers.slack.accepted[2]["blocks"][1]["text"]["text"]
    for message in (receivers.slack.accepted[0], receivers.slack.accepted[2]):
        assert f"The first: {shown}." in message["blocks"][1]["text"]["text"]
    assert [report["deliveries"][0]["samples"][0] for report in receivers.reports()] == [
        {"line": 2, "rule": "sold_at_readable", "value": "never"}
    ] * 2
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
