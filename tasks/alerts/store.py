"""Open alerts: which ones there are, and when to notify again. Plain logic; an ``AlertStore`` keeps them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any, Protocol

from tasks.alerts.alert import Alert
from tasks.alerts.kinds import KINDS, Kind, Severity

_MAX_TITLE = 200


@dataclass(frozen=True)
class OpenAlert:
    """An alert that was sent and is not resolved yet.

    ``since`` is when the cause began, ``at`` when people were last notified; ``key`` is the id of the entry in the
    store, empty for an alert that was not read from it.
    """

    subject: str
    cause: str
    kind: Kind
    severity: Severity
    title: str
    since: datetime
    at: datetime
    key: str = ""

    def to_json(self) -> dict[str, Any]:
        """All fields but ``key`` as JSON values; times in ISO 8601."""
        values = asdict(self) | {"since": self.since.isoformat(), "at": self.at.isoformat()}
        del values["key"]
        return values

    @classmethod
    def from_json(cls, values: Mapping[str, Any], key: str) -> OpenAlert:
        """Rebuild an open alert from the values of ``to_json`` and the id of its entry.

        Raises:
            ValueError: The values are not those of an open alert.
        """
        try:
            if values["kind"] not in KINDS:
                raise ValueError(f"unknown kind of alert: {values['kind']!r}")
            times = {name: datetime.fromisoformat(values[name]) for name in ("since", "at")}
            texts = {name: str(values[name]) for name in ("subject", "cause", "kind", "severity", "title")}
            return cls(**texts, **times, key=key)  # type: ignore[arg-type]  # checked above
        except (KeyError, TypeError) as error:
            raise ValueError("not an open alert") from error


class AlertStore(Protocol):
    """Keeps open alerts. Every method raises AlertStoreUnreachable if the store does not answer."""

    async def open_alerts(self, subject: str) -> tuple[OpenAlert, ...]:
        """Open alerts of a subject."""

    async def put_if_absent(self, alert: OpenAlert, replaces: OpenAlert | None) -> bool:
        """Store ``alert`` in place of the one read before; False if another process was faster."""

    async def close(self, alert: OpenAlert) -> bool:
        """Delete an open alert; False if it was already gone."""


def is_due(previous: OpenAlert | None, now: datetime, quiet_seconds: float) -> bool:
    """Whether to notify: the cause is new, or its last notification is at least the quiet time away.

    A last notification that far in the future counts as well: it was stamped by a wrong clock.
    """
    return previous is None or abs(now - previous.at) >= timedelta(seconds=quiet_seconds)


def opened(alert: Alert, previous: OpenAlert | None, now: datetime) -> OpenAlert:
    """The open alert to store for a notification sent ``now``; ``since`` is kept from the previous one."""
    return OpenAlert(
        subject=alert.source.subject,
        cause=alert.cause,
        kind=alert.kind,
        severity=alert.severity,
        title=alert.title[:_MAX_TITLE],
        since=previous.since if previous else alert.since,
        at=now,
    )
