"""A run or a withdrawal that leaves the primary key of fact_sale missing says so, and recovers when the key is there."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

# Imported before the server is configured: tasks then have no tags, each of which costs a request to the server.
from flows import retail_withdraw
from tasks.errors import DeliveriesFailed, SettingsError
from tasks.postgres.connect import ConnectionSettings, connected
from tasks.warehouse import primary_key
from tasks.warehouse.primary_key import MISSING_KEY
from tests.support.alert_receivers import LINE, Receivers
from tests.support.alert_runs import run

DEGRADED = "Warning: Run completed with parts missing: retail-etl"


@pytest.fixture(autouse=True)
def one_attempt(monkeypatch: pytest.MonkeyPatch) -> None:
    """A run does not wait a minute for readers."""
    monkeypatch.setattr(primary_key, "_PAUSE_SECONDS", 3600.0)


@asynccontextmanager
async def reader(warehouse: ConnectionSettings) -> AsyncIterator[None]:
    """Somebody who reads fact_sale all the time."""
    async with connected(warehouse) as connection, connection.transaction():
        await connection.fetchval("select count(*) from retail_dwh.fact_sale")
        yield


async def drop_key(warehouse: ConnectionSettings) -> None:
    async with connected(warehouse) as connection:
        await connection.execute(
            f"alter table retail_dwh.fact_sale drop constraint {primary_key.PRIMARY_KEY}"
        )


async def test_a_degraded_run_is_told_and_recovers(
    receivers: Receivers, warehouse: ConnectionSettings
) -> None:
    feed = "alerts-degraded"
    till = receivers.deliver("till.csv", LINE)
    async with reader(warehouse):
        reports = [await run(till, feed=feed) for _ in range(2)]
    assert [(report.status, report.degraded_reasons) for report in reports] == [
        ("completed", (MISSING_KEY,))
    ] * 2
    assert receivers.slack.headlines == [DEGRADED]
    assert f"What happened: {MISSING_KEY}." in receivers.slack.accepted[0]["blocks"][1]["text"]["text"]
    # This one does not come to the warehouse.
    with pytest.raises(SettingsError):
        await run(till, feed=feed, quality_threshold=101.0)
    assert receivers.slack.headlines[1:] == ["Error: Run failed: retail-etl"]
    # Whichever run adds the key of this warehouse: here one that fails because of a delivery.
    with pytest.raises(DeliveriesFailed):
        await run(str(receivers.folder / "late.csv"), feed=f"{feed}-other")
    assert receivers.slack.headlines[2:] == [
        "Recovered (Run completed with parts missing): retail-etl",
        "Error: Run failed: retail-etl",
    ]
    assert "What happened: Nothing is missing." in receivers.slack.accepted[2]["blocks"][1]["text"]["text"]


async def test_a_failed_run_tells_what_is_missing_too(
    receivers: Receivers, warehouse: ConnectionSettings
) -> None:
    async with reader(warehouse):
        with pytest.raises(DeliveriesFailed):
            await run(str(receivers.folder / "late.csv"), feed="alerts-degraded-failed")
    assert sorted(receivers.slack.headlines) == [
        "Error: Run failed: retail-etl",
        "Warning: Parts of the warehouse are missing: retail-etl",
    ]


@pytest.mark.slow
async def test_a_degraded_withdrawal(
    receivers: Receivers, warehouse: ConnectionSettings, caplog: pytest.LogCaptureFixture
) -> None:
    feed = "alerts-degraded-withdrawal"
    till, other = (
        receivers.deliver(name, LINE.replace("CANDLE", product))
        for name, product in {"till.csv": "LAMP", "other.csv": "VASE"}.items()
    )
    await run(till, other, feed=feed)
    await drop_key(warehouse)
    async with reader(warehouse):
        withdrawal = await retail_withdraw(till, feed=feed, confirm=True)
    assert withdrawal.degraded_reasons == (MISSING_KEY,)
    assert f"The withdrawal is done, but {MISSING_KEY}." in caplog.text
    assert receivers.slack.headlines == [DEGRADED.replace("etl", "withdraw")]
    async with connected(warehouse) as connection:
        row = await connection.fetchrow(
            "select status, degraded, degraded_reasons from retail_ops.run where parameters ? 'withdraw'"
        )
        names = await connection.fetch("select name from retail_ops.delivery")
    assert row is not None
    assert tuple(row) == ("completed", True, [MISSING_KEY])
    assert [record["name"] for record in names] == [other]
    await run(other, feed=feed)
    assert receivers.slack.headlines[1:] == ["Recovered (Run completed with parts missing): retail-etl"]
