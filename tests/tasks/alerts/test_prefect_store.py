"""One of several processes with the same cause sends the alert; without Prefect the alert is sent."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import timedelta

import pytest
from prefect.settings import PREFECT_API_URL, temporary_settings

from tasks.alerts.notify import notify, resolve
from tasks.alerts.prefect_store import VariableAlertStore
from tasks.alerts.store import OpenAlert, opened
from tests.support.alert_samples import QUICK, SINCE, pager, policy, sample, slack
from tests.support.prefect_server import PrefectServer, free_port
from tests.support.receivers import http_receiver


def gone(feed: str) -> Callable[[OpenAlert], OpenAlert | None]:
    """After a run that resolves all open alerts of a feed."""
    return lambda alert: None if alert.subject == sample(feed=feed).source.subject else alert


def it_ran(_: Sequence[OpenAlert]) -> str:
    return "It ran."


@pytest.fixture
def store(prefect_server: PrefectServer) -> Iterator[VariableAlertStore]:
    with temporary_settings({PREFECT_API_URL: prefect_server.url}):
        yield VariableAlertStore()


async def test_one_of_many_concurrent_processes_sends(store: VariableAlertStore) -> None:
    alert = sample("crashed", feed="at-once")
    with http_receiver() as web:
        records = await asyncio.gather(*(notify(alert, policy(slack(web)), store, QUICK) for _ in range(8)))
        assert len(web.accepted) == 1
        assert sorted(record.channels[0].outcome for record in records) == ["sent"] + ["throttled"] * 7
        # After the quiet time one of them sends it again.
        (open_alert,) = await store.open_alerts(alert.source.subject)
        await store.close(open_alert)
        await store.put_if_absent(replace(open_alert, at=open_alert.at - timedelta(hours=2)), None)
        await asyncio.gather(*(notify(alert, policy(slack(web)), store, QUICK) for _ in range(8)))
        assert len(web.accepted) == 2


async def test_another_cause_or_feed_or_no_quiet_time_sends_again(store: VariableAlertStore) -> None:
    with http_receiver() as web:
        for alert in (
            sample(feed="one"),
            sample(feed="one", detail="WrongPassword"),
            sample(feed="two"),
            sample("crashed", feed="two"),
        ):
            await notify(alert, policy(slack(web)), store, QUICK)
        assert len(web.accepted) == 4
        await notify(sample(feed="one"), policy(slack(web), quiet_seconds=0), store, QUICK)
    assert len(web.accepted) == 5


async def test_recovered_goes_to_the_channels_that_received_the_alert(store: VariableAlertStore) -> None:
    failed, crashed = sample(feed="gone"), sample("crashed", feed="gone")
    with http_receiver() as web, http_receiver() as events:
        channels = policy(slack(web), pager(events))
        for alert in (failed, crashed):
            await notify(alert, channels, store, QUICK)
        records = [
            record
            for _ in range(2)
            for record in await resolve(failed.source, gone("gone"), channels, store, it_ran, "", QUICK)
        ]
        # One message, with what each channel had received.
        assert web.headlines[2:] == ["Recovered (Run crashed, Run failed): retail-etl"]
        assert events.headlines[1:] == ["Recovered (Run crashed): retail-etl"]
        assert [record.cause for record in records] == ["recovered:crashed, failed"]
        # The next failure is sent at once.
        await notify(failed, channels, store, QUICK)
    assert len(web.accepted) == 4


async def test_undelivered_recovered_is_sent_after_the_next_success(store: VariableAlertStore) -> None:
    failed = sample(feed="unheard")
    with http_receiver(codes=[200]) as web:
        channels = policy(slack(web))
        await notify(failed, channels, store, QUICK)
        web.codes = [500]
        await resolve(failed.source, gone("unheard"), channels, store, it_ran, "", QUICK)
        web.codes = [200]
        await resolve(failed.source, gone("unheard"), channels, store, it_ran, "", QUICK)
    assert web.headlines[1:] == ["Recovered (Run failed): retail-etl"]


async def test_since_is_kept_from_the_first_alert(store: VariableAlertStore) -> None:
    alert = sample(feed="since")
    await store.put_if_absent(opened(alert, None, SINCE), None)
    with http_receiver() as web:
        later = replace(alert, since=SINCE + timedelta(days=1))
        await notify(later, policy(slack(web)), store, QUICK)
    assert web.accepted[0]["blocks"][3]["text"]["text"] == "Since: 2026-03-01 05:15:00+00:00"


async def test_alert_is_sent_without_prefect() -> None:
    with temporary_settings({PREFECT_API_URL: f"http://127.0.0.1:{free_port()}/api"}):
        store = VariableAlertStore()
        with http_receiver() as web:
            record, resolved = await asyncio.gather(
                notify(sample(), policy(slack(web)), store, QUICK),
                resolve(sample().source, gone("shop"), policy(slack(web)), store, it_ran),
            )
    assert (record.channels[0].outcome, len(web.accepted), resolved) == ("sent", 1, ())
