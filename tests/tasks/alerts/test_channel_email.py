"""E-mails have plain text and HTML with file names escaped; a hanging mail server does not delay a run."""

import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tasks.alerts.channels.email import message
from tasks.alerts.delivery import deliver
from tasks.errors import ChannelRefused, ChannelUnreachable
from tests.support.alert_samples import QUICK, SECRET, mail, sample
from tests.support.receivers import MailReceiver, mail_receiver


@contextmanager
def hanging_server() -> Iterator[int]:
    """Accept connections and never answer."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


async def test_message_has_all_facts_in_both_parts() -> None:
    with mail_receiver(user="robot", password=SECRET) as receiver:
        channel = mail(receiver, "robot", SECRET, recipients=("night@example.org", "Day <day@example.org>"))
        await channel.send(sample("crashed", link="http://127.0.0.1:4200/runs/flow-run/1"))
    (mail_sent,) = receiver.accepted
    assert mail_sent["Subject"] == "Critical: Run crashed: retail-etl"
    assert mail_sent["From"] == "retail@example.org"
    assert mail_sent["Importance"] == "high"
    assert receiver.recipients == [["night@example.org", "day@example.org"]]
    plain, html = mail_sent.get_body(("plain",)), mail_sent.get_body(("html",))
    assert plain is not None
    assert html is not None
    for part in (
        "till.csv: no such file.",
        "deployment daily",
        "2026-03-01 05:15:00",
        "docs/runbook.md#crashed",
    ):
        assert part in plain.get_content()
        assert part in html.get_content()
    assert "Run: http://127.0.0.1:4200/runs/flow-run/1" in plain.get_content()
    assert '<a href="http://127.0.0.1:4200/runs/flow-run/1">' in html.get_content()


async def test_hostile_names_are_not_interpreted() -> None:
    hostile = '<script>alert(1)</script>\r\nBcc: thief@example.org\r\n\r\n"><img src=x onerror=y>.csv'
    with mail_receiver() as receiver:
        await mail(receiver).send(sample(what=hostile, title=hostile, link='http://x/"><script>'))
    (mail_sent,) = receiver.accepted
    assert mail_sent["Bcc"] is None
    assert "Bcc: thief@example.org" in mail_sent["Subject"]
    assert receiver.recipients == [["night@example.org"]]
    html = mail_sent.get_body(("html",))
    assert html is not None
    assert "<script" not in html.get_content()
    assert "<img" not in html.get_content()
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in html.get_content()


@pytest.mark.parametrize("address", ["", "nobody", "a@example.org\r\nBcc: thief@example.org"])
def test_invalid_address(address: str) -> None:
    with pytest.raises(ValueError, match="address|linefeed|header"):
        message(sample(), "retail@example.org", (address,))


async def test_wrong_password_is_not_retried() -> None:
    with mail_receiver(user="robot", password="another") as receiver:
        (result,) = await deliver(sample(), [mail(receiver, "robot", SECRET)], limits=QUICK)
    assert (result.outcome, result.tries, receiver.accepted) == ("not delivered", 1, [])
    assert "rejected the user or the password (535). Correct them." in result.reason
    assert SECRET not in result.reason


async def test_greylisted_recipient_is_retried() -> None:
    with mail_receiver(answers=["451 come back later"]) as receiver:
        (result,) = await deliver(sample(), [mail(receiver)], limits=QUICK)
    assert (result.outcome, result.tries, len(receiver.accepted)) == ("sent", 2, 1)


async def test_unknown_recipient_does_not_stop_the_others() -> None:
    with mail_receiver(answers=["550 unknown", "250 OK"]) as receiver:
        channel = mail(receiver, recipients=("gone@example.org", "night@example.org"))
        with pytest.raises(ChannelRefused, match=r"gone@example.org \(550\); the other recipients received"):
            await channel.send(sample())
    assert receiver.recipients == [["night@example.org"]]


async def test_unreachable_server() -> None:
    with mail_receiver() as receiver:
        pass
    with pytest.raises(ChannelUnreachable, match="could not be reached"):
        await mail(receiver).send(sample())


async def test_hanging_server_times_out() -> None:
    with hanging_server() as port:
        started = time.monotonic()
        with pytest.raises(ChannelUnreachable, match="no answer within 0.3 s"):
            await mail(MailReceiver(port), seconds=0.3).send(sample())
        assert time.monotonic() - started < 2.0


def test_hanging_server_does_not_block_interpreter_exit() -> None:
    program = (
        "import asyncio, smtplib, sys\n"
        "from datetime import datetime\n"
        "from tasks.alerts.alert import AlertSource, build_alert\n"
        "from tasks.alerts.channels.email import EmailChannel\n"
        "from tasks.errors import ChannelUnreachable\n"
        "alert = build_alert('failed', AlertSource('f'), 'x', datetime.now())\n"
        "channel = EmailChannel(lambda: smtplib.SMTP('127.0.0.1', int(sys.argv[1])), 'a@b', ('a@b',), seconds=0.3)\n"
        "try:\n"
        "    asyncio.run(channel.send(alert))\n"
        "except ChannelUnreachable:\n"
        "    print('timed out')\n"
    )
    with hanging_server() as port:
        done = subprocess.run(
            [sys.executable, "-c", program, str(port)], capture_output=True, text=True, timeout=30, check=True
        )
    assert done.stdout == "timed out\n"
