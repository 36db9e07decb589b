"""The channel interface, and the policy that says which channels are notified and how often."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from tasks.alerts.alert import Alert
from tasks.alerts.kinds import Severity


@runtime_checkable
class Channel(Protocol):
    """A way to notify people."""

    @property
    def name(self) -> str:
        """Name of the channel, without secrets."""

    @property
    def minimum(self) -> Severity:
        """Lowest severity that the channel receives; enforced by ``deliver``, not by ``send``."""

    async def send(self, alert: Alert) -> None:
        """Try once to send, within a time limit.

        Raises:
            AlertNotDelivered: The channel rejected the alert or did not answer. The message holds no secret.
        """


@dataclass(frozen=True)
class NotificationPolicy:
    """The channels to notify, and the quiet time in seconds before the same cause is notified again."""

    channels: tuple[Channel, ...] = ()
    quiet_seconds: float = 3600.0
