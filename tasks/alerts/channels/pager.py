"""Alerts to anything that Apprise knows: PagerDuty, Opsgenie, Teams, …"""

from __future__ import annotations

import threading
from dataclasses import dataclass

from apprise import Apprise, AppriseAsset, NotifyFormat, NotifyType
from pydantic import SecretStr

from tasks.alerts.alert import Alert
from tasks.alerts.channels import formatting
from tasks.alerts.channels.deadline import run_in_daemon_thread
from tasks.alerts.channels.muted_loggers import muted_loggers
from tasks.alerts.kinds import Severity
from tasks.errors import AlertNotDelivered, ChannelRefused, ChannelUnreachable

_TYPES = {
    "info": NotifyType.INFO,
    "warning": NotifyType.WARNING,
    "error": NotifyType.FAILURE,
    "critical": NotifyType.FAILURE,
}
_SECONDS = 15.0
_TITLE, _BODY = 150, 2_000


@dataclass(frozen=True)
class PagerChannel:
    """One Apprise URL. The name shows its scheme only."""

    url: SecretStr
    minimum: Severity = "critical"
    number: int = 1
    seconds: float = _SECONDS

    @property
    def name(self) -> str:
        """``pager 1 (pagerduty)``."""
        scheme, mark, _ = self.url.get_secret_value().partition("://")
        known = scheme if mark and scheme.isalnum() and len(scheme) <= 20 else "no URL"
        return f"pager {self.number} ({known})"

    async def send(self, alert: Alert) -> None:
        """Send one event. Raises AlertNotDelivered."""
        failure: AlertNotDelivered | None = None
        with muted_loggers():
            try:
                taken = await run_in_daemon_thread(
                    lambda abandoned: self._notify(alert, abandoned), self.seconds
                )
            except TimeoutError:
                failure = ChannelUnreachable(f"no answer within {self.seconds:g} s.", channel=self.name)
            except Exception as error:  # noqa: BLE001 - its text may hold the URL, which is a secret
                failure = ChannelUnreachable(
                    f"the service could not be reached ({type(error).__name__}).", channel=self.name
                )
            else:
                failure = self._refusal(taken)
        if failure is not None:
            raise failure

    def _notify(self, alert: Alert, abandoned: threading.Event) -> bool | None:
        """True if the service took it, None if Apprise does not know the URL."""
        asset = AppriseAsset(app_id="retail", app_desc="Retail pipeline", secure_logging=True)
        service = Apprise.instantiate(self.url.get_secret_value(), asset=asset)
        if service is None or abandoned.is_set():
            return None
        return bool(
            Apprise([service]).notify(
                title=formatting.one_line(formatting.headline(alert), _TITLE),
                body=formatting.as_text(alert, _BODY),
                notify_type=NotifyType.SUCCESS if alert.kind == "recovered" else _TYPES[alert.severity],
                body_format=NotifyFormat.TEXT,
                interpret_escapes=False,
            )
        )

    def _refusal(self, taken: bool | None) -> AlertNotDelivered | None:
        if taken:
            return None
        if taken is None:
            return ChannelRefused(
                "Apprise knows no such service, or the URL misses a part.", "Correct it.", channel=self.name
            )
        # Apprise does not tell refused from unreachable.
        return ChannelUnreachable(
            "the service did not take the event, or could not be reached.", channel=self.name
        )
