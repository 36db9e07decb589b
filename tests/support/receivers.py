"""Real HTTP and mail servers on loopback that receive what the channels send."""

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
    """Messages sent to a webhook. Requests are answered with ``codes`` in order; the last code repeats.

    A redirect leads to ``/elsewhere`` of the same server; ``reads`` are the paths of the GETs, answered with
    ``read_code``.
    """

    port: int = 0
    codes: list[int] = field(default_factory=lambda: [200])
    body: str = "ok"
    seconds: float = 0.0
    accepted: list[dict[str, Any]] = field(default_factory=list)
    paths: list[str] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    reads: list[str] = field(default_factory=list)
    read_code: int = 200

    def url(self, path: str = "/services/T0/B0/secret", scheme: str = "http") -> str:
        return f"{scheme}://127.0.0.1:{self.port}{path}"

    @property
    def headlines(self) -> list[str]:
        """The headers of the Slack messages, or the titles of the pager's events, in order."""
        return [
            message["blocks"][0]["text"]["text"]
            if "blocks" in message
            else message.get("title", message.get("text"))
            for message in self.accepted
        ]

    def wait_for(self, number: int, seconds: float = 30.0) -> None:
        """Wait until that many messages have arrived."""
        end = time.monotonic() + seconds
        while len(self.accepted) < number:
            assert time.monotonic() < end, f"{len(self.accepted)} of {number} messages: {self.headlines}"
            time.sleep(0.1)


@contextmanager
def http_receiver(**options: Any) -> Iterator[HttpReceiver]:
    """A local HTTP server that records the JSON bodies of its requests."""
    receiver = HttpReceiver(**options)

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            receiver.paths.append(self.path)
            receiver.headers.append(dict(self.headers))
            time.sleep(receiver.seconds)
            code = receiver.codes[0] if len(receiver.codes) == 1 else receiver.codes.pop(0)
            if code < 300:
                receiver.accepted.append(json.loads(body))
            try:
                self.send_response(code)
                if 300 <= code < 400:
                    self.send_header("Location", "/elsewhere")
                self.end_headers()
                self.wfile.write(receiver.body.encode())
            except OSError:  # the client has disconnected
                return

        def do_GET(self) -> None:
            receiver.reads.append(self.path)
            self.send_response(receiver.read_code)
            self.end_headers()

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
    """E-mails that a mail server accepted. ``answers`` are its replies to RCPT, in order."""

    port: int = 0
    answers: list[str] = field(default_factory=list)
    accepted: list[EmailMessage] = field(default_factory=list)
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
        self.accepted.append(message_from_bytes(content, policy=policy.default))  # type: ignore[arg-type]
        self.recipients.append(list(envelope.rcpt_tos))
        return "250 OK"


@contextmanager
def mail_receiver(user: str = "", password: str = "", **options: Any) -> Iterator[MailReceiver]:
    """A mail server on loopback; it requires a log-in if a user is given."""
    receiver = MailReceiver(**options)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        receiver.port = probe.getsockname()[1]

    def check(server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: Any) -> AuthResult:
        assert isinstance(data, LoginPassword)
        matches = data.login == user.encode() and data.password == password.encode()
        return AuthResult(success=matches, handled=False)

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
