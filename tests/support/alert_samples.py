"""Alerts and channels for the tests."""

from datetime import UTC, datetime

from prefect_email import EmailServerCredentials
from prefect_slack import SlackWebhook
from pydantic import SecretStr

from tasks.alerts.alert import Alert, AlertSource, build_alert
from tasks.alerts.channels.email import EmailChannel
from tasks.alerts.channels.pager import PagerChannel
from tasks.alerts.channels.slack import SlackChannel
from tasks.alerts.delivery import RetryLimits
from tasks.alerts.kinds import Kind
from tasks.alerts.policy import NotificationPolicy
from tests.support.receivers import HttpReceiver, MailReceiver

SECRET = "marked-webhook-secret-9913"
QUICK = RetryLimits(seconds=3.0, tries=3, first=0.05, longest=0.1)
SINCE = datetime(2026, 3, 1, 5, 15, tzinfo=UTC)


def sample(kind: Kind = "failed", what: str = "till.csv: no such file.", **more: str) -> Alert:
    source = AlertSource("retail-etl", "daily", more.pop("feed", "shop"), "postgresql://retail@db/retail")
    return build_alert(kind, source, what, SINCE, **more)


def slack(receiver: HttpReceiver, **options: object) -> SlackChannel:
    webhook = SlackWebhook(url=SecretStr(receiver.url(f"/services/{SECRET}")))
    return SlackChannel(webhook.get_client, **options)  # type: ignore[arg-type]


def mail(receiver: MailReceiver, user: str = "", password: str = "", **options: object) -> EmailChannel:
    credentials = EmailServerCredentials(
        username=user or None,
        password=SecretStr(password),
        smtp_server="127.0.0.1",
        smtp_type="INSECURE",
        smtp_port=receiver.port,
    )
    fields = {"sender": "retail@example.org", "recipients": ("night@example.org",), **options}
    return EmailChannel(credentials.get_server, **fields)  # type: ignore[arg-type]


def pager(receiver: HttpReceiver, **options: object) -> PagerChannel:
    url = receiver.url(f"/{SECRET}", scheme="json")
    return PagerChannel(SecretStr(url), **options)  # type: ignore[arg-type]


def policy(*channels: object, quiet_seconds: float = 3600.0) -> NotificationPolicy:
    return NotificationPolicy(channels, quiet_seconds)  # type: ignore[arg-type]
