"""State change hooks of the flows: they notify people when a run ends.

An alert never fails or changes the data work: every error here becomes a line in the run's log. A dry run sends no
alerts. Without channels nothing is read and no request goes to Prefect.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from prefect.logging.loggers import flow_run_logger
from prefect.utilities.callables import get_parameter_defaults

from blocks import lookup, settings_sources
from flows import alert_causes
from flows.alert_causes import Cause
from flows.alert_context import describe_crash, link_to, locate, record_alerts, text_parameter
from tasks.alerts.alert import Alert, AlertSource, build_alert
from tasks.alerts.delivery import DEFAULT_LIMITS, RetryLimits
from tasks.alerts.history import RunFigures, read_figures, report_path
from tasks.alerts.kinds import Kind
from tasks.alerts.notify import AlertRecord, notify, resolve
from tasks.alerts.policy import NotificationPolicy
from tasks.alerts.prefect_store import VariableAlertStore
from tasks.errors import RetailError
from tasks.outside_text import first_names

if TYPE_CHECKING:
    from prefect import Flow
    from prefect.client.schemas.objects import FlowRun, State

_SECONDS = 90.0
_NAMED = 5
# A worker kills a cancelled run after 30 s.
_CANCELLATION_SECONDS, _CANCELLATION_LIMITS = 20.0, RetryLimits(seconds=12.0, tries=3)


@dataclass(frozen=True)
class _EndedRun:
    """A run that has ended, with what its alerts need."""

    state: State[Any]
    result: Any
    source: AlertSource
    sources: tuple[str, ...]
    address_from: str
    link: str
    policy: NotificationPolicy
    figures: RunFigures
    settings: settings_sources.Settings
    limits: RetryLimits
    limit_seconds: float

    async def notify(self, alert: Alert) -> AlertRecord:
        return await notify(alert, self.policy, VariableAlertStore(), self.limits)


async def notify_failure(flow: Flow[..., Any], flow_run: FlowRun, state: State[Any]) -> None:
    """Notify of a failure, a time-out, rejected deliveries or failed checks, and of a high quarantine share."""
    await _hook(flow, flow_run, state, _failure)


async def notify_completion(flow: Flow[..., Any], flow_run: FlowRun, state: State[Any]) -> None:
    """Resolve open alerts, and notify of a high quarantine share."""
    await _hook(flow, flow_run, state, _completion)


async def notify_crash(flow: Flow[..., Any], flow_run: FlowRun, state: State[Any]) -> None:
    """Notify of a crash. Runs in the worker if the run's process is gone."""
    await _hook(flow, flow_run, state, _crash)


async def notify_cancellation(flow: Flow[..., Any], flow_run: FlowRun, state: State[Any]) -> None:
    """Notify of a cancellation."""
    await _hook(flow, flow_run, state, _cancellation, _CANCELLATION_SECONDS, _CANCELLATION_LIMITS)


