"""Tell people of a cause once within the quiet time, and tell the same people when it is gone."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from tasks.errors import AlertMemoryUnreachable
from tasks.report.alerts.alert import Alert, Where, alert_of
from tasks.report.alerts.channel import Audience
from tasks.report.alerts.deliver import PATIENT, Patience, Result, deliver, reached
from tasks.report.alerts.kinds import Kind, Severity
from tasks.report.alerts.throttle import Memory, Told, is_due, told_now


@dataclass(frozen=True)
class Record:
    """What became of one alert, for the run report and the artifact."""

    kind: Kind
    severity: Severity
    cause: str
    title: str
    at: str
    channels: tuple[Result, ...]


async def tell(alert: Alert, audience: Audience, memory: Memory, patience: Patience = PATIENT) -> Record:
    """Send the alert unless its cause was told within the quiet time. Never raises for a channel or the memory.

    Where the memory cannot be asked, it is sent: twice is better than never.
    """
    meant = reached(audience.channels, alert.severity)
    told = None
    if meant:
        now = datetime.now(UTC)
        try:
            standing = await memory.standing(alert.where.subject)
            before = next((one for one in standing if one.cause == alert.cause), None)
            told = told_now(alert, before, now)
            alert = replace(alert, since=told.since)
            if not is_due(before, now, audience.quiet_seconds) or not await memory.claim(told, before):
                return _record(alert, _throttled(alert, audience))
        except AlertMemoryUnreachable:
            told = None
    results = await deliver(alert, audience.channels, patience=patience)
    if told is not None and not _anybody(results):
        await _forget(memory, told)  # nobody heard: the next time is not one too many
    return _record(alert, results)


async def settle(
    where: Where,
    gone: Callable[[Told], bool],
    audience: Audience,
    memory: Memory,
    happened: str,
    link: str = "",
    patience: Patience = PATIENT,
) -> tuple[Record, ...]:
    """Send a "recovered" for every alert of this subject whose cause is ``gone``, to those who were told."""
    try:
        standing = await memory.standing(where.subject)
    except AlertMemoryUnreachable:
        return ()

    async def recovered(told: Told) -> Record | None:
        if not await _forget(memory, told):
            return None  # another process tells it
        title = f"Recovered ({told.title})"
        alert = alert_of("recovered", where, happened, told.since, detail=told.cause, title=title, link=link)
        results = await deliver(alert, audience.channels, reach=told.severity, patience=patience)
        if reached(audience.channels, told.severity) and not _anybody(results):
            await _keep(memory, told)  # for the next success to tell
        return _record(alert, results)

    records = await asyncio.gather(*(recovered(one) for one in standing if gone(one)))
    return tuple(one for one in records if one is not None)


def _throttled(alert: Alert, audience: Audience) -> tuple[Result, ...]:
    meant = reached(audience.channels, alert.severity)
    return tuple(
        Result(one.name, "throttled" if one in meant else "below minimum") for one in audience.channels
    )


def _anybody(results: tuple[Result, ...]) -> bool:
    return any(one.outcome == "sent" for one in results)


async def _forget(memory: Memory, told: Told) -> bool:
    try:
        return await memory.forget(told)
    except AlertMemoryUnreachable:
        return False


async def _keep(memory: Memory, told: Told) -> None:
    try:
        await memory.claim(told, None)
    except AlertMemoryUnreachable:
        return


def _record(alert: Alert, results: tuple[Result, ...]) -> Record:
    return Record(
        kind=alert.kind,
        severity=alert.severity,
        cause=alert.cause,
        title=alert.title,
        at=datetime.now(UTC).isoformat(timespec="seconds"),
        channels=results,
    )
