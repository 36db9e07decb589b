"""Deliveries that a folder or glob no longer has: found, withdrawn if that is asked for, and noted in the ledger."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from flows.run_context import RunContext
from tasks.errors import PrefectUnreachable, ReplacementRefused, RetailError, SettingsError
from tasks.ingest.discover import Discovery
from tasks.ingest.vanished import SearchedSource, search_known
from tasks.report.run_report import DeliveryReport
from tasks.warehouse.steps import withdraw_vanished_deliveries
from tasks.warehouse.vanished import VanishedMarks

if TYPE_CHECKING:
    from flows.pipeline import PipelineResult


def searched_sources(context: RunContext, discovery: Discovery) -> tuple[SearchedSource, ...]:
    """The folders and globs of a run with the known deliveries under them; none if the feed ignores what vanishes.

    Raises:
        SettingsError: vanished deliveries are to be withdrawn from a feed that ignores them.
    """
    request = context.request
    if _handling(context) == "ignore":
        if request.withdraw_vanished:
            raise SettingsError(
                f"withdraw_vanished: feed {request.feed} ignores vanished deliveries, since its folders are cleared "
                "after loading.",
                "Leave it out, or give --vanished report as well.",
                setting="withdraw_vanished",
            )
        return ()
    found = {delivery.name for delivery in discovery.deliveries}
    return search_known(discovery.searched, request.root, context.known.held, found)


async def withdraw_if_asked(context: RunContext, result: PipelineResult) -> PipelineResult:
    """Withdraw the vanished deliveries, if the run is asked to; with the error of the warehouse if that failed."""
    request = context.request
    gone = _gone(result)
    if not (request.withdraw_vanished and gone) or context.warehouse is None or result.error is not None:
        return result
    withdraw = request.retry.apply(withdraw_vanished_deliveries)
    try:
        with context.watch.stage("withdraw"):
            done = await withdraw(
                f"{len(gone)} vanished",
                context.warehouse,
                request.feed,
                result.sources,
                {name: context.known.held[name] for name in gone},
                context.run,
                replace_anyway=request.replace,
            )
    except PrefectUnreachable:
        raise
    except RetailError as error:
        return replace(result, error=error)
    reports = [
        *(DeliveryReport(name, "withdrawn", lines_withdrawn=lines) for name, lines in done.withdrawn.items()),
        *(_refused_report(name, refusal) for name, refusal in sorted(done.refused.items())),
    ]
    return replace(result, deliveries=(*result.deliveries, *reports))


def _refused_report(name: str, refusal: ReplacementRefused) -> DeliveryReport:
    return DeliveryReport(name, "refused", reason=refusal.reason, refusal="replacement_guard")


def vanished(result: PipelineResult) -> tuple[str, ...]:
    """Names of the loaded deliveries that the sources no longer have."""
    withdrawn = {delivery.name for delivery in result.deliveries if delivery.outcome == "withdrawn"}
    return tuple(sorted(_gone(result) - withdrawn))


def newly_vanished(context: RunContext, result: PipelineResult) -> tuple[str, ...]:
    """Those of them that no earlier run has missed, and that this run does not tell otherwise."""
    told = {delivery.name for delivery in result.deliveries} | context.known.missing
    return tuple(name for name in vanished(result) if name not in told)


def marks_of(context: RunContext, result: PipelineResult) -> VanishedMarks:
    """What the ledger notes about vanished deliveries at the end of the run."""
    known, asked = context.known, context.request.vanished
    if _handling(context) == "ignore":
        back = known.missing
    else:
        there = {delivery.name for delivery in result.deliveries} | frozenset().union(
            *(source.held for source in result.sources)
        )
        back = (known.missing & there) - _gone(result)
    handling = asked if asked != known.vanished else ""
    return VanishedMarks(newly_vanished(context, result), tuple(sorted(back)), handling)


def _gone(result: PipelineResult) -> frozenset[str]:
    return frozenset().union(*(source.gone for source in result.sources))


def _handling(context: RunContext) -> str:
    return context.request.vanished or context.known.vanished
