"""Who would be told: whether the channels' hosts can be reached, or whether a test alert arrives."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime

from tasks.alerts.alert import Alert, AlertSource, build_alert
from tasks.alerts.delivery import RetryLimits, deliver
from tasks.alerts.policy import Channel
from tasks.doctor.finding import Finding, ok, warning

_CHECK = "alerts"
_SECONDS = 8.0
_PATIENCE = RetryLimits(seconds=20.0, tries=1)
_SET_UP = (
    "To be told of failures, switch PIPELINE_SLACK_NOTIFICATIONS or PIPELINE_EMAIL_ALERTS on, set "
    "PIPELINE_PAGER_URLS, or name an Alerts block."
)

Host = tuple[str, int]


async def examine_channels(
    channels: Sequence[Channel], hosts: Mapping[str, Host], *, send_test: bool
) -> list[Finding]:
    """A finding for each channel: an alert that does not arrive stops no run, so it is a warning."""
    if not channels:
        return [ok(_CHECK, "no channel is set up: nobody is told of failures", _SET_UP)]
    if send_test:
        return await _send(channels)
    return list(await asyncio.gather(*(_reach(one, hosts.get(one.name)) for one in channels)))


async def _reach(channel: Channel, host: Host | None) -> Finding:
    said = f"{channel.name}, from severity {channel.minimum} on"
    if host is None:
        return ok(_CHECK, f"{said}: set up, not tried", "Try it with --send-test.")
    try:
        async with asyncio.timeout(_SECONDS):
            _, writer = await asyncio.open_connection(*host)
        writer.close()
    except (OSError, TimeoutError, UnicodeError) as error:
        what = f"{said}: {host[0]}, port {host[1]}, cannot be reached ({type(error).__name__})."
        return warning(_CHECK, what, "Check the host, the port and this machine's network.")
    return ok(_CHECK, f"{said}: {host[0]} answers", "Whether an alert arrives, --send-test shows.")


async def _send(channels: Sequence[Channel]) -> list[Finding]:
    # Every channel gets it, whatever severity it is meant for.
    results = await deliver(_test_alert(), channels, reach="critical", limits=_PATIENCE)
    return [
        ok(_CHECK, f"{one.channel}: a test alert was sent")
        if one.outcome == "sent"
        else warning(
            _CHECK, f"{one.channel}: a test alert was not delivered. {one.reason}", "Mend the channel."
        )
        for one in results
    ]


def _test_alert() -> Alert:
    alert = build_alert(
        "health",
        AlertSource("retail-doctor"),
        "Somebody asked for a test alert (--send-test). Nothing is wrong.",
        datetime.now(UTC),
        title="This is a test",
        next_step="Nothing is to be done.",
    )
    return replace(alert, severity="info")
