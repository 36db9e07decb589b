"""E-mail gets plain text and HTML, in which nothing from files is interpreted; a mail server cannot hold a run up."""

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
    """Takes connections and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


async def test_message() -> None:
    with mail_receiver(user="robot", password=SECRET) as receiver:
        channel = mail(receiver, "robot", SECRET, recipients=("night@example.org", "Day <day@example.org>"))
        await channel.send(sample("crashed", link="http://127.0.0.1:4200/runs/flow-run/1"))
    (got,) = receiver.taken
    assert got["Subject"] == "Critical: The run died: retail-etl"
    assert got["From"] == "retail@example.org"
    assert got["Importance"] == "high"
    assert receiver.recipients == [["night@example.org", "day@example.org"]]
    plain, html = got.get_body(("plain",)), got.get_body(("html",))
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


async def test_hostile_names_are_shown_as_they_are() -> None:
    hostile = '<script>alert(1)</script>\r\nBcc: thief@example.org\r\n\r\n"><img src=x onerror=y>.csv'
    with mail_receiver() as receiver:
        await mail(receiver).send(sample(happened=hostile, title=hostile, link='http://x/"><script>'))
    (got,) = receiver.taken
    assert got["Bcc"] is None
    assert "Bcc: thief@example.org" in got["Subject"]
    assert receiver.recipients == [["night@example.org"]]
    html = got.get_body(("html",))
    assert html is not None
    assert "<script" not in html.get_content()
    assert "<img" not in html.get_content()
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in html.get_content()


@pytest.mark.parametrize("address", ["", "nobody", "a@example.org\r\nBcc: thief@example.org"])
def test_address_that_is_none(address: str) -> None:
    with pytest.raises(ValueError, match="address|linefeed|header"):
        message(sample(), "retail@example.org", (address,))


async def test_wrong_password_is_not_tried_again() -> None:
    with mail_receiver(user="robot", password="another") as receiver:
        (result,) = await deliver(sample(), [mail(receiver, "robot", SECRET)], limits=QUICK)
    assert (result.outcome, result.tries, receiver.taken) == ("not delivered", 1, [])
    assert "refused user or password" in result.reason
    assert SECRET not in result.reason


async def test_grey_listed_recipient_is_tried_again() -> None:
    with mail_receiver(answers=["451 come back later"]) as receiver:
        (result,) = await deliver(sample(), [mail(receiver)], limits=QUICK)
    assert (result.outcome, result.tries, len(receiver.taken)) == ("sent", 2, 1)


async def test_one_unknown_recipient_of_two() -> None:
    with mail_receiver(answers=["550 unknown", "250 OK"]) as receiver:
        channel = mail(receiver, recipients=("gone@example.org", "night@example.org"))
        with pytest.raises(ChannelRefused, match=r"gone@example.org \(550\); the others have it"):
            await channel.send(sample())
    assert receiver.recipients == [["night@example.org"]]


async def test_closed_server() -> None:
    with mail_receiver() as receiver:
        pass
    with pytest.raises(ChannelUnreachable, match="could not be reached"):
        await mail(receiver).send(sample())


async def test_hanging_server_is_given_up_in_time() -> None:
    with hanging_server() as port:
        began = time.monotonic()
        with pytest.raises(ChannelUnreachable, match="no answer within 0.3 s"):
            await mail(MailReceiver(port), seconds=0.3).send(sample())
        assert time.monotonic() - began < 2.0


def test_hanging_server_does_not_keep_the_interpreter() -> None:
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
        "    print('given up')\n"
    )
    with hanging_server() as port:
        done = subprocess.run(
            [sys.executable, "-c", program, str(port)], capture_output=True, text=True, timeout=30, check=True
        )
    assert done.stdout == "given up\n"
