"""Notify people of a cause once per quiet time, and notify the same people when it is resolved."""

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
    """An alert and the result in each channel, for the run report and the artifact. ``at`` is ISO 8601, UTC."""

    kind: Kind
    severity: Severity
    cause: str
    title: str
    at: str
    channels: tuple[ChannelResult, ...]


async def notify(
    alert: Alert, policy: NotificationPolicy, store: AlertStore, limits: RetryLimits = DEFAULT_LIMITS
) -> AlertRecord:
    """Send an alert unless its cause was sent within the quiet time.

    Raises nothing for a channel or the store. If the store does not answer, the alert is sent: twice is better than
    never.

    Returns:
        The record of the alert, with one result per channel.
    """
    open_alert = None
    if channels_for(policy.channels, alert.severity):
        now = datetime.now(UTC)
        try:
            open_alerts = await store.open_alerts(alert.source.subject)
            previous = next((known for known in open_alerts if known.cause == alert.cause), None)
            open_alert = opened(alert, previous, now)
            alert = replace(alert, since=open_alert.since)
            due = is_due(previous, now, policy.quiet_seconds)
            if not due or not await store.put_if_absent(open_alert, previous):
                return _record(alert, _throttled(alert, policy))
        except AlertStoreUnreachable:
            open_alert = None
    results = await deliver(alert, policy.channels, limits=limits)
    if open_alert is not None and not _reached_anybody(results):
        await _close(store, open_alert)  # nobody received it, so the next alert must not be throttled
    return _record(alert, results)


async def resolve(
    source: AlertSource,
    is_resolved: Callable[[OpenAlert], bool],
    policy: NotificationPolicy,
    store: AlertStore,
    what: str,
    link: str = "",
    limits: RetryLimits = DEFAULT_LIMITS,
) -> tuple[AlertRecord, ...]:
    """Close the resolved alerts of a subject, and send "recovered" to the channels that received them.

    Args:
        source: Flow, deployment and feed whose open alerts are looked up.
        is_resolved: Whether the cause of an open alert is gone.
        policy: Channels to notify.
        store: Keeps the open alerts; if it does not answer, nothing is resolved.
        what: What shows that the cause is gone.
        link: Page of the flow run in the Prefect UI.
        limits: Retry limits of each channel.

    Returns:
        One record per resolved alert.
    """
    try:
        open_alerts = await store.open_alerts(source.subject)
    except AlertStoreUnreachable:
        return ()

    async def send_recovered(open_alert: OpenAlert) -> AlertRecord | None:
        if not await _close(store, open_alert):
            return None  # another process sends it
        title = f"Recovered ({open_alert.title})"
        alert = build_alert(
            "recovered", source, what, open_alert.since, detail=open_alert.cause, title=title, link=link
        )
        results = await deliver(alert, policy.channels, reach=open_alert.severity, limits=limits)
        if channels_for(policy.channels, open_alert.severity) and not _reached_anybody(results):
            await _reopen(store, open_alert)  # the next successful run tries again
        return _record(alert, results)

    resolved = [open_alert for open_alert in open_alerts if is_resolved(open_alert)]
    records = await asyncio.gather(*map(send_recovered, resolved))
    return tuple(record for record in records if record is not None)


def _throttled(alert: Alert, policy: NotificationPolicy) -> tuple[ChannelResult, ...]:
    eligible = channels_for(policy.channels, alert.severity)
    return tuple(
        ChannelResult(channel.name, "throttled" if channel in eligible else "below minimum")
        for channel in policy.channels
    )


def _reached_anybody(results: tuple[ChannelResult, ...]) -> bool:
    return any(result.outcome == "sent" for result in results)


async def _close(store: AlertStore, open_alert: OpenAlert) -> bool:
    try:
        return await store.close(open_alert)
    except AlertStoreUnreachable:
        return False


async def _reopen(store: AlertStore, open_alert: OpenAlert) -> None:
    try:
        await store.put_if_absent(open_alert, None)
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
