"""Notify people when a run of ``retail_etl``, ``retail_withdraw`` or ``retail_doctor`` ends. A dry run notifies nobody.

An alert never fails or changes the data work: whatever goes wrong here ends as a line in the run's log.
Without channels nothing is read and Prefect is not asked.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from prefect.logging.loggers import flow_run_logger
from prefect.utilities.callables import get_parameter_defaults

from blocks import lookup, settings_sources
from flows.alert_context import describe_crash, link_to, locate, record_alerts, text_of
from tasks.alerts.alert import Alert, AlertSource, build_alert
from tasks.alerts.delivery import DEFAULT_LIMITS, RetryLimits
from tasks.alerts.history import Findings, read_findings, report_path
from tasks.alerts.notify import AlertRecord, notify, resolve
from tasks.alerts.policy import NotificationPolicy
from tasks.alerts.prefect_store import VariableAlertStore
from tasks.alerts.store import OpenAlert
from tasks.errors import ProblemsFound, QualityBelowThreshold, RetailError

if TYPE_CHECKING:
    from prefect import Flow
    from prefect.client.schemas.objects import FlowRun, State

_SECONDS = 90.0
# A worker kills a cancelled run 30 s after it asked it to end.
_CANCELLED_SECONDS, _CANCELLED_PATIENCE = 20.0, RetryLimits(seconds=12.0, tries=3)
# What a run that completes shows to be gone.
_ENDINGS = {"failed", "timed_out", "cancelled", "crashed", "never_started", "below_threshold", "health"}


@dataclass(frozen=True)
class _Ended:
    """A run that has ended, and who is to be told."""

    state: State[Any]
    source: AlertSource
    link: str
    policy: NotificationPolicy
    findings: Findings
    settings: settings_sources.Settings
    limits: RetryLimits
    limit_seconds: float

    async def notify(self, alert: Alert) -> AlertRecord:
        return await notify(alert, self.policy, VariableAlertStore(), self.limits)


async def notify_failure(flow: Flow[..., Any], flow_run: FlowRun, state: State[Any]) -> None:
    """Tell that a run failed, was too slow or was refused for its quality; and of many lines set aside."""
    await _hook(flow, flow_run, state, _failure)


async def notify_completion(flow: Flow[..., Any], flow_run: FlowRun, state: State[Any]) -> None:
    """Tell of many lines set aside, and that causes told before are gone."""
    await _hook(flow, flow_run, state, _completion)


async def notify_crash(flow: Flow[..., Any], flow_run: FlowRun, state: State[Any]) -> None:
    """Tell that a run died. It runs in the worker if the run's process is gone."""
    await _hook(flow, flow_run, state, _crash)


async def notify_cancellation(flow: Flow[..., Any], flow_run: FlowRun, state: State[Any]) -> None:
    """Tell that a run was cancelled."""
    await _hook(flow, flow_run, state, _cancellation, _CANCELLED_SECONDS, _CANCELLED_PATIENCE)


async def _hook(
    flow: Flow[..., Any],
    flow_run: FlowRun,
    state: State[Any],
    work: Callable[[_Ended], Awaitable[list[AlertRecord]]],
    seconds: float | None = None,
    limits: RetryLimits | None = None,
) -> None:
    if _is_dry_run(flow, flow_run):
        return
    seconds = seconds or _SECONDS
    try:
        async with asyncio.timeout(seconds):
            resolved = settings_sources.resolve_leniently()
            policy = await lookup.notification_policy(text_of(flow_run.parameters, "alerts"), resolved)
            if not policy.channels:
                return
            path = report_path(resolved.settings.workspace, str(flow_run.id))
            findings = await asyncio.to_thread(read_findings, path)
            source = await locate(flow_run, flow.name, findings.warehouse)
            link = link_to(flow_run)
            ended = _Ended(
                state,
                source,
                link,
                policy,
                findings,
                resolved.settings,
                limits or DEFAULT_LIMITS,
                flow.timeout_seconds or 0,
            )
            await record_alerts(flow_run, await work(ended), path)
    except RetailError as error:
        _warn(flow_run, str(error))
    except TimeoutError:
        _warn(flow_run, f"it took longer than {seconds:g} s.")
    except Exception as error:  # noqa: BLE001 - an alert never fails the data work; its text may hold a secret
        _warn(flow_run, f"unexpected {type(error).__name__}.")


