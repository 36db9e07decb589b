"""The policy that says which channels are notified, and how often."""

from __future__ import annotations

from dataclasses import dataclass

from tasks.alerts.channels.channel import Channel


@dataclass(frozen=True)
class NotificationPolicy:
    """The channels to notify, and the quiet time in seconds before the same cause is notified again."""

    channels: tuple[Channel, ...] = ()
    quiet_seconds: float = 3600.0
