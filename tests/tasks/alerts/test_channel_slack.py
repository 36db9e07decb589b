"""Slack receives one Block Kit message in which file names are not interpreted."""

import json
import time
from dataclasses import replace

import pytest

from tasks.alerts.channels.slack import blocks, fallback
from tasks.alerts.delivery import deliver
from tasks.errors import ChannelRefused, ChannelUnreachable
from tests.support.alert_samples import QUICK, sample, slack
from tests.support.receivers import http_receiver

HOSTILE = "<!channel> <https://evil.example|pay> *b* `c` :bomb: \u202efdp.exe & <@U123>\x07.csv"


async def test_message_has_all_facts() -> None:
    with http_receiver() as receiver:
        await slack(receiver).send(sample(link="http://127.0.0.1:4200/runs/flow-run/1"))
    (message,) = receiver.accepted
    texts = [block["text"]["text"] for block in message["blocks"] if "text" in block]
    assert texts == [
        "Error: Run failed: retail-etl",
        "What happened: till.csv: no such file.",
        "Where: flow retail-etl, deployment daily, feed shop, warehouse postgresql://retail@db/retail",
        "Since: 2026-03-01 05:15:00+00:00",
        "Next step: Fix the cause, then run again: committed deliveries are kept and nothing is loaded twice.",
    ]
    assert message["blocks"][-2]["elements"][0]["text"] == "Runbook: docs/runbook.md#failed"
    assert message["blocks"][-1]["elements"][0]["url"] == "http://127.0.0.1:4200/runs/flow-run/1"


def test_hostile_names_are_not_interpreted() -> None:
    alert = sample(what=f"{HOSTILE}: no such file.", feed="<!here>", link="javascript:alert(1)")
    layout = blocks(alert)
    assert {block["text"]["type"] for block in layout if "text" in block} == {"plain_text"}
    assert not any(block["text"]["emoji"] for block in layout if "text" in block)
    assert all(block["type"] != "actions" for block in layout)
    assert "<!channel>" in layout[1]["text"]["text"]
    text = fallback(alert)
    assert "<" not in text
    assert "&lt;!channel&gt;" in text
    for character in "\u202e\x07":
        assert character not in json.dumps([layout, text], ensure_ascii=False)


def test_long_texts_stay_within_slacks_limits() -> None:
    layout = blocks(sample(what="x" * 9000, title="t" * 900))
    assert len(layout[0]["text"]["text"]) == 150
    assert len(layout[1]["text"]["text"]) == 3000


async def test_busy_slack_is_retried() -> None:
    with http_receiver(codes=[500, 429, 200]) as receiver:
        (result,) = await deliver(sample(), [slack(receiver)], limits=QUICK)
    assert (result.outcome, result.tries, len(receiver.accepted)) == ("sent", 3, 1)


async def test_revoked_webhook_is_not_retried() -> None:
    with http_receiver(codes=[404], body="no_service") as receiver:
        (result,) = await deliver(sample(), [slack(receiver)], limits=QUICK)
        with pytest.raises(ChannelRefused, match="HTTP 404, no_service"):
            await slack(receiver).send(sample())
    assert (result.outcome, result.tries) == ("not delivered", 1)


async def test_unreachable_slack_is_retried_then_not_delivered() -> None:
    with http_receiver() as receiver:
        pass
    with pytest.raises(ChannelUnreachable, match="could not be reached"):
        await slack(receiver).send(sample())
    (result,) = await deliver(sample(), [slack(receiver)], limits=QUICK)
    assert (result.outcome, result.tries) == ("not delivered", 3)


async def test_slow_slack_times_out() -> None:
    with http_receiver(seconds=3.0) as receiver:
        started = time.monotonic()
        (result,) = await deliver(sample(), [slack(receiver)], limits=replace(QUICK, seconds=0.5))
        assert time.monotonic() - started < 2.0
    assert result.outcome == "not delivered"
    assert "Timed out after 0.5 s" in result.reason
