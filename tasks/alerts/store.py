"""Which alerts stand, and whether one is due again. Pure logic; where it is kept is behind ``Memory``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any, Protocol

from tasks.alerts.alert import Alert
from tasks.alerts.kinds import KINDS, Kind, Severity

_TITLE = 200


@dataclass(frozen=True)
class OpenAlert:
    """An alert that people were told of and that has not recovered. ``key`` names the entry that holds it."""

    subject: str
    cause: str
    kind: Kind
    severity: Severity
    title: str
    since: datetime
    at: datetime
    key: str = ""

    def to_json(self) -> dict[str, Any]:
        """Its JSON values; ``key`` is the memory's own."""
        values = asdict(self) | {"since": self.since.isoformat(), "at": self.at.isoformat()}
        del values["key"]
        return values

    @classmethod
    def from_json(cls, values: Mapping[str, Any], key: str) -> OpenAlert:
        """Build it from its JSON values. Raises ValueError for values that are none."""
        try:
            if values["kind"] not in KINDS:
                raise ValueError(f"no kind of alert: {values['kind']!r}")
            times = {name: datetime.fromisoformat(values[name]) for name in ("since", "at")}
            texts = {name: str(values[name]) for name in ("subject", "cause", "kind", "severity", "title")}
            return cls(**texts, **times, key=key)  # type: ignore[arg-type]  # checked above
        except (KeyError, TypeError) as error:
            raise ValueError("no alert that was told") from error


class AlertStore(Protocol):
    """Where it is kept who was told of what. Every method raises AlertMemoryUnreachable."""

    async def open_alerts(self, subject: str) -> tuple[OpenAlert, ...]:
        """The alerts of this subject that have not recovered."""

    async def put_if_absent(self, told: OpenAlert, instead_of: OpenAlert | None) -> bool:
        """Keep ``told`` in place of what was read before; False if another process was faster."""

    async def close(self, told: OpenAlert) -> bool:
        """Delete it; False if it was gone already."""


def is_due(before: OpenAlert | None, now: datetime, quiet_seconds: float) -> bool:
    """True if nobody was told of the cause within the quiet time (nor, by a clock that was wrong, long after now)."""
    return before is None or abs(now - before.at) >= timedelta(seconds=quiet_seconds)


def opened(alert: Alert, before: OpenAlert | None, now: datetime) -> OpenAlert:
    """What is to be kept once people are told; it stands since it was first told."""
    return OpenAlert(
        subject=alert.source.subject,
        cause=alert.cause,
        kind=alert.kind,
        severity=alert.severity,
        title=alert.title[:_TITLE],
        since=before.since if before else alert.since,
        at=now,
    )
