"""Send an alert through its channels in parallel, retry each for a while, and report the result per channel."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from tenacity import (
    AsyncRetrying,
    RetryCallState,
    retry_if_exception_type,
    stop_after_attempt,
    wait_exponential,
    wait_random,
)

from tasks.alerts.alert import Alert
from tasks.alerts.channels.channel import Channel
from tasks.alerts.kinds import Severity, rank
from tasks.errors import AlertNotDelivered, Transient

Outcome = Literal["sent", "below minimum", "throttled", "not delivered"]


@dataclass(frozen=True)
class ChannelResult:
    """Result of an alert in one channel. ``reason`` says why it was not delivered, without secrets."""

    channel: str
    outcome: Outcome
    reason: str = ""
    tries: int = 0


@dataclass(frozen=True)
class RetryLimits:
    """Limits for one channel: total ``seconds``, number of ``tries``, first and longest pause in seconds."""

    seconds: float = 30.0
    tries: int = 5
    first: float = 1.0
    longest: float = 8.0


DEFAULT_LIMITS = RetryLimits()


def channels_for(channels: Iterable[Channel], severity: Severity) -> list[Channel]:
    """The channels whose minimum severity this severity reaches."""
    return [channel for channel in channels if rank(severity) >= rank(channel.minimum)]


async def deliver(
    alert: Alert,
    channels: Iterable[Channel],
    reach: Severity | None = None,
    limits: RetryLimits = DEFAULT_LIMITS,
) -> tuple[ChannelResult, ...]:
    """Send an alert to the channels that accept its severity. Never raises.

    Args:
        alert: The alert.
        channels: All channels; those below their minimum get the outcome "below minimum".
        reach: Severity that decides which channels receive it, if not the alert's own.
        limits: Retry limits of each channel.

    Returns:
        One result per channel, in the order of ``channels``.
    """
    severity = reach or alert.severity
    return tuple(await asyncio.gather(*(_send(alert, channel, severity, limits) for channel in channels)))


async def _send(alert: Alert, channel: Channel, severity: Severity, limits: RetryLimits) -> ChannelResult:
    if not channels_for([channel], severity):
        return ChannelResult(channel.name, "below minimum")
    tries, reason = 0, ""

    def remember_reason(state: RetryCallState) -> None:
        nonlocal reason
        error = state.outcome.exception() if state.outcome else None
        reason = f"{error} " if isinstance(error, AlertNotDelivered) else ""

    retrying = AsyncRetrying(
        retry=retry_if_exception_type(Transient),
        stop=stop_after_attempt(limits.tries),
        wait=wait_exponential(limits.first, max=limits.longest) + wait_random(0, limits.first),
        before_sleep=remember_reason,
        reraise=True,
    )
    try:
        async with asyncio.timeout(limits.seconds):
            async for attempt in retrying:
                with attempt:
                    tries += 1
                    await channel.send(alert)
    except AlertNotDelivered as error:
        return ChannelResult(channel.name, "not delivered", error.message, tries)
    except TimeoutError:
        return ChannelResult(
            channel.name, "not delivered", f"{reason}Timed out after {limits.seconds:g} s.", tries
        )
    except Exception as error:  # noqa: BLE001 - a fault in a channel never fails the data work
        return ChannelResult(
            channel.name, "not delivered", f"The channel raised {type(error).__name__}.", tries
        )
    return ChannelResult(channel.name, "sent", "", tries)
