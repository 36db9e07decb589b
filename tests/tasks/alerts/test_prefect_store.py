"""Of two processes that see the same cause one tells people; where Prefect cannot be asked, people are told."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest
from prefect.settings import PREFECT_API_URL, temporary_settings

from tasks.alerts.notify import notify, resolve
from tasks.alerts.prefect_store import VariableAlertStore
from tasks.alerts.store import opened
from tests.support.alert_samples import QUICK, SINCE, pager, policy, sample, slack
from tests.support.prefect_server import PrefectServer, free_port
from tests.support.receivers import http_receiver


@pytest.fixture
def store(prefect_server: PrefectServer) -> Iterator[VariableAlertStore]:
    with temporary_settings({PREFECT_API_URL: prefect_server.url}):
        yield VariableAlertStore()


async def test_one_of_many_at_once_tells(store: VariableAlertStore) -> None:
    alert = sample("crashed", feed="at-once")
    with http_receiver() as web:
        told = await asyncio.gather(*(notify(alert, policy(slack(web)), store, QUICK) for _ in range(8)))
        assert len(web.taken) == 1
        assert sorted(one.channels[0].outcome for one in told) == ["sent"] + ["throttled"] * 7
        # An hour later many see it again, and one tells.
        (stands,) = await store.open_alerts(alert.source.subject)
        await store.close(stands)
        await store.put_if_absent(replace(stands, at=stands.at - timedelta(hours=2)), None)
        await asyncio.gather(*(notify(alert, policy(slack(web)), store, QUICK) for _ in range(8)))
        assert len(web.taken) == 2


async def test_other_cause_other_feed_and_no_quiet_time(store: VariableAlertStore) -> None:
    with http_receiver() as web:
        for alert in (
            sample(feed="one"),
            sample(feed="one", detail="WrongPassword"),
            sample(feed="two"),
            sample("crashed", feed="two"),
        ):
            await notify(alert, policy(slack(web)), store, QUICK)
        assert len(web.taken) == 4
        await notify(sample(feed="one"), policy(slack(web), quiet_seconds=0), store, QUICK)
    assert len(web.taken) == 5


async def test_recovered_goes_to_those_who_were_told(store: VariableAlertStore) -> None:
    failed, crashed = sample(feed="gone"), sample("crashed", feed="gone")
    with http_receiver() as web, http_receiver() as events:
        everyone = policy(slack(web), pager(events))
        for alert in (failed, crashed):
            await notify(alert, everyone, store, QUICK)
        records = [
            one
            for _ in range(2)
            for one in await resolve(failed.source, lambda told: True, everyone, store, "It ran.", "", QUICK)
        ]
        assert sorted(web.headlines[2:]) == [
            "Recovered (The run died): retail-etl",
            "Recovered (The run failed): retail-etl",
        ]
        assert events.headlines[1:] == ["Recovered (The run died): retail-etl"]
        assert len(records) == 2
        # Gone means that the next failure is told at once.
        await notify(failed, everyone, store, QUICK)
    assert len(web.taken) == 5


async def test_recovered_that_nobody_heard_is_told_by_the_next_success(store: VariableAlertStore) -> None:
    failed = sample(feed="unheard")
    with http_receiver(codes=[200]) as web:
        channels = policy(slack(web))
        await notify(failed, channels, store, QUICK)
        web.codes = [500]
        await resolve(failed.source, lambda told: True, channels, store, "It ran.", "", QUICK)
        web.codes = [200]
        await resolve(failed.source, lambda told: True, channels, store, "It ran.", "", QUICK)
    assert web.headlines[1:] == ["Recovered (The run failed): retail-etl"]


async def test_stands_since_the_first_time(store: VariableAlertStore) -> None:
    alert = sample(feed="since")
    await store.put_if_absent(opened(alert, None, SINCE), None)
    with http_receiver() as web:
        later = replace(alert, since=SINCE + timedelta(days=1))
        await notify(later, policy(slack(web)), store, QUICK)
    assert web.taken[0]["blocks"][3]["text"]["text"] == "Since: 2026-03-01 05:15:00+00:00"


async def test_without_prefect_people_are_told() -> None:
    with temporary_settings({PREFECT_API_URL: f"http://127.0.0.1:{free_port()}/api"}):
        store = VariableAlertStore()
        with http_receiver() as web:
            record, settled = await asyncio.gather(
                notify(sample(), policy(slack(web)), store, QUICK),
                resolve(sample().source, lambda told: True, policy(slack(web)), store, ""),
            )
    assert (record.channels[0].outcome, len(web.taken), settled) == ("sent", 1, ())
