"""Receivers of all alert channels for runs of a test."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.support.alert_samples import SECRET
from tests.support.receivers import HttpReceiver, MailReceiver, http_receiver, mail_receiver

LINE = "536365,85123A,CANDLE,6,2010-12-01 08:26:00,2.55,17850,United Kingdom"
HEAD = "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country"


@dataclass
class Receivers:
    """The receivers of alerts in a test, and the folder of deliveries."""

    slack: HttpReceiver
    pager: HttpReceiver
    mail: MailReceiver
    workspace: Path
    folder: Path

    def deliver(self, name: str, *lines: str) -> str:
        path = self.folder / name
        path.write_text("\n".join([HEAD, *lines]) + "\n")
        return str(path)

    def reports(self) -> list[dict[str, Any]]:
        files = sorted((self.workspace / "reports").glob("*.json"), key=lambda path: path.stat().st_mtime)
        return [json.loads(path.read_text()) for path in files]

    def environment(self) -> dict[str, str]:
        """The settings of the channels."""
        return {
            "PIPELINE_SLACK_NOTIFICATIONS": "true",
            "PIPELINE_SLACK_WEBHOOK_URL": self.slack.url(f"/services/{SECRET}"),
            "PIPELINE_EMAIL_ALERTS": "true",
            "PIPELINE_EMAIL_RECIPIENTS": "night@example.org",
            "PIPELINE_SMTP_HOST": "127.0.0.1",
            "PIPELINE_SMTP_PORT": str(self.mail.port),
            "PIPELINE_SMTP_SECURITY": "INSECURE",
            "PIPELINE_PAGER_URLS": self.pager.url(f"/{SECRET}", scheme="json"),
        }


@contextmanager
def alert_receivers(folder: Path) -> Iterator[Receivers]:
    """Receivers of all channels; the data folder is ``data`` in ``folder``."""
    with ExitStack() as stack:
        web, events = stack.enter_context(http_receiver()), stack.enter_context(http_receiver())
        post = stack.enter_context(mail_receiver())
        yield Receivers(web, events, post, folder / "data" / "workspace", folder)
