"""Of two processes that see the same cause one tells people; where Prefect cannot be asked, people are told."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest
from prefect.settings import PREFECT_API_URL, temporary_settings

from flows.told import ToldInVariables
from tasks.report.alerts.telling import settle, tell
from tasks.report.alerts.throttle import told_now
from tests.prefect_server import PrefectServer, free_port
from tests.tasks.report.alerts.receivers import http_receiver
from tests.tasks.report.alerts.samples import QUICK, SINCE, audience, pager, sample, slack


@pytest.fixture
def memory(prefect_server: PrefectServer) -> Iterator[ToldInVariables]:
    with temporary_settings({PREFECT_API_URL: prefect_server.url}):
        yield ToldInVariables()


async def test_one_of_many_at_once_tells(memory: ToldInVariables) -> None:
    alert = sample("crashed", feed="at-once")
    with http_receiver() as web:
        told = await asyncio.gather(*(tell(alert, audience(slack(web)), memory, QUICK) for _ in range(8)))
        assert len(web.taken) == 1
        assert sorted(one.channels[0].outcome for one in told) == ["sent"] + ["throttled"] * 7
        # An hour later many see it again, and one tells.
        (stands,) = await memory.standing(alert.where.subject)
        await memory.forget(stands)
        await memory.claim(replace(stands, at=stands.at - timedelta(hours=2)), None)
        await asyncio.gather(*(tell(alert, audience(slack(web)), memory, QUICK) for _ in range(8)))
        assert len(web.taken) == 2


async def test_other_cause_other_feed_and_no_quiet_time(memory: ToldInVariables) -> None:
    with http_receiver() as web:
        for alert in (
            sample(feed="one"),
            sample(feed="one", detail="WrongPassword"),
            sample(feed="two"),
            sample("crashed", feed="two"),
        ):
            await tell(alert, audience(slack(web)), memory, QUICK)
        assert len(web.taken) == 4
        await tell(sample(feed="one"), audience(slack(web), quiet_seconds=0), memory, QUICK)
    assert len(web.taken) == 5


async def test_recovered_goes_to_those_who_were_told(memory: ToldInVariables) -> None:
    failed, crashed = sample(feed="gone"), sample("crashed", feed="gone")
    with http_receiver() as web, http_receiver() as events:
        everyone = audience(slack(web), pager(events))
        for alert in (failed, crashed):
            await tell(alert, everyone, memory, QUICK)
        records = [
            one
            for _ in range(2)
            for one in await settle(failed.where, lambda told: True, everyone, memory, "It ran.", "", QUICK)
        ]
        assert sorted(web.headlines[2:]) == [
            "Recovered (The run died): retail-etl",
            "Recovered (The run failed): retail-etl",
        ]
        assert events.headlines[1:] == ["Recovered (The run died): retail-etl"]
        assert len(records) == 2
        # Gone means that the next failure is told at once.
        await tell(failed, everyone, memory, QUICK)
    assert len(web.taken) == 5


async def test_recovered_that_nobody_heard_is_told_by_the_next_success(memory: ToldInVariables) -> None:
    failed = sample(feed="unheard")
    with http_receiver(codes=[200]) as web:
        channels = audience(slack(web))
        await tell(failed, channels, memory, QUICK)
        web.codes = [500]
        await settle(failed.where, lambda told: True, channels, memory, "It ran.", "", QUICK)
        web.codes = [200]
        await settle(failed.where, lambda told: True, channels, memory, "It ran.", "", QUICK)
    assert web.headlines[1:] == ["Recovered (The run failed): retail-etl"]


async def test_stands_since_the_first_time(memory: ToldInVariables) -> None:
    alert = sample(feed="since")
    await memory.claim(told_now(alert, None, SINCE), None)
    with http_receiver() as web:
        later = replace(alert, since=SINCE + timedelta(days=1))
        await tell(later, audience(slack(web)), memory, QUICK)
    assert web.taken[0]["blocks"][3]["text"]["text"] == "Since: 2026-03-01 05:15:00+00:00"


async def test_without_prefect_people_are_told() -> None:
    with temporary_settings({PREFECT_API_URL: f"http://127.0.0.1:{free_port()}/api"}):
        memory = ToldInVariables()
        with http_receiver() as web:
            record, settled = await asyncio.gather(
                tell(sample(), audience(slack(web)), memory, QUICK),
                settle(sample().where, lambda told: True, audience(slack(web)), memory, ""),
            )
    assert (record.channels[0].outcome, len(web.taken), settled) == ("sent", 1, ())
