"""The main job: deliveries to star schema."""

from __future__ import annotations

from functools import partial
from typing import Any

from blocks import settings_sources
from flows import ledger_hooks, state_hooks
from flows.checked_flow import flow
from flows.direct_alert import Notice
from flows.misspelled_settings import warn_of_misspelled
from flows.pipeline import run_pipeline
from flows.request import EtlRequest
from flows.result import (
    build_report,
    complete_warehouse,
    ending,
    publish,
    raise_on_failure,
    report_if_ended,
    tell_lineage,
)
from flows.run_context import begin_run
from flows.run_end import RunEnd
from flows.run_request import RunRequest
from flows.signature import bind, parameters_from
from flows.vanished import withdraw_if_asked
from tasks import progress
from tasks.postgres.kept import keeping_connections
from tasks.report.run_report import RunReport


@flow(
    name="retail-etl",
    timeout_seconds=settings_sources.execution_seconds(),
    persist_result=False,
    on_failure=[state_hooks.notify_failure],
    on_completion=[state_hooks.notify_completion],
    on_crashed=[ledger_hooks.close_crashed, state_hooks.notify_crash],
    on_cancellation=[ledger_hooks.close_cancelled, state_hooks.notify_cancellation],
)
@parameters_from(EtlRequest)
async def retail_etl(*args: Any, **kwargs: Any) -> RunReport:
    """Load deliveries of sales lines into the star schema, exactly once.

    Returns:
        The run report; its fields are those of ``retail etl --json``.

    Raises:
        ParameterTypeError: Prefect's, for a value that does not fit its parameter's type; nothing was done.
        SettingsError: a parameter is wrong or refused; nothing was done.
        PreflightFailed: a check found what would make the run fail; nothing was read. Carries ``findings``.
        DeliveriesFailed: some deliveries could not be taken; the others are loaded. Carries ``report``.
        QualityBelowThreshold: some deliveries were refused by the gate; the others are loaded. Carries ``report``.
        RetailError: the warehouse or the workspace failed; what had committed is there.
    """
    progress.report("flow.began")
    request = RunRequest.of(bind(EtlRequest, args, kwargs))
    warn_of_misspelled(request.resolved)
    request.ensure_valid()
    async with (
        keeping_connections(),
        RunEnd(Notice("retail-etl", request.feed, request.alerts, request.load)) as end,
    ):
        context = await begin_run(request, end)
        result = await run_pipeline(context, partial(report_if_ended, context, end))
        result = await withdraw_if_asked(context, result)
        result, finished = await complete_warehouse(context, result)
        report = await tell_lineage(context, build_report(context, result, finished))
        await publish(context, result, report, end)
        raise_on_failure(report, result.error)
    return ending(report, is_dry_run=not request.load)
