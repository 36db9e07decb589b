"""The flow ``retail_watch`` publishes, alerts and recovers; ``retail watch`` shows the same."""

from __future__ import annotations

from pathlib import Path

import pytest

from flows import retail_etl, retail_watch
from tasks.errors import ProblemsFound
from tasks.postgres.connect import ConnectionSettings, connected
from tests.flows.conftest import PrefectServer, Retail
from tests.support.alert_receivers import LINE, Receivers
from tests.support.alert_runs import run
from tests.support.plain_run import run as plain_run
from tests.support.slices import days, write

_BREAK = "update retail_dwh.fact_sale set total_amount = total_amount + {}"
WARNED = "Warning: Warehouse needs attention soon: retail-watch"
FAILED = "Error: Warehouse health check failed: retail-watch"


async def _execute(warehouse: ConnectionSettings, statement: str) -> None:
    async with connected(warehouse) as connection:
        await connection.execute(statement)


async def test_a_problem_is_told_and_recovers(
    receivers: Receivers, warehouse: ConnectionSettings, prefect_server: PrefectServer
) -> None:
    await run(receivers.deliver("till.csv", LINE), feed="watched")
    report = await retail_watch()
    assert report.status == "ok"
    assert receivers.slack.headlines == []
    await _execute(warehouse, _BREAK.format(1))
    for _ in range(2):
        with pytest.raises(ProblemsFound, match="wrong_amounts") as failed:
            await retail_watch()
    assert failed.value.attributes["report"].status == "critical"
    assert receivers.slack.headlines == [FAILED]
    assert len(receivers.mail.accepted) == 1
    await _execute(warehouse, _BREAK.format(-1))
    await retail_watch()
    assert receivers.slack.headlines[1:] == ["Recovered (Warehouse health check failed): retail-watch"]
    artifacts = prefect_server.get(
        "/artifacts/filter", {"artifacts": {"key": {"any_": ["retail-watch-report"]}}}
    )
    texts = [str(artifact["data"]) for artifact in artifacts]
    assert any("# retail-watch: 1 problem" in text for text in texts)
    assert any("# retail-watch: no problems, no warnings" in text for text in texts)


@pytest.mark.slow
async def test_a_warning_does_not_page_and_recovers(
    receivers: Receivers, warehouse: ConnectionSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    till = receivers.deliver("till.csv", LINE)
    await run(till, feed="watched-warning")
    monkeypatch.setenv("RETAIL_HEALTH_CONNECTION_MS", "0,60000")
    report = await retail_watch()
    assert report.status == "warning"
    assert receivers.slack.headlines == [WARNED]
    assert "connection_time_p95" in str(receivers.slack.accepted[0])
    assert (receivers.mail.accepted, receivers.pager.accepted) == ([], [])
    # A load misses nothing, but it has not seen the connections.
    await retail_etl(sources=[till], feed="watched-warning", retries=0)
    assert receivers.slack.headlines == [WARNED]
    monkeypatch.delenv("RETAIL_HEALTH_CONNECTION_MS")
    await retail_watch()
    assert receivers.slack.headlines[1:] == ["Recovered (Warehouse needs attention soon): retail-watch"]


async def test_command(retail: Retail, warehouse: ConnectionSettings, tmp_path: Path) -> None:
    await plain_run(warehouse, tmp_path / "workspace", [write(tmp_path / "day.csv", days(1, 1))])
    ended = retail("watch", "--json")
    assert ended.code == 0, ended.err
    assert ended.report["status"] == "ok"
    assert ended.report["integrity"]["passed"]
    assert {finding["name"] for finding in ended.report["health"]} >= {"locks", "disk", "last_proof"}
    await _execute(warehouse, _BREAK.format(1))
    failed = retail("watch", RETAIL_HEALTH_LOCK_SECONDS="1,2")
    assert failed.code == 1
    assert "wrong_amounts: " in failed.out
    assert "In the data" in failed.out
    assert "ok       server_version" in failed.out
    assert failed.out.splitlines()[-1] == "1 problem"
    wrong = retail("watch", RETAIL_HEALTH_LOCK_SECONDS="9,2")
    assert wrong.code == 2
    assert "write WARNING,CRITICAL" in wrong.err
