"""Notify people of a cause once per quiet time, and notify the same people when it is resolved."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from tasks.alerts.alert import Alert, AlertSource, build_alert
from tasks.alerts.channels.channel import Channel
from tasks.alerts.delivery import DEFAULT_LIMITS, ChannelResult, RetryLimits, channels_for, deliver
from tasks.alerts.kinds import Kind, Severity, rank
from tasks.alerts.policy import NotificationPolicy
from tasks.alerts.store import AlertStore, OpenAlert, opening
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
    """Send an alert unless its cause, or each of its deliveries, was sent within the quiet time.

    Raises nothing for a channel or the store. If the store does not answer, the alert is sent: twice is better than
    never.

    Returns:
        The record of the alert, with one result per channel.
    """
    stored: list[tuple[OpenAlert, OpenAlert | None]] = []
    obsolete: tuple[OpenAlert, ...] = ()
    if channels_for(policy.channels, alert.severity):
        now = datetime.now(UTC)
        try:
            open_alerts = await store.open_alerts(alert.source.subject)
            to_store = opening(alert, open_alerts, now, policy.quiet_seconds)
            if to_store is None:
                return _record(alert, _throttled(alert, policy))
            alert = replace(alert, since=to_store.since)
            for open_alert, previous in to_store.stored:
                if await store.put_if_absent(open_alert, previous):
                    stored.append((open_alert, previous))
            if not stored:  # another process was faster, and sends it
                return _record(alert, _throttled(alert, policy))
            obsolete = to_store.obsolete
        except AlertStoreUnreachable:
            pass  # sent all the same
    results = await deliver(alert, policy.channels, limits=limits)
    if _reached_anybody(results):
        for known in obsolete:
            await _close(store, known)
        return _record(alert, results)
    for open_alert, previous in stored:
        await _close(store, open_alert)  # nobody received it, so the next alert must not be throttled
        if previous is not None:
            await _reopen(store, previous)  # received before, and not resolved yet
    return _record(alert, results)


async def resolve(
    source: AlertSource,
    after: Callable[[OpenAlert], OpenAlert | None],
    policy: NotificationPolicy,
    store: AlertStore,
    describe: Callable[[Sequence[OpenAlert]], str],
    link: str = "",
    limits: RetryLimits = DEFAULT_LIMITS,
) -> tuple[AlertRecord, ...]:
    """Close the resolved alerts, and send one "recovered" to each channel about those it received.

    Args:
        source: Flow, deployment, feed and warehouse of the run.
        after: The open alert after the run: itself, without some deliveries, or None if it is resolved. It is asked for
            the open alerts of all subjects, since a delivery may be loaded or withdrawn by another flow.
        policy: Channels to notify.
        store: Keeps the open alerts; if it does not answer, nothing is resolved.
        describe: Says of resolved alerts what shows that their causes are gone.
        link: Page of the flow run in the Prefect UI.
        limits: Retry limits of each channel.

    Returns:
        One record if an alert is resolved, else none.
    """
    try:
        open_alerts = await store.open_alerts("")
        remaining = [(open_alert, after(open_alert)) for open_alert in open_alerts]
        for open_alert, rest in remaining:
            if rest is not None and rest != open_alert:
                await store.put_if_absent(rest, open_alert)
    except AlertStoreUnreachable:
        return ()
    # Another process may close one first; it then sends the message.
    resolved = [
        open_alert for open_alert, rest in remaining if rest is None and await _close(store, open_alert)
    ]
    if not resolved:
        return ()
    resolved.sort(key=lambda open_alert: (open_alert.since, open_alert.cause))
    results = await _send_recovered(source, resolved, policy, describe, link, limits)
    receivers = channels_for(policy.channels, max((alert.severity for alert in resolved), key=rank))
    if receivers and not _reached_anybody(results):
        for open_alert in resolved:
            await _reopen(store, open_alert)  # the next successful run tries again
    return (_record(_recovered(source, resolved, describe(resolved), link), results),)


async def _send_recovered(
    source: AlertSource,
    resolved: Sequence[OpenAlert],
    policy: NotificationPolicy,
    describe: Callable[[Sequence[OpenAlert]], str],
    link: str,
    limits: RetryLimits,
) -> tuple[ChannelResult, ...]:
    """Send one message per channel, about the alerts that it received."""

    async def send(channel: Channel) -> ChannelResult:
        received = [alert for alert in resolved if channels_for([channel], alert.severity)]
        if not received:
            return ChannelResult(channel.name, "below minimum")
        reach = max((alert.severity for alert in received), key=rank)
        (result,) = await deliver(
            _recovered(source, received, describe(received), link), [channel], reach, limits
        )
        return result

    return tuple(await asyncio.gather(*map(send, policy.channels)))


def _recovered(source: AlertSource, resolved: Sequence[OpenAlert], what: str, link: str) -> Alert:
    titles = ", ".join(dict.fromkeys(alert.title for alert in resolved))
    causes = ", ".join(dict.fromkeys(alert.cause_of_all for alert in resolved))
    since = min(alert.since for alert in resolved)
    return build_alert(
        "recovered", source, what, since, detail=causes, title=f"Recovered ({titles})", link=link
    )


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
