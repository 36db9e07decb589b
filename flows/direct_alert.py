"""An alert from the run's own process, where Prefect is gone and no hook can run."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from datetime import UTC, datetime

from prefect.logging import get_logger

from blocks import lookup, settings_sources
from tasks.alerts.alert import AlertSource, build_alert
from tasks.alerts.delivery import RetryLimits
from tasks.alerts.notify import notify
from tasks.alerts.policy import NotificationPolicy
from tasks.alerts.prefect_store import VariableAlertStore
from tasks.errors import PrefectUnreachable, RetailError

_LIMITS = RetryLimits(seconds=12.0, tries=3)


@dataclass
class Notice:
    """Who gets an alert about a run. ``alerts`` names an Alerts block; ``wanted`` is False for a dry run."""

    flow: str
    feed: str
    alerts: str = ""
    wanted: bool = True
    sent: bool = False
    _policy: asyncio.Task[NotificationPolicy] | None = field(default=None, repr=False)

    def load_channels(self) -> None:
        """Begin to load the channels of a block while Prefect is there; those of the environment need no loading."""
        resolved = settings_sources.resolve_leniently()
        if self.wanted and (self.alerts or resolved.settings.retail_alerts):
            self._policy = asyncio.create_task(lookup.notification_policy(self.alerts, resolved))
            self._policy.add_done_callback(_retrieve)

    async def policy(self) -> NotificationPolicy:
        """The channels of the block if they were loaded, else those of the environment."""
        loaded = self._policy
        if loaded is not None and loaded.done() and not loaded.cancelled() and loaded.exception() is None:
            return loaded.result()
        settings = settings_sources.resolve_leniently().settings
        block = lookup.environment_alerts(settings)
        return block.policy() if block is not None else NotificationPolicy()


def _retrieve(task: asyncio.Task[NotificationPolicy]) -> None:
    # The hooks of the run report why its channels cannot be loaded.
    if not task.cancelled():
        task.exception()


async def notify_directly(notice: Notice, happened: str, warehouse: str) -> None:
    """Send one alert ``failed``; whatever goes wrong is a warning in the log."""
    if notice.sent or not notice.wanted:
        return
    notice.sent = True
    try:
        policy = await notice.policy()
        if not policy.channels:
            return
        source = AlertSource(notice.flow, "", notice.feed, warehouse)
        alert = build_alert("failed", source, happened, datetime.now(UTC), detail=PrefectUnreachable.__name__)
        record = await notify(alert, policy, VariableAlertStore(), _LIMITS)
        for channel in record.channels:
            get_logger("retail").info("Alert to %s: %s. %s", channel.channel, channel.outcome, channel.reason)
    except RetailError as error:
        get_logger("retail").warning("No alert was sent: %s", error)
