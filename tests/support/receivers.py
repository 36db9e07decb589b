"""Real servers on loopback that take what the channels send."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session


@dataclass
class HttpReceiver:
    """What a webhook was sent. ``codes`` are answered one after the other, the last of them for ever."""

    port: int = 0
    codes: list[int] = field(default_factory=lambda: [200])
    body: str = "ok"
    seconds: float = 0.0
    taken: list[dict[str, Any]] = field(default_factory=list)

    def url(self, path: str = "/services/T0/B0/secret", scheme: str = "http") -> str:
        return f"{scheme}://127.0.0.1:{self.port}{path}"

    @property
    def headlines(self) -> list[str]:
        """The headers of the Slack messages, or the titles of the pager's events, in order."""
        return [
            one["blocks"][0]["text"]["text"] if "blocks" in one else one.get("title", one.get("text"))
            for one in self.taken
        ]

    def wait_for(self, number: int, seconds: float = 30.0) -> None:
        """Until that many messages are there."""
        end = time.monotonic() + seconds
        while len(self.taken) < number:
            assert time.monotonic() < end, f"{len(self.taken)} of {number} messages: {self.headlines}"
            time.sleep(0.1)


@contextmanager
def http_receiver(**options: Any) -> Iterator[HttpReceiver]:
    """A local HTTP server that keeps the JSON it is sent."""
    receiver = HttpReceiver(**options)

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            sent = self.rfile.read(int(self.headers["Content-Length"]))
            time.sleep(receiver.seconds)
            code = receiver.codes[0] if len(receiver.codes) == 1 else receiver.codes.pop(0)
            if code < 300:
                receiver.taken.append(json.loads(sent))
            try:
                self.send_response(code)
                self.end_headers()
                self.wfile.write(receiver.body.encode())
            except OSError:  # the caller did not wait
                return

        def log_message(self, *_: Any) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    receiver.port = server.server_address[1]
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    try:
        yield receiver
    finally:
        server.shutdown()
        server.server_close()


@dataclass
class MailReceiver:
    """The e-mails that a mail server took. ``answers`` are its replies to RCPT, one after the other."""

    port: int = 0
    answers: list[str] = field(default_factory=list)
    taken: list[EmailMessage] = field(default_factory=list)
    recipients: list[list[str]] = field(default_factory=list)

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's name
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        answer = self.answers.pop(0) if self.answers else "250 OK"
        if answer.startswith("250"):
            envelope.rcpt_tos.append(address)
        return answer

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        content = envelope.content
        assert isinstance(content, bytes)
        self.taken.append(message_from_bytes(content, policy=policy.default))  # type: ignore[arg-type]
        self.recipients.append(list(envelope.rcpt_tos))
        return "250 OK"


@contextmanager
def mail_receiver(user: str = "", password: str = "", **options: Any) -> Iterator[MailReceiver]:
    """A mail server on loopback; with a user it asks for the log-in."""
    receiver = MailReceiver(**options)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        receiver.port = probe.getsockname()[1]

    def check(server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: Any) -> AuthResult:
        assert isinstance(data, LoginPassword)
        right = data.login == user.encode() and data.password == password.encode()
        return AuthResult(success=right, handled=False)

    controller = Controller(
        receiver,
        hostname="127.0.0.1",
        port=receiver.port,
        authenticator=check if user else None,
        auth_required=bool(user),
        auth_require_tls=False,
    )
    controller.start()
    try:
        yield receiver
    finally:
        controller.stop()
