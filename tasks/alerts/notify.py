"""Tell people of a cause once within the quiet time, and tell the same people when it is gone."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from tasks.alerts.alert import Alert, AlertSource, build_alert
from tasks.alerts.delivery import DEFAULT_LIMITS, ChannelResult, RetryLimits, channels_for, deliver
from tasks.alerts.kinds import Kind, Severity
from tasks.alerts.policy import NotificationPolicy
from tasks.alerts.store import AlertStore, OpenAlert, is_due, opened
from tasks.errors import AlertStoreUnreachable


@dataclass(frozen=True)
class AlertRecord:
    """What became of one alert, for the run report and the artifact."""

    kind: Kind
    severity: Severity
    cause: str
    title: str
    at: str
    channels: tuple[ChannelResult, ...]


async def notify(
    alert: Alert, policy: NotificationPolicy, store: AlertStore, limits: RetryLimits = DEFAULT_LIMITS
) -> AlertRecord:
    """Send the alert unless its cause was told within the quiet time. Never raises for a channel or the memory.

    Where the memory cannot be asked, it is sent: twice is better than never.
    """
    meant = channels_for(policy.channels, alert.severity)
    told = None
    if meant:
        now = datetime.now(UTC)
        try:
            open_alerts = await store.open_alerts(alert.source.subject)
            before = next((one for one in open_alerts if one.cause == alert.cause), None)
            told = opened(alert, before, now)
            alert = replace(alert, since=told.since)
            if not is_due(before, now, policy.quiet_seconds) or not await store.put_if_absent(told, before):
                return _record(alert, _throttled(alert, policy))
        except AlertStoreUnreachable:
            told = None
    results = await deliver(alert, policy.channels, limits=limits)
    if told is not None and not _anybody(results):
        await _close(store, told)  # nobody heard: the next time is not one too many
    return _record(alert, results)


async def resolve(
    source: AlertSource,
    gone: Callable[[OpenAlert], bool],
    policy: NotificationPolicy,
    store: AlertStore,
    happened: str,
    link: str = "",
    limits: RetryLimits = DEFAULT_LIMITS,
) -> tuple[AlertRecord, ...]:
    """Send a "recovered" for every alert of this subject whose cause is ``gone``, to those who were told."""
    try:
        open_alerts = await store.open_alerts(source.subject)
    except AlertStoreUnreachable:
        return ()

    async def recovered(told: OpenAlert) -> AlertRecord | None:
        if not await _close(store, told):
            return None  # another process tells it
        title = f"Recovered ({told.title})"
        alert = build_alert(
            "recovered", source, happened, told.since, detail=told.cause, title=title, link=link
        )
        results = await deliver(alert, policy.channels, reach=told.severity, limits=limits)
        if channels_for(policy.channels, told.severity) and not _anybody(results):
            await _keep(store, told)  # for the next success to tell
        return _record(alert, results)

    records = await asyncio.gather(*(recovered(one) for one in open_alerts if gone(one)))
    return tuple(one for one in records if one is not None)


def _throttled(alert: Alert, policy: NotificationPolicy) -> tuple[ChannelResult, ...]:
    meant = channels_for(policy.channels, alert.severity)
    return tuple(
        ChannelResult(one.name, "throttled" if one in meant else "below minimum") for one in policy.channels
    )


def _anybody(results: tuple[ChannelResult, ...]) -> bool:
    return any(one.outcome == "sent" for one in results)


async def _close(store: AlertStore, told: OpenAlert) -> bool:
    try:
        return await store.close(told)
    except AlertStoreUnreachable:
        return False


async def _keep(store: AlertStore, told: OpenAlert) -> None:
    try:
        await store.put_if_absent(told, None)
    except AlertStoreUnreachable:
        return


def _record(alert: Alert, results: tuple[ChannelResult, ...]) -> AlertRecord:
    return AlertRecord(
        kind=alert.kind,
        severity=alert.severity,
        cause=alert.cause,
        title=alert.title,
        at=datetime.now(UTC).isoformat(timespec="seconds"),
        channels=results,
    )
