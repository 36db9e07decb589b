"""The channels of alerts: which there are, whether their hosts answer, and a test alert through each that is asked for."""

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
class Told:
    """Where alerts arrive."""

    slack: HttpReceiver
    pager: HttpReceiver
    mail: MailReceiver


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Told]:
    """Slack, a mail server and a pager on loopback, set up by the environment."""
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
        yield Told(slack, pager, mail)


async def look(*, send_test: bool = False) -> list[Finding]:
    subjects = await gather_inputs()
    assert isinstance(subjects.channels, tuple)
    return await examine_channels(subjects.channels, subjects.hosts, send_test=send_test)


async def test_they_are_told_and_nothing_is_sent(told: Told) -> None:
    slack, mail, pager = await look()
    assert [one.status for one in (slack, mail, pager)] == [Status.OK] * 3
    assert "slack, from severity warning on: 127.0.0.1 answers" in slack.what
    assert "email, from severity error on: 127.0.0.1 answers" in mail.what
    assert "pager 1 (json), from severity critical on: set up, not tried" in pager.what
    assert "secret" not in f"{slack}{mail}{pager}"
    assert (told.slack.taken, told.pager.taken, told.mail.taken) == ([], [], [])


async def test_a_test_alert_through_each(told: Told) -> None:
    found = await look(send_test=True)
    assert [one.status for one in found] == [Status.OK] * 3
    assert all("a test alert was sent" in one.what for one in found)
    assert ["This is a test" in one for one in (*told.slack.headlines, *told.pager.headlines)] == [True, True]
    (mail,) = told.mail.taken
    assert "This is a test" in mail["subject"]


async def test_one_that_cannot_be_reached_stops_no_run(told: Told, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIPELINE_SLACK_WEBHOOK_URL", f"http://127.0.0.1:{free_port()}/services/secret")
    told.pager.codes = [500]
    for send_test in (False, True):
        found = await look(send_test=send_test)
        assert found[0].status is Status.WARNING
        assert found[1].status is Status.OK
        assert "reached" in found[0].what
        assert "secret" not in str(found)
    assert found[2].status is Status.WARNING


async def test_without_channels_it_is_said(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://ann@db.example.com:6543/sales")
    monkeypatch.setenv("RETAIL_DATA_DIR", str(tmp_path))
    (found,) = await look()
    assert found.status is Status.OK
    assert "nobody is told" in found.what
    # A channel that is half set up is a wrong setting, and no channel.
    monkeypatch.setenv("PIPELINE_SLACK_NOTIFICATIONS", "true")
    subjects = await gather_inputs()
    assert [one.what for one in subjects.findings if one.check == "settings"] == [
        "PIPELINE_SLACK_NOTIFICATIONS is on without PIPELINE_SLACK_WEBHOOK_URL: set the channel's webhook."
    ]
    assert subjects.channels == ()