async def _hook(
    flow: Flow[..., Any],
    flow_run: FlowRun,
    state: State[Any],
    work: Callable[[_EndedRun], Awaitable[list[AlertRecord]]],
    seconds: float | None = None,
    limits: RetryLimits | None = None,
) -> None:
    if _is_dry_run(flow, flow_run):
        return
    seconds = seconds or _SECONDS
    try:
        async with asyncio.timeout(seconds):
            resolved = settings_sources.resolve_leniently()
            policy = await lookup.notification_policy(text_parameter(flow_run.parameters, "alerts"), resolved)
            if not policy.channels:
                return
            path = report_path(resolved.settings.workspace, str(flow_run.id))
            figures = await asyncio.to_thread(read_figures, path)
            warehouse = await alert_causes.warehouse_of(flow_run, flow.name, figures, resolved)
            source = await locate(flow_run, flow.name, warehouse)
            link = link_to(flow_run)
            ended = _EndedRun(
                state,
                await _result_of(state),
                source,
                alert_causes.sources_of(flow_run),
                alert_causes.address_from(flow_run, resolved),
                link,
                policy,
                figures,
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
    """Whether the run changes nothing. A deployment's run holds only the parameters that were given to it.

    A proof is none, although it confirms nothing: people wait for its result.
    """
    parameters = get_parameter_defaults(flow.fn) | flow_run.parameters
    if parameters.get("prove"):
        return False
    return any(parameters.get(name, True) in (False, "") for name in ("load", "confirm"))


def _warn(flow_run: FlowRun, why: str) -> None:
    flow_run_logger(flow_run).warning("No alert was sent about the end of this run: %s", why)


async def _failure(ended: _EndedRun) -> list[AlertRecord]:
    error = ended.result if isinstance(ended.result, BaseException) else None
    if ended.state.name == "TimedOut":
        what = f"It exceeded its time limit of {ended.limit_seconds / 60:g} minutes."
        alert = _alert(ended, "timed_out", what, alert_causes.cause_of_run(ended.sources))
    elif isinstance(error, RetailError):
        kind = alert_causes.kind_of_error(error, ended.source.flow)
        cause = alert_causes.cause_of_error(error, ended.figures, ended.address_from)
        alert = _alert(ended, kind, error.message, cause, getattr(error, "warehouse", ""))
    else:
        name = type(error).__name__ if error is not None else "unknown"
        what = f"An unexpected error ({name}); the run's log has the details."
        kind = alert_causes.kind_of_error(error, ended.source.flow)
        alert = _alert(ended, kind, what, alert_causes.cause_of_unexpected(error, ended.sources))
    resolved = await _resolve(ended, completed=False)
    record, quarantine, vanished, degraded = await asyncio.gather(
        ended.notify(alert),
        _quarantine(ended),
        _vanished(ended),
        _degraded(ended, "Parts of the warehouse are missing"),
    )
    return [*resolved, record, *quarantine, *vanished, *degraded]


async def _resolve(ended: _EndedRun, *, completed: bool) -> list[AlertRecord]:
    effect = alert_causes.effect_of(
        ended.source,
        ended.sources,
        ended.address_from,
        ended.figures,
        ended.result,
        ended.settings.pipeline_quarantine_share,
        completed=completed,
    )
    store = VariableAlertStore()
    return [
        *await resolve(
            ended.source, effect.after, ended.policy, store, effect.describe, ended.link, ended.limits
        )
    ]


async def _completion(ended: _EndedRun) -> list[AlertRecord]:
    resolved = await _resolve(ended, completed=True)
    return [*resolved, *await _quarantine(ended), *await _vanished(ended), *await _degraded(ended)]


async def _degraded(ended: _EndedRun, title: str = "") -> list[AlertRecord]:
    reasons = alert_causes.degraded_reasons(ended.figures, ended.result)
    if not reasons:
        return []
    what = f"{'; '.join(reasons)}."
    cause = alert_causes.cause_of_degraded(reasons, ended.result, title)
    alert = _alert(ended, "degraded", what, cause)
    return [await ended.notify(alert)]


async def _crash(ended: _EndedRun) -> list[AlertRecord]:
    cause = alert_causes.cause_of_run(ended.sources)
    return [await ended.notify(_alert(ended, "crashed", describe_crash(ended.state), cause))]


async def _cancellation(ended: _EndedRun) -> list[AlertRecord]:
    what = "It was cancelled by a person, or by a worker that was stopped."
    return [await ended.notify(_alert(ended, "cancelled", what, alert_causes.cause_of_run(ended.sources)))]


async def _quarantine(ended: _EndedRun) -> list[AlertRecord]:
    share, limit = ended.figures.quarantine_share, ended.settings.pipeline_quarantine_share
    if share is None or share <= limit:
        return []
    figures = ended.figures
    what = f"{figures.rows_quarantined:,} of {figures.lines:,} lines ({share:.1f} %) are quarantined; the limit is "
    what += f"{limit:g} %. Most violated rules: {figures.worst_rules}."
    what += alert_causes.samples_of_quarantine(figures, limit)
    cause = alert_causes.cause_of_quarantine(figures, limit)
    return [await ended.notify(_alert(ended, "quarantine", what, cause))]


async def _vanished(ended: _EndedRun) -> list[AlertRecord]:
    names = ended.figures.newly_vanished
    if not names:
        return []
    what = f"Loaded earlier, and not in its folder any more: {first_names(names, _NAMED)}. What was loaded stays."
    return [
        await ended.notify(_alert(ended, "vanished", what, alert_causes.cause_of_vanished(ended.figures)))
    ]


def _alert(ended: _EndedRun, kind: Kind, what: str, cause: Cause | None = None, warehouse: str = "") -> Alert:
    source = ended.source
    if warehouse and not source.warehouse:
        source = AlertSource(source.flow, source.deployment, source.feed, warehouse)
    return build_alert(kind, source, what, ended.state.timestamp, link=ended.link, **(cause or {}))


async def _result_of(state: State[Any]) -> Any:
    """What the run returned or raised, if this process still holds it."""
    try:
        return await state.aresult(raise_on_failure=False)
    except Exception:  # noqa: BLE001 - without it the alert is only less precise
        return None
