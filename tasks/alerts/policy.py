"""What a channel is, and who is told through which."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from tasks.alerts.alert import Alert
from tasks.alerts.kinds import Severity


@runtime_checkable
class Channel(Protocol):
    """One way to tell people."""

    @property
    def name(self) -> str:
        """Its name, without a secret."""

    @property
    def minimum(self) -> Severity:
        """The least severity that it is meant for; who delivers looks at it, ``send`` does not."""

    async def send(self, alert: Alert) -> None:
        """Send once, within a time limit. Raises AlertNotDelivered, whose message holds no secret."""


@dataclass(frozen=True)
class NotificationPolicy:
    """The channels, and for how many seconds the same cause is told only once."""

    channels: tuple[Channel, ...] = ()
    quiet_seconds: float = 3600.0
