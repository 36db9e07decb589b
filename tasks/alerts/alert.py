"""An alert: what happened, where, since when, and what to do next."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from tasks.alerts.keys import delivery_keys, key
from tasks.alerts.kinds import KINDS, Kind, Severity

_MAX_SOURCES = 50


@dataclass(frozen=True)
class AlertSource:
    """Where an alert comes from. ``warehouse`` is the address without the password."""

    flow: str
    deployment: str = ""
    feed: str = ""
    warehouse: str = ""

    @property
    def subject(self) -> str:
        """Key that open alerts are grouped by: flow, deployment and feed."""
        return f"{self.flow}/{self.deployment}/{self.feed}"


@dataclass(frozen=True)
class Alert:
    """One notification.

    ``cause`` is the key for throttling repeated alerts, for each of ``deliveries`` if it is about some; ``sources`` are
    those that a run must have, too, to resolve it. Both are keys (``tasks.alerts.keys``). ``runbook`` is an anchor in
    docs/runbook.md.
    """

    kind: Kind
    severity: Severity
    cause: str
    title: str
    what: str
    source: AlertSource
    since: datetime
    next_step: str
    runbook: str
    link: str = ""
    deliveries: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()


def build_alert(
    kind: Kind,
    source: AlertSource,
    what: str,
    since: datetime,
    *,
    detail: str = "",
    title: str = "",
    next_step: str = "",
    link: str = "",
    deliveries: Mapping[str, str] | None = None,
    sources: Sequence[str] = (),
) -> Alert:
    """Build an alert with the severity and texts of its kind.

    Args:
        kind: Kind of alert, a key of ``KINDS``.
        source: Flow, deployment, feed and warehouse.
        what: What happened, in one or more sentences without secrets.
        since: When it began, with time zone.
        detail: Distinguishes causes within one kind: the error's class or the check's name.
        title: Replaces the title of the kind.
        next_step: Replaces the next step of the kind.
        link: Page of the flow run in the Prefect UI.
        deliveries: Reason by name of the delivery, if the alert is about deliveries.
        sources: Sources of the run, if only another run of them can show that the cause is gone; for an error of the
            warehouse, where its address comes from.
    """
    defaults = KINDS[kind]
    return Alert(
        kind=kind,
        severity=defaults.severity,
        cause=f"{kind}:{detail}" if detail else kind,
        title=title or defaults.title,
        what=what,
        source=source,
        since=since,
        next_step=next_step or defaults.next_step,
        runbook=defaults.runbook,
        link=link,
        deliveries=delivery_keys(deliveries or {}),
        sources=tuple(sorted({key(source) for source in sources}))[:_MAX_SOURCES],
    )
