"""The causes of the alerts of a run, and what its end shows about the causes of open alerts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import PurePath
from typing import TYPE_CHECKING, Any, TypedDict

from blocks import lookup
from blocks.settings_sources import Resolved
from flows.alert_context import text_parameter
from tasks.alerts.alert import AlertSource
from tasks.alerts.history import RunFigures
from tasks.alerts.keys import key, reason_key
from tasks.alerts.kinds import Kind
from tasks.alerts.resolution import RunEffect, from_place
from tasks.errors import (
    BackupDamaged,
    BackupUnproven,
    DeliveryError,
    ProblemsFound,
    QualityBelowThreshold,
    RetailError,
    RunFailed,
)
from tasks.outside_text import displayable
from tasks.report.run_report import samples_text
from tasks.validate.score import FaultyLine
from tasks.warehouse.watch import WatchReport
from tasks.warehouse.withdraw import Withdrawal

if TYPE_CHECKING:
    from prefect.client.schemas.objects import FlowRun


_WITHOUT_REPORT = (
    *("retail-withdraw", "retail-watch", "retail-backup", "retail-restore", "retail-verify", "retail-prune"),
)


class Cause(TypedDict, total=False):
    """Arguments of ``build_alert`` that distinguish causes within one kind, and how they are called."""

    detail: str
    title: str
    next_step: str
    deliveries: Mapping[str, str]
    sources: Sequence[str]


def sources_of(flow_run: FlowRun) -> tuple[str, ...]:
    """What a run was asked for: sources, or a delivery to withdraw. A single empty text for those of the deployment."""
    asked = flow_run.parameters.get("sources") or flow_run.parameters.get("name") or ""
    return (asked,) if isinstance(asked, str) else tuple(str(source) for source in asked)


def cause_of_run(sources: tuple[str, ...]) -> Cause:
    """Cause of an alert about a run that ended early: only a run of the same sources shows that it is gone."""
    return {"detail": "" if sources == ("",) else key("\n".join(sorted(sources))), "sources": sources}


def address_from(flow_run: FlowRun, resolved: Resolved) -> str:
    """Where the address of a run's warehouse comes from, as it stands among the sources of an alert."""
    return from_place(
        text_parameter(flow_run.parameters, "warehouse") or lookup.warehouse_block_name(resolved)
    )


def kind_of_error(error: BaseException | None, flow: str) -> Kind:
    """Kind of the alert about an error that ended a run of this flow."""
    match error:
        case QualityBelowThreshold():
            return "below_threshold"
        case ProblemsFound():
            return "health"
        case BackupDamaged() | BackupUnproven():
            return "backup_unproven"
    return "backup_failed" if flow == "retail-backup" else "failed"


def cause_of_error(error: RetailError, figures: RunFigures, address_from: str) -> Cause:
    """Cause of an alert about an error of ours: the deliveries that failed, else class, subject and reason.

    An error of the warehouse may be fixed by another address at the same place, but not by another warehouse.
    """
    detail = type(error).__name__
    if isinstance(error, RunFailed) and figures.not_loaded:
        # Rejected deliveries have a kind of their own.
        detail = "" if isinstance(error, QualityBelowThreshold) else detail
        return {"detail": detail, "deliveries": figures.not_loaded}
    if isinstance(error, DeliveryError):
        return {"detail": detail, "deliveries": {str(error.delivery): error.reason}}
    detail = f"{detail}:{reason_key(error.reason)}"
    subject = str(error.attributes.get(error.subject) or "")
    if error.subject == "warehouse":
        return {"detail": f"{detail}:{key(subject)}", "sources": (address_from,)}
    return {"detail": f"{detail}:{key(subject)}" if subject else detail}


def cause_of_unexpected(error: BaseException | None, sources: tuple[str, ...]) -> Cause:
    """Cause of an alert about any other error: its class and place. Its text may hold a secret."""
    detail = type(error).__name__ if error is not None else "unknown"
    traceback = error.__traceback__ if error is not None else None
    while traceback is not None and traceback.tb_next is not None:
        traceback = traceback.tb_next
    if traceback is not None:
        code = traceback.tb_frame.f_code
        detail += f":{PurePath(code.co_filename).name}:{code.co_name}"
    of_run = cause_of_run(sources)
    return {"detail": ":".join(filter(None, [detail, of_run["detail"]])), "sources": sources}


