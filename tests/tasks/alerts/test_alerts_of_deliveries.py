"""Alerts about deliveries in Prefect Variables: throttled and resolved per delivery and reason."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest
from prefect.client.orchestration import get_client
from prefect.client.schemas.actions import VariableCreate

from tasks.alerts.alert import Alert, AlertSource, build_alert
from tasks.alerts.keys import key, reason_key
from tasks.alerts.notify import notify, resolve
from tasks.alerts.prefect_store import VariableAlertStore
from tasks.alerts.resolution import RunEffect
from tests.support.alert_samples import QUICK, SINCE, policy, sample, slack
from tests.support.prefect_server import PrefectServer
from tests.support.receivers import http_receiver


@pytest.fixture
def store(prefect_api: PrefectServer) -> VariableAlertStore:
    return VariableAlertStore()


def about(feed: str, **reasons: str) -> Alert:
    """An alert about deliveries, with the reason of each."""
    source = sample(feed=feed).source
    return build_alert("failed", source, "failed", SINCE, detail="DeliveriesFailed", deliveries=reasons)


async def test_each_delivery_and_reason_has_its_own_quiet_time(store: VariableAlertStore) -> None:
    feed = "deliveries"
    sent = [
        (about(feed, a="no such file."), "sent"),
        (about(feed, a="no such file."), "throttled"),
        (about(feed, a="no such file.", b="no rows."), "sent"),
        (about(feed, b="no rows."), "throttled"),
        (about(feed, a="not UTF-8."), "sent"),
        (about(feed, c="it scores 12.5."), "sent"),
        (about(feed, c="it scores 13.7."), "throttled"),
    ]
    with http_receiver() as web:
        for alert, outcome in sent:
            record = await notify(alert, policy(slack(web)), store, QUICK)
            assert record.channels[0].outcome == outcome, alert


@pytest.mark.slow
async def test_thousands_of_deliveries_fit(store: VariableAlertStore) -> None:
    feed = "thousands"
    alert = about(feed, **{f"till-{number}": "no rows." for number in range(1_200)})
    effect = RunEffect(alert.source, loaded=frozenset(f"till-{number}" for number in range(1_199)))
    with http_receiver() as web:
        channels = policy(slack(web))
        for outcome in ("sent", "throttled"):
            record = await notify(alert, channels, store, QUICK)
            assert record.channels[0].outcome == outcome
        for loaded, recovered in (
            (effect, 1),
            (effect, 1),
            (replace(effect, loaded=frozenset(["till-1199"])), 2),
        ):
            await resolve(alert.source, loaded.after, channels, store, loaded.describe, "", QUICK)
            assert len(web.accepted) == 1 + recovered
    assert await store.open_alerts(alert.source.subject) == ()


async def test_one_of_many_concurrent_processes_sends_about_deliveries(store: VariableAlertStore) -> None:
    alert = about("at-once-too", a="no rows.", b="no rows.")
    with http_receiver() as web:
        await asyncio.gather(*(notify(alert, policy(slack(web)), store, QUICK) for _ in range(8)))
    assert len(web.accepted) == 1


async def test_of_two_processes_none_hides_the_deliveries_of_the_other(store: VariableAlertStore) -> None:
    *names, one, other = sorted((f"till-{number}" for number in range(302)), key=key)
    # Their first parts are the same.
    first, second = (
        about("side-by-side", **dict.fromkeys([*names, last], "no rows.")) for last in (one, other)
    )
    with http_receiver() as web:
        await asyncio.gather(*(notify(alert, policy(slack(web)), store, QUICK) for alert in (first, second)))
        open_alerts = await store.open_alerts(first.source.subject)
    assert len(web.accepted) == 2
    assert {*first.deliveries, *second.deliveries} == {
        delivery for alert in open_alerts for delivery in alert.deliveries
    }


async def test_an_alert_that_people_received_recovers_although_its_repetition_was_lost(
    store: VariableAlertStore,
) -> None:
    for feed, alert in (
        ("lost", sample(feed="lost")),
        ("lost-delivery", about("lost-delivery", a="no rows.")),
    ):
        effect = RunEffect(alert.source, completed=True, loaded=frozenset(["a"]))
        with http_receiver() as web:
            await notify(alert, policy(slack(web)), store, QUICK)
            (open_alert,) = await store.open_alerts(alert.source.subject)
            web.codes = [500]
            record = await notify(alert, policy(slack(web), quiet_seconds=0), store, QUICK)
            assert record.channels[0].outcome == "not delivered"
            (restored,) = await store.open_alerts(alert.source.subject)
            assert restored == replace(open_alert, key=restored.key), feed
            web.codes = [200]
            await resolve(alert.source, effect.after, policy(slack(web)), store, effect.describe, "", QUICK)
        assert web.headlines[1:] == ["Recovered (Run failed): retail-etl"]


async def test_the_longest_names_fit(store: VariableAlertStore) -> None:
    source = AlertSource("retail-etl", "ä" * 200, "ü" * 100, f"postgresql://retail@db/{'ö' * 63}")
    reasons = {f"till-{number}": "no rows." for number in range(400)}
    alert = build_alert("failed", source, "failed", SINCE, title="é" * 300, deliveries=reasons)
    with http_receiver() as web:
        for outcome in ("sent", "throttled"):
            record = await notify(alert, policy(slack(web)), store, QUICK)
            assert record.channels[0].outcome == outcome


async def test_alerts_of_the_release_before_are_read(store: VariableAlertStore) -> None:
    """Their Variables have neither deliveries nor sources nor warehouse."""
    alert = about("before", a="no rows.")
    values = {
        "subject": alert.source.subject,
        "cause": "failed:DeliveriesFailed",
        "kind": "failed",
        "severity": "error",
        "title": "Run failed",
        "since": SINCE.isoformat(),
        "at": SINCE.isoformat(),
        "by": "0" * 32,
    }
    async with get_client() as client:
        await client.create_variable(VariableCreate(name="retail_alert_before_before", value=values))
    failed = RunEffect(alert.source, loaded=frozenset(["b"]))
    completed = replace(failed, completed=True, loaded=frozenset(["a"]))
    with http_receiver() as web:
        channels = policy(slack(web))
        await resolve(alert.source, failed.after, channels, store, failed.describe, "", QUICK)
        await notify(alert, channels, store, QUICK)
        await resolve(alert.source, completed.after, channels, store, completed.describe, "", QUICK)
        assert web.headlines == ["Error: Run failed: retail-etl", "Recovered (Run failed): retail-etl"]


@pytest.mark.parametrize(
    ("first", "second", "same"),
    [
        ("its score is 12.5, below 95.", "its score is 7, below 95.", True),
        ("9 of 1,000 lines (0.9 %).", "12 of 800 lines (1.5 %).", True),
        ("line 7: too many columns.", "line 8: too many columns.", True),
        ("db1 does not answer.", "db2 does not answer.", False),
        ("127.0.0.1:5432 does not answer.", "127.0.0.2:5432 does not answer.", False),
        ("/srv/2024/tills is not writable.", "/srv/2025/tills is not writable.", False),
        ("it is empty.", "it has no rows.", False),
    ],
)
def test_figures_in_a_reason_do_not_count(first: str, second: str, same: bool) -> None:
    assert (reason_key(first) == reason_key(second)) is same
