"""Services supported by Apprise receive the alert as text."""

from pydantic import SecretStr

from tasks.alerts.channels.pager import PagerChannel
from tasks.alerts.delivery import deliver
from tests.support.alert_samples import QUICK, SECRET, pager, sample
from tests.support.receivers import http_receiver


async def test_event_has_all_facts() -> None:
    hostile = "<b>{{7*7}}</b> *x* \\n &lt; \u202efdp.exe"
    with http_receiver() as receiver:
        await pager(receiver).send(sample("crashed", what=hostile, link="http://127.0.0.1:4200/runs/1"))
    (event,) = receiver.accepted
    assert event["title"] == "Critical: Run crashed: retail-etl"
    assert event["type"] == "failure"
    assert event["message"].splitlines()[0] == "What happened: <b>{{7*7}}</b> *x* \\n &lt; \\u202efdp.exe"
    assert "Run: http://127.0.0.1:4200/runs/1" in event["message"]
    assert "docs/runbook.md#crashed" in event["message"]


async def test_html_service_receives_escaped_text() -> None:
    with http_receiver() as receiver:
        url = receiver.url(f"/{SECRET}?format=html", scheme="json")
        await PagerChannel(SecretStr(url)).send(sample("crashed", what="<script>alert(1)</script>"))
    (event,) = receiver.accepted
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in event["message"].replace("&nbsp;", " ")
    assert "<script" not in event["message"]


async def test_rejected_event_is_retried() -> None:
    with http_receiver(codes=[503, 200]) as receiver:
        (result,) = await deliver(sample("crashed"), [pager(receiver)], limits=QUICK)
    assert (result.outcome, result.tries, len(receiver.accepted)) == ("sent", 2, 1)


async def test_slow_service_times_out() -> None:
    with http_receiver(seconds=2.0) as receiver:
        (result,) = await deliver(sample("crashed"), [pager(receiver, seconds=0.2)], limits=QUICK)
    assert (result.outcome, result.tries) == ("not delivered", 3)
    assert "the service gave no answer within 0.2 s" in result.reason


async def test_unknown_url_is_rejected_without_showing_it() -> None:
    channel = PagerChannel(SecretStr(f"nonsense://{SECRET}"))
    (result,) = await deliver(sample("crashed"), [channel], limits=QUICK)
    assert (result.channel, result.outcome, result.tries) == ("pager 1 (nonsense)", "not delivered", 1)
    assert SECRET not in repr((result, channel))
    assert PagerChannel(SecretStr(SECRET)).name == "pager 1 (no URL)"