def cause_of_quarantine(figures: RunFigures, limit: float) -> Cause:
    """Cause of an alert about many quarantined lines: the deliveries above the limit."""
    names = [name for name, share in figures.quarantined.items() if share > limit]
    return {"deliveries": dict.fromkeys(names, "")}


def cause_of_vanished(figures: RunFigures) -> Cause:
    """Cause of an alert about vanished deliveries: those that no earlier run has missed."""
    return {"deliveries": dict.fromkeys(figures.newly_vanished, "")}


def samples_of_quarantine(figures: RunFigures, limit: float) -> str:
    """Sentences with the first faulty lines of the delivery with the largest share of them; empty if there are none."""
    names = sorted(cause_of_quarantine(figures, limit)["deliveries"], key=figures.quarantined.__getitem__)
    samples = figures.samples.get(names[-1], ()) if names else ()
    if not samples:
        return ""
    return f" In {displayable(names[-1])}: {samples_text([FaultyLine(**sample) for sample in samples])}"


def watch_report(result: Any) -> WatchReport | None:
    """The report of a watch, which a watch with problems raises; None for another flow."""
    if isinstance(result, ProblemsFound):
        result = result.attributes.get("report")
    return result if isinstance(result, WatchReport) else None


def cause_of_degraded(reasons: Sequence[str], result: Any, title: str) -> Cause:
    """Cause of an alert about a warehouse with parts missing, or about the warnings of a watch."""
    report = watch_report(result)
    if report is None:
        return {"detail": reason_key(f"{'; '.join(reasons)}."), "title": title}
    return {
        "detail": ",".join(sorted({note.check for note in report.warnings})),
        "title": "Warehouse needs attention soon",
        "next_step": "Follow the advice of each check; retail watch shows all of them.",
    }


def degraded_reasons(figures: RunFigures, result: Any) -> tuple[str, ...]:
    """What is missing at the end of a run, or what a watch warns of; a withdrawal has no report with figures."""
    report = watch_report(result)
    if report is not None:
        return tuple(displayable(note.text.rstrip(".")) for note in report.warnings)
    return result.degraded_reasons if isinstance(result, Withdrawal) else figures.degraded_reasons


def effect_of(
    source: AlertSource,
    sources: tuple[str, ...],
    address_from: str,
    figures: RunFigures,
    result: Any,
    limit: float,
    *,
    completed: bool,
) -> RunEffect:
    """What the end of a run shows about the causes of open alerts.

    Args:
        source: Flow, deployment, feed and warehouse of the run.
        sources: See ``sources_of``.
        address_from: See the function.
        figures: Figures of its report.
        result: Result of the flow, or the exception that it raised.
        limit: Percentage above which a delivery has many quarantined lines.
        completed: The run completed.
    """
    # A run that failed with another error did not come to the warehouse's keys.
    watched = watch_report(result)
    looked = (
        isinstance(result, Withdrawal)
        or (watched is not None and watched.statistics is not None)
        or (figures.warehouse != "" and (completed or isinstance(result, RunFailed)))
    )
    return RunEffect(
        source=source,
        sources=sources,
        address_from=address_from,
        completed=completed,
        loaded=figures.loaded,
        withdrawn=frozenset([result.name]) if isinstance(result, Withdrawal) else figures.withdrawn,
        quarantined=figures.quarantined,
        not_loaded=frozenset(figures.not_loaded),
        quarantine_limit=limit,
        is_degraded=bool(degraded_reasons(figures, result)) if looked else None,
    )


async def warehouse_of(flow_run: FlowRun, flow_name: str, figures: RunFigures, resolved: Resolved) -> str:
    """Address of a run's warehouse: from its report, or for a flow without one from its block or the settings."""
    if figures.warehouse or flow_name not in _WITHOUT_REPORT:
        return figures.warehouse
    block = text_parameter(flow_run.parameters, "warehouse")
    try:
        return (await lookup.warehouse_settings(block, resolved)).display
    except RetailError:
        return ""
