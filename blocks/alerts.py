"""The block with the alert channels."""

from __future__ import annotations

import re
from functools import partial
from smtplib import SMTP
from typing import TYPE_CHECKING, Any, Self
from uuid import UUID

from prefect.blocks.core import Block
from prefect_email import EmailServerCredentials
from prefect_slack import SlackWebhook
from pydantic import Field, HttpUrl, SecretStr, field_validator

from blocks import saved_channels
from blocks.settings_sources import Settings
from tasks.alerts.channels.channel import Channel
from tasks.alerts.channels.email import EmailChannel
from tasks.alerts.channels.pager import PagerChannel
from tasks.alerts.channels.slack import SlackChannel
from tasks.alerts.kinds import Severity
from tasks.alerts.policy import NotificationPolicy
from tasks.errors import SettingsError

if TYPE_CHECKING:
    from prefect.client.orchestration import PrefectClient

# Between two Apprise URLs, which may contain commas.
_BETWEEN_URLS = re.compile(r"[\s,]+(?=[A-Za-z][A-Za-z0-9+.-]*://)")


class Alerts(Block):
    """Alert channels for failed, crashed or low-quality runs: Slack, e-mail and pagers.

    Each channel has a minimum severity: info, warning, error or critical. The same cause is sent once per quiet time,
    and once more when it is resolved.

    Example:
        Name the block in a flow's parameter `alerts`:
        ```python
        from flows import retail_etl

        report = await retail_etl(sources=["/srv/tills"], alerts="BLOCK_NAME")
        ```

        Load the block to list its channels:
        ```python
        from blocks import Alerts

        alerts = Alerts.load("BLOCK_NAME")
        print([channel.name for channel in alerts.policy().channels])
        ```
    """

    _block_type_name = "Retail Alerts"
    _block_type_slug = "retail-alerts"
    _logo_url = HttpUrl("https://supabase.com/favicon/favicon-196x196.png")
    _documentation_url = HttpUrl("https://docs.prefect.io/v3/concepts/automations")

    slack: SlackWebhook | None = Field(
        default=None, title="Slack webhook", description="URL of the Slack channel's incoming webhook."
    )
    slack_minimum: Severity = Field(
        default="warning", title="Slack: minimum severity", description="Lowest severity sent to Slack."
    )
    email: EmailServerCredentials | None = Field(
        default=None, title="Mail server", description="SMTP server that sends the e-mails."
    )
    email_recipients: list[str] = Field(
        default_factory=list,
        title="E-mail recipients",
        description='Addresses that receive the e-mails, as a list such as ["ann@example.com"].',
    )
    email_sender: str = Field(
        default="",
        title="E-mail sender",
        description="From address. Empty: the mail server's user if it is an address, else the first recipient.",
    )
    email_minimum: Severity = Field(
        default="error", title="E-mail: minimum severity", description="Lowest severity sent by e-mail."
    )
    # One secret, since Prefect's form cannot show or keep a list of secrets.
    pager_urls: SecretStr = Field(
        default=SecretStr(""),
        title="Pager URLs",
        description="Apprise URLs, such as pagerduty://KEY@TOKEN, separated by spaces; over 100 services are supported.",
    )
    pager_minimum: Severity = Field(
        default="critical", title="Pager: minimum severity", description="Lowest severity sent to the pager."
    )
    quiet_minutes: float = Field(
        default=60.0,
        ge=0,
        le=10080,
        title="Quiet time (minutes)",
        description="Minutes before an alert for the same cause is sent again.",
    )
    slack_block: str = Field(
        default="",
        title="Slack webhook: name of its block",
        description="Filled in when the block is saved or used. Prefect's form may show the selection as empty; it "
        "stays as long as this name does.",
    )
    email_block: str = Field(
        default="",
        title="Mail server: name of its block",
        description="Filled in when the block is saved or used, as for the Slack webhook.",
    )

    @field_validator("pager_urls", mode="before")
    @classmethod
    def _from_list(cls, value: Any) -> Any:
        """Join the list of secrets of a block that an earlier release saved."""
        if not isinstance(value, list | tuple):
            return "" if value is None else value
        urls = (url.get_secret_value() if isinstance(url, SecretStr) else str(url) for url in value)
        return SecretStr("\n".join(urls))

    @classmethod
    async def aload(cls, name: str, validate: bool = True, client: PrefectClient | None = None) -> Self:
        """Load the block with the secrets that Prefect's form has masked; raises ValueError if it does not exist."""
        block = await super().aload(name, validate=validate, client=client)
        await saved_channels.restore_channels(block, name)
        return block

    async def asave(
        self, name: str | None = None, overwrite: bool = False, client: PrefectClient | None = None
    ) -> UUID:
        """Save the block, and the webhook and mail server that are not saved yet as ``NAME-alerts``."""
        document = name or self._block_document_name
        if document is not None:
            await saved_channels.save_channels(self, document, overwrite=overwrite)
        return await super().asave(name, overwrite=overwrite, client=client)

    @property
    def pagers(self) -> tuple[SecretStr, ...]:
        """The Apprise URLs, one each."""
        urls = _BETWEEN_URLS.split(self.pager_urls.get_secret_value().strip(" \t\r\n,"))
        return tuple(SecretStr(url) for url in urls if url)

    @classmethod
    def from_settings(cls, settings: Settings) -> Alerts:
        """Build the block from the channels that the environment switches on."""
        slack = email = None
        if settings.pipeline_slack_notifications and settings.pipeline_slack_webhook_url is not None:
            slack = SlackWebhook(url=settings.pipeline_slack_webhook_url)
        # Incomplete only with invalid settings; the other channels then send the alert about them.
        if (
            settings.pipeline_email_alerts
            and settings.pipeline_smtp_host
            and settings.pipeline_email_recipients
        ):
            email = EmailServerCredentials(
                username=settings.pipeline_smtp_user or None,
                password=settings.pipeline_smtp_password or SecretStr(""),
                smtp_server=settings.pipeline_smtp_host,
                smtp_type=settings.pipeline_smtp_security,
                smtp_port=settings.pipeline_smtp_port,
            )
        return cls(
            slack=slack,
            slack_minimum=settings.pipeline_slack_minimum,
            email=email,
            email_recipients=list(settings.pipeline_email_recipients) if email else [],
            email_sender=settings.pipeline_email_sender,
            email_minimum=settings.pipeline_email_minimum,
            pager_urls=cls._from_list(settings.pipeline_pager_urls),
            pager_minimum=settings.pipeline_pager_minimum,
            quiet_minutes=settings.pipeline_alert_quiet_minutes,
        )

    def as_settings(self) -> dict[str, Any]:
        """The block's values by name of the setting in ``Settings``; None where the block sets nothing."""
        server = self.email
        return {
            "pipeline_slack_notifications": self.slack is not None,
            "pipeline_slack_webhook_url": self.slack.url if self.slack else None,
            "pipeline_slack_minimum": self.slack_minimum,
            "pipeline_email_alerts": server is not None,
            "pipeline_email_recipients": tuple(self.email_recipients),
            "pipeline_email_sender": self.email_sender,
            "pipeline_email_minimum": self.email_minimum,
            "pipeline_smtp_host": getattr(server.smtp_server, "value", server.smtp_server)
            if server
            else None,
            "pipeline_smtp_port": server.smtp_port if server else None,
            "pipeline_smtp_security": getattr(server.smtp_type, "name", server.smtp_type) if server else None,
            "pipeline_smtp_user": server.username if server else None,
            "pipeline_smtp_password": server.password if server else None,
            "pipeline_pager_urls": self.pagers,
            "pipeline_pager_minimum": self.pager_minimum,
            "pipeline_alert_quiet_minutes": self.quiet_minutes,
        }

    def policy(self) -> NotificationPolicy:
        """Build the channels and the quiet time, as plain objects.

        Raises:
            SettingsError: A mail server is set, but no recipients; or a form has lost the secret of a channel.
        """
        saved_channels.check_masked(self)
        channels: list[Channel] = []
        if self.slack is not None:
            # Prefect's client; a new one for each message.
            channels.append(SlackChannel(partial(self.slack.get_client, False), self.slack_minimum))
        if self.email is not None:
            channels.append(self._mail(self.email))
        channels += [
            PagerChannel(url, self.pager_minimum, number) for number, url in enumerate(self.pagers, 1)
        ]
        return NotificationPolicy(tuple(channels), self.quiet_minutes * 60)

    def _mail(self, server: EmailServerCredentials) -> EmailChannel:
        if not self.email_recipients:
            raise SettingsError(
                "The Alerts block has a mail server but no recipients.",
                "Add e-mail recipients to the block.",
                setting="email_recipients",
            )
        user = server.username or ""
        sender = self.email_sender or (user if "@" in user else self.email_recipients[0])

        def connect() -> SMTP:
            connected: SMTP = server.get_server()
            return connected

        return EmailChannel(connect, sender, tuple(self.email_recipients), self.email_minimum)
