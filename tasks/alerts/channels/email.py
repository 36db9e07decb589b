"""Alerts by e-mail, as plain text and HTML."""

from __future__ import annotations

import smtplib
import ssl
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from email.errors import MessageError
from email.message import EmailMessage
from email.policy import SMTP as SMTP_POLICY
from email.utils import formatdate, make_msgid, parseaddr
from html import escape

from tasks.alerts.alert import Alert
from tasks.alerts.channels import formatting
from tasks.alerts.channels.deadline import run_in_daemon_thread
from tasks.alerts.channels.muted_loggers import muted_loggers
from tasks.alerts.kinds import Severity
from tasks.errors import AlertNotDelivered, ChannelRefused, ChannelUnreachable

_SUBJECT, _BODY = 150, 20_000
_SECONDS = 15.0


@dataclass(frozen=True)
class EmailChannel:
    """E-mail recipients behind a mail server. ``server`` connects, starts TLS and logs in; it may hang."""

    server: Callable[[], smtplib.SMTP] = field(repr=False)
    sender: str
    recipients: tuple[str, ...]
    minimum: Severity = "error"
    name: str = "email"
    seconds: float = _SECONDS

    async def send(self, alert: Alert) -> None:
        """Send one message to all recipients, see ``Channel.send``."""
        failure: AlertNotDelivered | None = None
        try:
            with muted_loggers():
                mail = message(alert, self.sender, self.recipients)
                await run_in_daemon_thread(lambda abandoned: self._send(mail, abandoned), self.seconds)
        except AlertNotDelivered as error:
            failure = error
        except TimeoutError:
            what = f"the mail server gave no answer within {self.seconds:g} s."
            failure = ChannelUnreachable(what, channel=self.name)
        except (ValueError, MessageError):
            failure = ChannelRefused(
                "the sender or a recipient is not an e-mail address.", "Correct it.", channel=self.name
            )
        except Exception as error:  # noqa: BLE001 - the server's text may hold a secret
            failure = _failure(self.name, error)
        if failure is not None:
            raise failure

    def _send(self, mail: EmailMessage, abandoned: threading.Event) -> None:
        server = self.server()
        try:
            if abandoned.is_set():
                return
            if server.sock is not None:
                server.sock.settimeout(self.seconds)
            rejected = server.send_message(mail)
        finally:
            server.close()
        if rejected:
            addresses = ", ".join(f"{address} ({code})" for address, (code, _) in sorted(rejected.items()))
            raise ChannelRefused(
                f"the mail server rejected {addresses}; the other recipients received the alert.",
                "Correct those addresses.",
                channel=self.name,
            )


def _failure(name: str, error: Exception) -> AlertNotDelivered:
    """Describe the error in our words: the server's text may hold a secret."""
    kind, next_step = type(error).__name__, ""
    match error:
        case smtplib.SMTPAuthenticationError():
            code, what = error.smtp_code, "rejected the user or the password"
            next_step = "Correct them."
        case smtplib.SMTPRecipientsRefused():
            # 4xx is temporary, as with greylisting.
            code, what = min(code for code, _ in error.recipients.values()), "rejected every recipient"
        case smtplib.SMTPResponseException():
            code, what = error.smtp_code, f"rejected the message, {kind}"
        case ssl.SSLCertVerificationError():
            code, what = 500, "presented a certificate that does not verify"
        case smtplib.SMTPNotSupportedError():
            code, what = 500, "does not support STARTTLS or log-in"
            next_step = "Set the mail server's encryption to what it supports."
        case OSError():  # smtplib's errors are OSErrors too
            code, what = 400, f"could not be reached, {kind}"
        case _:
            code, what = 500, f"could not be sent the message, {kind}"
    # 400 and 500 are our own codes, for temporary and permanent.
    shown = f" ({code})" if code not in {400, 500} else ""
    return (ChannelRefused if code >= 500 else ChannelUnreachable)(
        f"the mail server {what}{shown}.", next_step, channel=name
    )


def message(alert: Alert, sender: str, recipients: tuple[str, ...]) -> EmailMessage:
    """Build the e-mail, in plain text and HTML.

    Raises:
        ValueError: The sender or a recipient is not an e-mail address.
    """
    if not all("@" in parseaddr(address)[1] for address in (sender, *recipients)) or not recipients:
        raise ValueError("not an e-mail address")
    mail = EmailMessage(policy=SMTP_POLICY)
    mail["Subject"] = formatting.single_line(formatting.headline(alert), _SUBJECT)
    mail["From"] = sender
    mail["To"] = ", ".join(recipients)
    mail["Date"] = formatdate(localtime=False)
    # Without a domain the library looks up this machine's host name, and discloses it.
    mail["Message-ID"] = make_msgid(domain=parseaddr(sender)[1].rpartition("@")[2] or "localhost")
    mail["Auto-Submitted"] = "auto-generated"
    if alert.severity == "critical":
        mail["Importance"] = "high"
    mail.set_content(formatting.as_text(alert, _BODY) + "\n")
    mail.add_alternative(as_html(alert), subtype="html")
    return mail


def as_html(alert: Alert) -> str:
    """The facts as an HTML table, with every text escaped."""
    rows = [*formatting.facts(alert), ("Runbook", formatting.runbook(alert))]
    cells = "".join(
        f'<tr><th align="left" valign="top">{escape(label)}</th><td style="white-space: pre-wrap">'
        f"{escape(formatting.clean(text, _BODY))}</td></tr>"
        for label, text in rows
    )
    link = (
        f'<p><a href="{escape(alert.link, quote=True)}">Open the run</a></p>'
        if formatting.is_link(alert.link)
        else ""
    )
    title = escape(formatting.single_line(formatting.headline(alert), _SUBJECT))
    return (
        f'<!doctype html><html lang="en"><body><h2>{title}</h2><table cellpadding="4">{cells}</table>'
        f"{link}</body></html>"
    )
