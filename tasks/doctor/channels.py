"""Alert channels: whether their hosts can be reached, or whether a test alert is delivered."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime

from tasks.alerts.alert import Alert, AlertSource, build_alert
from tasks.alerts.channels.channel import Channel
from tasks.alerts.delivery import RetryLimits, deliver
from tasks.doctor.finding import Finding, ok, warning

_CHECK = "alerts"
_SECONDS = 8.0
_TEST_LIMITS = RetryLimits(seconds=20.0, tries=1)
_SET_UP = (
    "To be notified of failures, turn on PIPELINE_SLACK_NOTIFICATIONS or PIPELINE_EMAIL_ALERTS, set "
    "PIPELINE_PAGER_URLS, or name an Alerts block."
)

Host = tuple[str, int]


async def examine_channels(
    channels: Sequence[Channel], hosts: Mapping[str, Host], *, send_test: bool
) -> list[Finding]:
    """Check each channel; a broken one is a warning, since it stops no run.

    Args:
        channels: Channels of the notification policy.
        hosts: Host and port by channel name, where the channel has its own.
        send_test: Send a test alert through each channel instead of only connecting to its host.

    Returns:
        One finding per channel, or a single one if there are no channels.
    """
    if not channels:
        return [ok(_CHECK, "no channel is set up: nobody is notified of failures", _SET_UP)]
    if send_test:
        return await _send_test(channels)
    return list(await asyncio.gather(*(_try_host(channel, hosts.get(channel.name)) for channel in channels)))


async def _try_host(channel: Channel, host: Host | None) -> Finding:
    label = f"{channel.name}, minimum severity {channel.minimum}"
    if host is None:
        return ok(_CHECK, f"{label}: set up, not tested", "Test it with --send-test.")
    try:
        async with asyncio.timeout(_SECONDS):
            _, writer = await asyncio.open_connection(*host)
        writer.close()
    except (OSError, TimeoutError, UnicodeError) as error:
        what = f"{label}: {host[0]}, port {host[1]}, cannot be reached ({type(error).__name__})."
        return warning(_CHECK, what, "Check the host, the port and this machine's network.")
    return ok(_CHECK, f"{label}: {host[0]} answers", "Use --send-test to see whether an alert arrives.")


async def _send_test(channels: Sequence[Channel]) -> list[Finding]:
    # Every channel gets the test alert, whatever its minimum severity.
    results = await deliver(_test_alert(), channels, reach="critical", limits=_TEST_LIMITS)
    return [
        ok(_CHECK, f"{result.channel}: a test alert was sent")
        if result.outcome == "sent"
        else warning(
            _CHECK,
            f"{result.channel}: a test alert was not delivered. {result.reason}",
            "Fix the channel.",
        )
        for result in results
    ]


def _test_alert() -> Alert:
    alert = build_alert(
        "health",
        AlertSource("retail-doctor"),
        "Somebody requested a test alert (--send-test). Nothing is wrong.",
        datetime.now(UTC),
        title="This is a test",
        next_step="No action needed.",
    )
    return replace(alert, severity="info")
