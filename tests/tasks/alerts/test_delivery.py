"""An alert goes in parallel to the channels that accept its severity; a broken channel does not affect others."""

import logging
import time

import pytest

from tasks.alerts.alert import Alert
from tasks.alerts.delivery import deliver
from tasks.alerts.kinds import Severity
from tests.support.alert_samples import QUICK, SECRET, mail, pager, sample, slack
from tests.support.receivers import http_receiver, mail_receiver


class BrokenChannel:
    name = "broken"
    minimum: Severity = "info"

    async def send(self, alert: Alert) -> None:
        raise ZeroDivisionError(SECRET)


async def test_minimum_severity_of_each_channel() -> None:
    with http_receiver() as web, http_receiver() as events, mail_receiver() as post:
        channels = [slack(web), mail(post), pager(events)]
        for kind in ("quarantine", "failed", "crashed"):
            await deliver(sample(kind), channels, limits=QUICK)
    assert (len(web.accepted), len(post.accepted), len(events.accepted)) == (3, 2, 1)


async def test_recovered_goes_to_the_channels_of_the_failure() -> None:
    with http_receiver() as web, http_receiver() as events:
        results = await deliver(sample("recovered"), [slack(web), pager(events)], "error", QUICK)
    assert [result.outcome for result in results] == ["sent", "below minimum"]


async def test_channels_do_not_wait_for_each_other() -> None:
    with http_receiver(seconds=1.0) as web, http_receiver(seconds=1.0) as events:
        started = time.monotonic()
        results = await deliver(sample("crashed"), [slack(web), pager(events), BrokenChannel()], limits=QUICK)
        assert time.monotonic() - started < 1.8
    assert [result.outcome for result in results] == ["sent", "sent", "not delivered"]
    assert results[2].reason == "The channel raised ZeroDivisionError."


async def test_no_secret_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(1)
    for name in (
        "slack_sdk",
        "slack_sdk.webhook.async_client",
        "aiohttp",
        "urllib3.connectionpool",
        "apprise",
    ):
        logging.getLogger(name).setLevel(1)
    with http_receiver(codes=[500]) as web, mail_receiver(user="robot", password="another") as post:
        channels = [slack(web), pager(web), mail(post, "robot", SECRET), BrokenChannel()]
        failed = await deliver(sample("crashed"), channels, limits=QUICK)
        web.codes = [200]
        sent = await deliver(sample("crashed"), channels[:2], limits=QUICK)
    assert [result.outcome for result in (*failed, *sent)] == ["not delivered"] * 4 + ["sent"] * 2
    assert SECRET not in caplog.text
    assert SECRET not in repr((failed, sent, channels))
    assert all(
        record.name.partition(".")[0] not in {"apprise", "slack_sdk", "urllib3"} for record in caplog.records
    )


async def test_no_secret_in_errors() -> None:
    with http_receiver() as web:
        pass
    for channel in (slack(web), pager(web)):
        with pytest.raises(Exception, match="could not be reached") as raised:
            await channel.send(sample("crashed"))
        assert raised.value.__cause__ is None
        assert raised.value.__context__ is None
        assert SECRET not in repr(raised.getrepr(chain=True, style="native"))
