"""Alerts to Slack, by an incoming webhook, in its blocks layout."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from slack_sdk.webhook.async_client import AsyncWebhookClient

from tasks.alerts.alert import Alert
from tasks.alerts.channels import formatting
from tasks.alerts.channels.muted_loggers import muted_loggers
from tasks.alerts.kinds import Severity
from tasks.errors import AlertNotDelivered, ChannelRefused, ChannelUnreachable

# Slack refuses the whole message if one text is longer.
_HEADER, _SECTION = 150, 3000
_SECONDS = 10


@dataclass(frozen=True)
class SlackChannel:
    """A Slack channel behind a webhook. ``client`` makes the client, which knows the webhook's address."""

    client: Callable[[], AsyncWebhookClient] = field(repr=False)
    minimum: Severity = "warning"
    name: str = "slack"

    async def send(self, alert: Alert) -> None:
        """Post the alert. Raises AlertNotDelivered."""
        failure: AlertNotDelivered | None = None
        with muted_loggers():
            try:
                client = self.client()
                client.timeout = _SECONDS
                client.retry_handlers = []  # whoever delivers tries again
                answer = await client.send(
                    text=fallback(alert), blocks=blocks(alert), unfurl_links=False, unfurl_media=False
                )
            except Exception as error:  # noqa: BLE001 - its text may hold the webhook, which is a secret
                failure = ChannelUnreachable(
                    f"Slack could not be reached ({type(error).__name__}).",
                    "Check the network and the webhook's address.",
                    channel=self.name,
                )
            else:
                failure = _refusal(self.name, answer.status_code, answer.body)
        if failure is not None:
            raise failure


def _refusal(name: str, code: int, body: str) -> AlertNotDelivered | None:
    if code < 300:
        return None
    said = f", {body}" if re.fullmatch(r"[a-z_]{1,40}", body) else ""
    if code == 429 or code >= 500:
        return ChannelUnreachable(f"Slack is busy (HTTP {code}{said}).", channel=name)
    return ChannelRefused(
        f"Slack refused the message (HTTP {code}{said}).",
        "Make a new webhook if this one was revoked.",
        channel=name,
    )


def escaped(text: str) -> str:
    """Text in which Slack finds no mention, link or channel."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def fallback(alert: Alert) -> str:
    """What a notification on a phone shows, and clients without blocks."""
    text = f"{formatting.headline(alert)}. {alert.happened}"
    return escaped(formatting.one_line(text, 500))


def blocks(alert: Alert) -> list[dict[str, Any]]:
    """The message: header, the facts, and where to go. Nothing in plain text is interpreted."""
    facts = formatting.facts(alert)
    shown: list[dict[str, Any]] = [{"type": "header", "text": _plain(formatting.headline(alert), _HEADER)}]
    shown += [{"type": "section", "text": _plain(f"{label}: {text}", _SECTION)} for label, text in facts]
    shown.append({"type": "context", "elements": [_plain(f"Runbook: {formatting.runbook(alert)}", _SECTION)]})
    if formatting.is_link(alert.link):
        shown.append(
            {
                "type": "actions",
                "elements": [{"type": "button", "text": _plain("Open the run", 75), "url": alert.link}],
            }
        )
    return shown


def _plain(text: str, limit: int) -> dict[str, Any]:
    return {"type": "plain_text", "text": formatting.clean(text, limit), "emoji": False}
