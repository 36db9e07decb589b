"""Slack gets one message in its blocks layout, in which nothing from files is interpreted."""

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


async def test_message() -> None:
    with http_receiver() as receiver:
        await slack(receiver).send(sample(link="http://127.0.0.1:4200/runs/flow-run/1"))
    (sent,) = receiver.taken
    texts = [one["text"]["text"] for one in sent["blocks"] if "text" in one]
    assert texts == [
        "Error: The run failed: retail-etl",
        "What happened: till.csv: no such file.",
        "Where: flow retail-etl, deployment daily, feed shop, warehouse postgresql://retail@db/retail",
        "Since: 2026-03-01 05:15:00+00:00",
        "Next step: Read what happened, mend it, and run again: what had committed is there, nothing is loaded twice.",
    ]
    assert sent["blocks"][-2]["elements"][0]["text"] == "Runbook: docs/runbook.md#failed"
    assert sent["blocks"][-1]["elements"][0]["url"] == "http://127.0.0.1:4200/runs/flow-run/1"


def test_hostile_names_are_shown_as_they_are() -> None:
    alert = sample(happened=f"{HOSTILE}: no such file.", feed="<!here>", link="javascript:alert(1)")
    shown = blocks(alert)
    assert {one["text"]["type"] for one in shown if "text" in one} == {"plain_text"}
    assert not any(one["text"]["emoji"] for one in shown if "text" in one)
    assert all(one["type"] != "actions" for one in shown)
    assert "<!channel>" in shown[1]["text"]["text"]
    text = fallback(alert)
    assert "<" not in text
    assert "&lt;!channel&gt;" in text
    for character in "\u202e\x07":
        assert character not in json.dumps([shown, text], ensure_ascii=False)


def test_long_texts_stay_within_slacks_limits() -> None:
    shown = blocks(sample(happened="x" * 9000, title="t" * 900))
    assert len(shown[0]["text"]["text"]) == 150
    assert len(shown[1]["text"]["text"]) == 3000


async def test_busy_slack_is_asked_again() -> None:
    with http_receiver(codes=[500, 429, 200]) as receiver:
        (result,) = await deliver(sample(), [slack(receiver)], limits=QUICK)
    assert (result.outcome, result.tries, len(receiver.taken)) == ("sent", 3, 1)


async def test_revoked_webhook_is_not_asked_again() -> None:
    with http_receiver(codes=[404], body="no_service") as receiver:
        (result,) = await deliver(sample(), [slack(receiver)], limits=QUICK)
        with pytest.raises(ChannelRefused, match="HTTP 404, no_service"):
            await slack(receiver).send(sample())
    assert (result.outcome, result.tries) == ("not delivered", 1)


async def test_closed_slack_is_given_up() -> None:
    with http_receiver() as receiver:
        pass
    with pytest.raises(ChannelUnreachable, match="could not be reached"):
        await slack(receiver).send(sample())
    (result,) = await deliver(sample(), [slack(receiver)], limits=QUICK)
    assert (result.outcome, result.tries) == ("not delivered", 3)


async def test_slow_slack_is_given_up_in_time() -> None:
    with http_receiver(seconds=3.0) as receiver:
        began = time.monotonic()
        (result,) = await deliver(sample(), [slack(receiver)], limits=replace(QUICK, seconds=0.5))
        assert time.monotonic() - began < 2.0
    assert result.outcome == "not delivered"
    assert "Given up after 0.5 s" in result.reason
