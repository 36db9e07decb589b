"""Send an alert through its channels side by side, each tried again for a while, and tell what became of it."""

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
from tasks.alerts.kinds import Severity, rank
from tasks.alerts.policy import Channel
from tasks.errors import AlertNotDelivered, Transient

Outcome = Literal["sent", "below minimum", "throttled", "not delivered"]


@dataclass(frozen=True)
class ChannelResult:
    """What became of an alert in one channel. ``reason`` tells why it was not delivered, without a secret."""

    channel: str
    outcome: Outcome
    reason: str = ""
    tries: int = 0


@dataclass(frozen=True)
class RetryLimits:
    """How long a channel is tried: ``seconds`` in all, the pauses doubling from ``first`` to ``longest``."""

    seconds: float = 30.0
    tries: int = 5
    first: float = 1.0
    longest: float = 8.0


DEFAULT_LIMITS = RetryLimits()


def channels_for(channels: Iterable[Channel], severity: Severity) -> list[Channel]:
    """The channels that are meant for this severity."""
    return [one for one in channels if rank(severity) >= rank(one.minimum)]


async def deliver(
    alert: Alert,
    channels: Iterable[Channel],
    reach: Severity | None = None,
    limits: RetryLimits = DEFAULT_LIMITS,
) -> tuple[ChannelResult, ...]:
    """Send the alert to every channel that ``reach`` (by default its severity) gets to. Never raises."""
    severity = reach or alert.severity
    return tuple(await asyncio.gather(*(_send(alert, one, severity, limits) for one in channels)))


async def _send(alert: Alert, channel: Channel, severity: Severity, limits: RetryLimits) -> ChannelResult:
    if not channels_for([channel], severity):
        return ChannelResult(channel.name, "below minimum")
    tries, reason = 0, ""

    def remember(state: RetryCallState) -> None:
        nonlocal reason
        error = state.outcome.exception() if state.outcome else None
        reason = f"{error} " if isinstance(error, AlertNotDelivered) else ""

    retrying = AsyncRetrying(
        retry=retry_if_exception_type(Transient),
        stop=stop_after_attempt(limits.tries),
        wait=wait_exponential(limits.first, max=limits.longest) + wait_random(0, limits.first),
        before_sleep=remember,
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
        given_up = f"{reason}Given up after {limits.seconds:g} s."
        return ChannelResult(channel.name, "not delivered", given_up, tries)
    except Exception as error:  # noqa: BLE001 - a fault in a channel never fails the data work
        return ChannelResult(
            channel.name, "not delivered", f"The channel raised {type(error).__name__}.", tries
        )
    return ChannelResult(channel.name, "sent", "", tries)
