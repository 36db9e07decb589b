"""Open alerts: which ones there are, and when to notify again. Plain logic; an ``AlertStore`` keeps them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Protocol

from tasks.alerts.alert import Alert
from tasks.alerts.keys import key as key_of
from tasks.alerts.keys import parts
from tasks.alerts.kinds import KINDS, Kind, Severity

_MAX_TITLE = 200
# Between the cause of an alert and the key of its deliveries.
_PART = "#"
_ALWAYS = ("subject", "cause", "kind", "severity", "title", "since", "at")


@dataclass(frozen=True)
class OpenAlert:
    """An alert that was sent and is not resolved yet.

    ``since`` is when the cause began, ``at`` when people were last notified; ``key`` is the id of the entry in the
    store, empty for an alert that was not read from it. ``deliveries`` and ``sources`` are as in ``Alert``, without the
    deliveries that are resolved already; ``warehouse`` is the key of its address, empty if it is not known. Alerts of
    earlier releases lack these three.
    """

    subject: str
    cause: str
    kind: Kind
    severity: Severity
    title: str
    since: datetime
    at: datetime
    key: str = ""
    deliveries: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()
    warehouse: str = ""

    @property
    def cause_of_all(self) -> str:
        """The cause without the key of the deliveries."""
        return self.cause.split(_PART)[0]

    def to_json(self) -> dict[str, Any]:
        """All fields but ``key`` as JSON values; times in ISO 8601."""
        values = asdict(self) | {"since": self.since.isoformat(), "at": self.at.isoformat()}
        del values["key"]
        for name in ("deliveries", "sources"):
            values[name] = " ".join(values[name])
        return {name: value for name, value in values.items() if value or name in _ALWAYS}

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
            keys = {name: tuple(str(values.get(name, "")).split()) for name in ("deliveries", "sources")}
            warehouse = str(values.get("warehouse", ""))
            return cls(**texts, **times, **keys, key=key, warehouse=warehouse)  # type: ignore[arg-type]  # checked above
        except (KeyError, TypeError) as error:
            raise ValueError("not an open alert") from error


class AlertStore(Protocol):
    """Keeps open alerts. Every method raises AlertStoreUnreachable if the store does not answer."""

    async def open_alerts(self, subject: str) -> tuple[OpenAlert, ...]:
        """Open alerts of a subject; of all subjects if it is empty."""

    async def put_if_absent(self, alert: OpenAlert, replaces: OpenAlert | None) -> bool:
        """Store ``alert`` in place of the one read before; False if another process was faster."""

    async def close(self, alert: OpenAlert) -> bool:
        """Delete an open alert; False if it was already gone."""


def is_due(previous: OpenAlert | None, now: datetime, quiet_seconds: float) -> bool:
    """Whether to notify: the cause is new, or its last notification is at least the quiet time away.

    A last notification that far in the future counts as well: it was stamped by a wrong clock.
    """
    return previous is None or abs(now - previous.at) >= timedelta(seconds=quiet_seconds)


@dataclass(frozen=True)
class Opening:
    """What to store for a notification: each new open alert with the one it replaces, and those it makes obsolete."""

    since: datetime
    stored: tuple[tuple[OpenAlert, OpenAlert | None], ...]
    obsolete: tuple[OpenAlert, ...] = ()


def opening(
    alert: Alert, open_alerts: Sequence[OpenAlert], now: datetime, quiet_seconds: float
) -> Opening | None:
    """Decide whether to notify, and what to store then.

    Args:
        alert: Alert to send.
        open_alerts: Open alerts of its subject.
        now: Current time, with time zone.
        quiet_seconds: Quiet time.

    Returns:
        None if the cause, or each of the alert's deliveries with its reason, was sent within the quiet time.
    """
    same = [known for known in open_alerts if known.cause_of_all == alert.cause]
    if not alert.deliveries:
        previous = next((known for known in same if known.cause == alert.cause), None)
        if not is_due(previous, now, quiet_seconds):
            return None
        current = opened(alert, previous, now)
        return Opening(current.since, ((current, previous),))
    quiet = [known for known in same if not is_due(known, now, quiet_seconds)]
    if {*alert.deliveries} <= {delivery for known in quiet for delivery in known.deliveries}:
        return None
    related = [known for known in same if {*known.deliveries} & {*alert.deliveries}]
    since = min([alert.since, *(known.since for known in related)])
    stored: list[tuple[OpenAlert, OpenAlert | None]] = []
    for part in parts(alert.deliveries):
        cause = f"{alert.cause}{_PART}{key_of(' '.join(part))}"
        of_part = replace(alert, cause=cause, deliveries=part, since=since)
        stored.append(
            (opened(of_part, None, now), next((known for known in same if known.cause == cause), None))
        )
    replaced = [previous for _, previous in stored]
    obsolete = [
        known for known in related if known not in replaced and {*known.deliveries} <= {*alert.deliveries}
    ]
    return Opening(since, tuple(stored), tuple(obsolete))


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
        deliveries=alert.deliveries,
        sources=alert.sources,
        warehouse=key_of(alert.source.warehouse) if alert.source.warehouse else "",
    )
