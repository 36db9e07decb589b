"""The doctor's checks of alert channels: whether their hosts answer, and the test alert on request."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest

from flows.doctor_inputs import gather_inputs
from tasks.doctor.channels import examine_channels
from tasks.doctor.finding import Finding, Status
from tests.support.receivers import HttpReceiver, MailReceiver, http_receiver, mail_receiver
from tests.support.servers import free_port


@dataclass(frozen=True)
class Receivers:
    """The receivers of alerts."""

    slack: HttpReceiver
    pager: HttpReceiver
    mail: MailReceiver


@pytest.fixture
def receivers(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Receivers]:
    """Slack, a mail server and a pager on loopback, configured in the environment."""
    with ExitStack() as stack:
        slack = stack.enter_context(http_receiver())
        pager = stack.enter_context(http_receiver())
        mail = stack.enter_context(mail_receiver())
        for name, value in {
            "DATABASE_URL": "postgresql://ann@db.example.com:6543/sales",
            "RETAIL_DATA_DIR": str(tmp_path),
            "PIPELINE_SLACK_NOTIFICATIONS": "true",
            "PIPELINE_SLACK_WEBHOOK_URL": slack.url(),
            "PIPELINE_EMAIL_ALERTS": "true",
            "PIPELINE_EMAIL_RECIPIENTS": "ann@example.com",
            "PIPELINE_SMTP_HOST": "127.0.0.1",
            "PIPELINE_SMTP_PORT": str(mail.port),
            "PIPELINE_SMTP_SECURITY": "INSECURE",
            "PIPELINE_PAGER_URLS": pager.url(scheme="json"),
        }.items():
            monkeypatch.setenv(name, value)
        yield Receivers(slack, pager, mail)


async def examine(*, send_test: bool = False) -> list[Finding]:
    inputs = await gather_inputs()
    assert isinstance(inputs.channels, tuple)
    return await examine_channels(inputs.channels, inputs.hosts, send_test=send_test)


async def test_channels_are_listed_and_nothing_is_sent(receivers: Receivers) -> None:
    slack, mail, pager = await examine()
    assert [finding.status for finding in (slack, mail, pager)] == [Status.OK] * 3
    assert "slack, minimum severity warning: 127.0.0.1 answers" in slack.what
    assert "email, minimum severity error: 127.0.0.1 answers" in mail.what
    assert "pager 1 (json), minimum severity critical: set up, not tested" in pager.what
    assert "secret" not in f"{slack}{mail}{pager}"
    assert (receivers.slack.accepted, receivers.pager.accepted, receivers.mail.accepted) == ([], [], [])


async def test_test_alert_through_each_channel(receivers: Receivers) -> None:
    findings = await examine(send_test=True)
    assert [finding.status for finding in findings] == [Status.OK] * 3
    assert all("a test alert was sent" in finding.what for finding in findings)
    assert [
        "This is a test" in headline for headline in (*receivers.slack.headlines, *receivers.pager.headlines)
    ] == [True, True]
    (mail,) = receivers.mail.accepted
    assert "This is a test" in mail["subject"]


async def test_unreachable_channel_is_a_warning(
    receivers: Receivers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PIPELINE_SLACK_WEBHOOK_URL", f"http://127.0.0.1:{free_port()}/services/secret")
    receivers.pager.codes = [500]
    for send_test in (False, True):
        findings = await examine(send_test=send_test)
        assert findings[0].status is Status.WARNING
        assert findings[1].status is Status.OK
        assert "reached" in findings[0].what
        assert "secret" not in str(findings)
    assert findings[2].status is Status.WARNING


async def test_no_channels(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://ann@db.example.com:6543/sales")
    monkeypatch.setenv("RETAIL_DATA_DIR", str(tmp_path))
    (finding,) = await examine()
    assert finding.status is Status.OK
    assert "nobody is notified" in finding.what
    # A channel without its address is an invalid setting, and not a channel.
    monkeypatch.setenv("PIPELINE_SLACK_NOTIFICATIONS", "true")
    inputs = await gather_inputs()
    assert [(finding.what, finding.fix) for finding in inputs.findings if finding.check == "settings"] == [
        (
            "PIPELINE_SLACK_NOTIFICATIONS is on, but PIPELINE_SLACK_WEBHOOK_URL is not set.",
            "Set it to the channel's incoming webhook.",
        )
    ]
    assert inputs.channels == ()
