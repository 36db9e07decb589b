"""An alert: what happened, where, since when, and what to do next."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from tasks.alerts.kinds import KINDS, Kind, Severity


@dataclass(frozen=True)
class AlertSource:
    """Where it happened. ``warehouse`` is its address without a password."""

    flow: str
    deployment: str = ""
    feed: str = ""
    warehouse: str = ""

    @property
    def subject(self) -> str:
        """What causes are counted for: the flow, its deployment and the feed."""
        return f"{self.flow}/{self.deployment}/{self.feed}"


@dataclass(frozen=True)
class Alert:
    """One message to people. ``cause`` names what is told once; ``runbook`` is an anchor in docs/runbook.md."""

    kind: Kind
    severity: Severity
    cause: str
    title: str
    happened: str
    source: AlertSource
    since: datetime
    next_step: str
    runbook: str
    link: str = ""


def build_alert(
    kind: Kind,
    source: AlertSource,
    happened: str,
    since: datetime,
    *,
    detail: str = "",
    title: str = "",
    next_step: str = "",
    link: str = "",
) -> Alert:
    """The alert of a kind. ``detail`` tells causes of one kind apart (the error's name, the check's name)."""
    known = KINDS[kind]
    return Alert(
        kind=kind,
        severity=known.severity,
        cause=f"{kind}:{detail}" if detail else kind,
        title=title or known.title,
        happened=happened,
        source=source,
        since=since,
        next_step=next_step or known.next_step,
        runbook=known.runbook,
        link=link,
    )
