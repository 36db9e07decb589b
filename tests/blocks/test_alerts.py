"""The Alerts block: its form is documented, and the environment builds the same block."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from prefect.blocks.core import Block
from prefect.testing.standard_test_suites import BlockStandardTestSuite
from pydantic import SecretStr

from blocks import Alerts, lookup
from blocks.settings_sources import resolve, resolve_leniently
from tasks.errors import SettingsError

SECRET = "marked-secret-4471"


class TestAlerts(BlockStandardTestSuite):
    @pytest.fixture
    def block(self) -> type[Block]:
        return Alerts

    def test_has_a_valid_image(self, block: type[Block]) -> None:
        assert block._logo_url is not None  # the suite's own test downloads it


@pytest.fixture
def settings(monkeypatch: pytest.MonkeyPatch) -> Iterator[pytest.MonkeyPatch]:
    for name, value in {
        "PIPELINE_SLACK_NOTIFICATIONS": "true",
        "PIPELINE_SLACK_WEBHOOK_URL": f"https://hooks.slack.com/services/{SECRET}",
        "PIPELINE_EMAIL_ALERTS": "true",
        "PIPELINE_EMAIL_RECIPIENTS": "night@example.org, day@example.org",
        "PIPELINE_EMAIL_MINIMUM": "warning",
        "PIPELINE_SMTP_HOST": "mail.example.org",
        "PIPELINE_SMTP_USER": "robot@example.org",
        "PIPELINE_SMTP_PASSWORD": SECRET,
        "PIPELINE_PAGER_URLS": f"pagerduty://{SECRET}@a, json://{SECRET}.example.org",
        "PIPELINE_ALERT_QUIET_MINUTES": "5",
    }.items():
        monkeypatch.setenv(name, value)
    return monkeypatch


async def test_channels_of_the_environment(settings: pytest.MonkeyPatch) -> None:
    policy = await lookup.notification_policy("", resolve())
    assert [(channel.name, channel.minimum) for channel in policy.channels] == [
        ("slack", "warning"),
        ("email", "warning"),
        ("pager 1 (pagerduty)", "critical"),
        ("pager 2 (json)", "critical"),
    ]
    assert policy.quiet_seconds == 300
    assert "sender='robot@example.org'" in repr(policy)
    assert SECRET not in repr(policy)


async def test_switched_off_channels(settings: pytest.MonkeyPatch) -> None:
    settings.setenv("PIPELINE_SLACK_NOTIFICATIONS", "false")
    settings.setenv("PIPELINE_EMAIL_ALERTS", "false")
    settings.setenv("PIPELINE_PAGER_URLS", "")
    policy = await lookup.notification_policy("", resolve())
    assert policy.channels == ()


async def test_invalid_settings_do_not_disable_the_channels(settings: pytest.MonkeyPatch) -> None:
    settings.setenv("PIPELINE_QUALITY_THRESHOLD", "high")
    settings.setenv("RETAIL_WAREHUOSE", "a typing error")
    settings.setenv("PIPELINE_EMAIL_RECIPIENTS", "")
    with pytest.raises(SettingsError):
        resolve()
    resolved = resolve_leniently()
    policy = await lookup.notification_policy("", resolved)
    assert [channel.name for channel in policy.channels] == ["slack", "pager 1 (pagerduty)", "pager 2 (json)"]
    assert policy.quiet_seconds == 300
    assert resolved.settings.pipeline_quality_threshold == 85


def test_secret_is_masked(settings: pytest.MonkeyPatch) -> None:
    block = Alerts.from_settings(resolve().settings)
    assert SECRET not in repr(block)
    assert SECRET not in str(block.model_dump())
    assert SECRET not in block.model_dump_json()


def test_mail_server_without_recipients() -> None:
    from prefect_email import EmailServerCredentials

    block = Alerts(email=EmailServerCredentials(smtp_server="mail.example.org"), pager_urls=[SecretStr("x")])
    with pytest.raises(SettingsError, match="no recipients"):
        block.policy()
