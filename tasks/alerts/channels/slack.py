"""Alerts to Slack through an incoming webhook, in its Block Kit layout."""

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

# Slack rejects the whole message if a text is longer.
_HEADER, _SECTION = 150, 3000
_SECONDS = 10


@dataclass(frozen=True)
class SlackChannel:
    """A Slack channel behind an incoming webhook. ``client`` creates the client, which holds the secret URL."""

    client: Callable[[], AsyncWebhookClient] = field(repr=False)
    minimum: Severity = "warning"
    name: str = "slack"

    async def send(self, alert: Alert) -> None:
        """Post the alert, see ``Channel.send``."""
        failure: AlertNotDelivered | None = None
        with muted_loggers():
            try:
                client = self.client()
                client.timeout = _SECONDS
                client.retry_handlers = []  # ``deliver`` retries
                response = await client.send(
                    text=fallback(alert), blocks=blocks(alert), unfurl_links=False, unfurl_media=False
                )
            except Exception as error:  # noqa: BLE001 - its text may hold the webhook, a secret
                failure = ChannelUnreachable(
                    f"Slack could not be reached ({type(error).__name__}).",
                    "Check the network and the webhook's URL.",
                    channel=self.name,
                )
            else:
                failure = _failure(self.name, response.status_code, response.body)
        if failure is not None:
            raise failure


def _failure(name: str, code: int, body: str) -> AlertNotDelivered | None:
    if code < 300:
        return None
    reason = f", {body}" if re.fullmatch(r"[a-z_]{1,40}", body) else ""
    if code == 429 or code >= 500:
        return ChannelUnreachable(f"Slack is busy (HTTP {code}{reason}).", channel=name)
    return ChannelRefused(
        f"Slack rejected the message (HTTP {code}{reason}).",
        "Create a new webhook if this one was revoked.",
        channel=name,
    )


def escape(text: str) -> str:
    """Escape text so that Slack finds no mention, link or channel in it."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def fallback(alert: Alert) -> str:
    """Text for phone notifications and for clients without Block Kit."""
    text = f"{formatting.headline(alert)}. {alert.what}"
    return escape(formatting.single_line(text, 500))


def blocks(alert: Alert) -> list[dict[str, Any]]:
    """The message: header, facts, runbook and link. Slack does not interpret plain text."""
    facts = formatting.facts(alert)
    layout: list[dict[str, Any]] = [{"type": "header", "text": _plain(formatting.headline(alert), _HEADER)}]
    layout += [{"type": "section", "text": _plain(f"{label}: {text}", _SECTION)} for label, text in facts]
    layout.append(
        {"type": "context", "elements": [_plain(f"Runbook: {formatting.runbook(alert)}", _SECTION)]}
    )
    if formatting.is_link(alert.link):
        layout.append(
            {
                "type": "actions",
                "elements": [{"type": "button", "text": _plain("Open the run", 75), "url": alert.link}],
            }
        )
    return layout


def _plain(text: str, limit: int) -> dict[str, Any]:
    return {"type": "plain_text", "text": formatting.clean(text, limit), "emoji": False}