def _is_dry_run(flow: Flow[..., Any], flow_run: FlowRun) -> bool:
    """Whether the run changes nothing. A deployment's run holds only the parameters that were given to it."""
    parameters = get_parameter_defaults(flow.fn) | flow_run.parameters
    return any(parameters.get(name, True) is False for name in ("load", "confirm"))


def _warn(flow_run: FlowRun, why: str) -> None:
    flow_run_logger(flow_run).warning("People were not told how this run ended: %s", why)


async def _failure(ended: _Ended) -> list[AlertRecord]:
    error = await _error_of(ended.state)
    if ended.state.name == "TimedOut":
        happened = f"It ran longer than its limit of {ended.limit_seconds / 60:g} minutes."
        alert = _alert(ended, "timed_out", happened)
    elif isinstance(error, QualityBelowThreshold):
        alert = _alert(ended, "below_threshold", error.message)
    elif isinstance(error, ProblemsFound):
        alert = _alert(ended, "health", error.message)
    elif isinstance(error, RetailError):
        alert = _alert(ended, "failed", error.message, type(error).__name__, getattr(error, "warehouse", ""))
    else:
        kind = type(error).__name__ if error is not None else "unknown"
        alert = _alert(ended, "failed", f"An unexpected error ({kind}): its text is in the run's log.", kind)
    told, quarantined = await asyncio.gather(ended.notify(alert), _quarantine(ended))
    return [told, *quarantined]


async def _completion(ended: _Ended) -> list[AlertRecord]:
    share = ended.findings.quarantine_share
    passed = share is not None and share <= ended.settings.pipeline_quarantine_share

    def gone(told: OpenAlert) -> bool:
        return told.kind in _ENDINGS or (told.kind == "quarantine" and passed)

    told = await resolve(
        ended.source,
        gone,
        ended.policy,
        VariableAlertStore(),
        "A run completed.",
        ended.link,
        ended.limits,
    )
    return [*told, *await _quarantine(ended)]


async def _crash(ended: _Ended) -> list[AlertRecord]:
    return [await ended.notify(_alert(ended, "crashed", describe_crash(ended.state)))]


async def _cancellation(ended: _Ended) -> list[AlertRecord]:
    return [
        await ended.notify(
            _alert(ended, "cancelled", "Somebody, or a worker that was stopped, cancelled it.")
        )
    ]


async def _quarantine(ended: _Ended) -> list[AlertRecord]:
    share, limit = ended.findings.quarantine_share, ended.settings.pipeline_quarantine_share
    if share is None or share <= limit:
        return []
    found = ended.findings
    happened = (
        f"{found.rows_quarantined:,} of {found.rows_in:,} lines ({share:.1f} %) were set aside; told above "
    )
    happened += f"{limit:g} %. Rules most often broken: {found.worst_rules}."
    return [await ended.notify(_alert(ended, "quarantine", happened))]


def _alert(ended: _Ended, kind: Any, happened: str, detail: str = "", warehouse: str = "") -> Alert:
    source = ended.source
    if warehouse and not source.warehouse:
        source = AlertSource(source.flow, source.deployment, source.feed, warehouse)
    return build_alert(kind, source, happened, ended.state.timestamp, detail=detail, link=ended.link)


async def _error_of(state: State[Any]) -> BaseException | None:
    """What the run raised, if this process still has it."""
    try:
        result = await state.aresult(raise_on_failure=False)
    except Exception:  # noqa: BLE001 - without it the alert is less precise, no more
        return None
    return result if isinstance(result, BaseException) else None
