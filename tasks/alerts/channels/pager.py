"""Alerts to any service that Apprise supports: PagerDuty, Opsgenie, Teams, …"""

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
    """An Apprise URL, which is a secret; the channel's name shows its scheme only."""

    url: SecretStr
    minimum: Severity = "critical"
    number: int = 1
    seconds: float = _SECONDS

    @property
    def name(self) -> str:
        """Number and scheme, such as ``pager 1 (pagerduty)``."""
        scheme, mark, _ = self.url.get_secret_value().partition("://")
        shown = scheme if mark and scheme.isalnum() and len(scheme) <= 20 else "no URL"
        return f"pager {self.number} ({shown})"

    async def send(self, alert: Alert) -> None:
        """Send one event, see ``Channel.send``."""
        failure: AlertNotDelivered | None = None
        with muted_loggers():
            try:
                accepted = await run_in_daemon_thread(
                    lambda abandoned: self._notify(alert, abandoned), self.seconds
                )
            except TimeoutError:
                failure = ChannelUnreachable(
                    f"the service gave no answer within {self.seconds:g} s.", channel=self.name
                )
            except Exception as error:  # noqa: BLE001 - its text may hold the URL, which is a secret
                failure = ChannelUnreachable(
                    f"the service could not be reached ({type(error).__name__}).", channel=self.name
                )
            else:
                failure = self._failure(accepted)
        if failure is not None:
            raise failure

    def _notify(self, alert: Alert, abandoned: threading.Event) -> bool | None:
        """True if the service accepted the event, None if Apprise does not support the URL."""
        asset = AppriseAsset(app_id="retail", app_desc="Retail pipeline", secure_logging=True)
        service = Apprise.instantiate(self.url.get_secret_value(), asset=asset)
        if service is None or abandoned.is_set():
            return None
        return bool(
            Apprise([service]).notify(
                title=formatting.single_line(formatting.headline(alert), _TITLE),
                body=formatting.as_text(alert, _BODY),
                notify_type=NotifyType.SUCCESS if alert.kind == "recovered" else _TYPES[alert.severity],
                body_format=NotifyFormat.TEXT,
                interpret_escapes=False,
            )
        )

    def _failure(self, accepted: bool | None) -> AlertNotDelivered | None:
        if accepted:
            return None
        if accepted is None:
            return ChannelRefused(
                "Apprise does not support this URL, or a part of it is missing.",
                "Correct the URL.",
                channel=self.name,
            )
        # Apprise does not distinguish rejected from unreachable.
        return ChannelUnreachable(
            "the service rejected the event or could not be reached.", channel=self.name
        )
