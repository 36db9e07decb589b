"""An alert about deliveries recovers with them: loaded or withdrawn, and not before."""

from __future__ import annotations

import pytest

# Imported before the server is configured: tasks then have no tags, each of which costs a request to the server.
from flows import retail_withdraw
from tasks.errors import DeliveriesFailed, QualityBelowThreshold
from tests.support.alert_receivers import LINE, Receivers
from tests.support.alert_runs import run

BAD = [LINE.replace("2010-12-01 08:26:00", "never") for _ in range(9)]


async def test_only_the_deliveries_themselves_recover(receivers: Receivers) -> None:
    feed = "alerts-deliveries"
    first, second = (str(receivers.folder / name) for name in ("first.csv", "second.csv"))
    for source in (first, second, second):
        with pytest.raises(DeliveriesFailed):
            await run(source, feed=feed)
    # The second failure is another one; its repetition is not.
    assert receivers.slack.headlines == ["Error: Run failed: retail-etl"] * 2
    await run(receivers.deliver("good.csv", LINE), feed=feed)
    assert len(receivers.slack.headlines) == 2
    # One of them arrives in a run that fails because of the other.
    receivers.deliver("first.csv", LINE.replace("CANDLE", "LAMP"))
    with pytest.raises(DeliveriesFailed):
        await run(first, second, feed=feed)
    assert receivers.slack.headlines[2:] == ["Recovered (Run failed): retail-etl"]
    assert f"Loaded or withdrawn: {first}." in receivers.slack.accepted[2]["blocks"][1]["text"]["text"]


@pytest.mark.slow
async def test_several_recoveries_are_one_message(receivers: Receivers) -> None:
    feed = "alerts-several"
    late, till = str(receivers.folder / "late.csv"), receivers.deliver("till.csv", LINE, *BAD)
    with pytest.raises(QualityBelowThreshold):
        await run(till, feed=feed)
    with pytest.raises(DeliveriesFailed):
        await run(late, feed=feed)
    receivers.deliver("late.csv", LINE)
    receivers.deliver("till.csv", LINE.replace("CANDLE", "LAMP"))
    await run(late, till, feed=feed)
    assert receivers.slack.headlines[2:] == [
        "Recovered (Deliveries rejected by the quality gate, Run failed): retail-etl"
    ]


async def test_a_withdrawn_delivery_recovers(receivers: Receivers) -> None:
    feed = "alerts-withdrawn"
    till = receivers.deliver("till.csv", LINE, *BAD)
    await run(till, feed=feed, quality_checks=False)
    assert receivers.slack.headlines == ["Warning: Many lines quarantined: retail-etl"]
    await run(receivers.deliver("good.csv", LINE.replace("CANDLE", "LAMP")), feed=feed)
    assert len(receivers.slack.headlines) == 1
    await retail_withdraw(till, feed=feed, confirm=True)
    assert receivers.slack.headlines[1:] == ["Recovered (Many lines quarantined): retail-withdraw"]


async def test_a_pattern_recovers_when_its_files_are_loaded(receivers: Receivers) -> None:
    feed, pattern = "alerts-pattern", str(receivers.folder / "till-*.csv")
    with pytest.raises(DeliveriesFailed):
        await run(pattern, feed=feed)
    # There is a file, but it is not loaded.
    receivers.deliver("till-1.csv", LINE, *BAD)
    with pytest.raises(QualityBelowThreshold):
        await run(pattern, feed=feed)
    assert receivers.slack.headlines == [
        "Error: Run failed: retail-etl",
        "Error: Deliveries rejected by the quality gate: retail-etl",
    ]
    await run(pattern, feed=feed, quality_checks=False)
    assert receivers.slack.headlines[2:] == [
        "Recovered (Run failed, Deliveries rejected by the quality gate): retail-etl",
        "Warning: Many lines quarantined: retail-etl",
    ]


@pytest.mark.slow
async def test_a_different_failure_of_the_same_delivery_is_sent(receivers: Receivers) -> None:
    feed = "alerts-second-failure"
    till = str(receivers.folder / "till.csv")
    for content in (None, "", "InvoiceNo,Nonsense\n1,2\n", "InvoiceNo,Nonsense\n1,2\n"):
        if content is not None:
            (receivers.folder / "till.csv").write_text(content)
        with pytest.raises(DeliveriesFailed):
            await run(till, feed=feed)
    assert receivers.slack.headlines == ["Error: Run failed: retail-etl"] * 3
    texts = [message["blocks"][1]["text"]["text"] for message in receivers.slack.accepted]
    assert len(set(texts)) == 3
    # All three causes are gone with the delivery, which is one message.
    receivers.deliver("till.csv", LINE)
    await run(till, feed=feed)
    assert receivers.slack.headlines[3:] == ["Recovered (Run failed): retail-etl"]


@pytest.mark.slow
async def test_each_refused_delivery_is_told_and_recovers_by_itself(receivers: Receivers) -> None:
    feed, rejected = "alerts-refused", "Error: Deliveries rejected by the quality gate: retail-etl"
    for name in ("bad1.csv", "bad2.csv"):
        with pytest.raises(QualityBelowThreshold):
            await run(receivers.deliver(name, LINE, *BAD), feed=feed)
    assert receivers.slack.headlines == [rejected] * 2
    await run(receivers.deliver("good.csv", LINE), feed=feed)
    assert len(receivers.slack.headlines) == 2
    await run(receivers.deliver("bad2.csv", LINE.replace("CANDLE", "LAMP")), feed=feed)
    assert receivers.slack.headlines[2:] == [
        "Recovered (Deliveries rejected by the quality gate): retail-etl"
    ]
    told = receivers.slack.accepted[2]["blocks"][1]["text"]["text"]
    assert "bad2.csv" in told
    assert "bad1.csv" not in told


async def test_bytes_of_another_feed_are_told(receivers: Receivers) -> None:
    till = receivers.deliver("till.csv", LINE)
    await run(till, feed="alerts-paris")
    for _ in range(2):
        with pytest.raises(DeliveriesFailed, match="--accept-known-bytes") as failed:
            await run(till, feed="alerts-pariss")
    (delivery,) = failed.value.attributes["report"].deliveries
    assert (delivery.outcome, delivery.refusal) == ("refused", "other_feed")
    assert receivers.slack.headlines == ["Error: Run failed: retail-etl"]
    assert "feed alerts-paris has loaded the same bytes" in str(receivers.slack.accepted[0])
    await run(till, feed="alerts-pariss", accept_known_bytes=True)
    assert receivers.slack.headlines[1:] == ["Recovered (Run failed): retail-etl"]
