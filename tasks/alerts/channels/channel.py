"""The interface of a channel: one way to notify people."""

from __future__ import annotations

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
