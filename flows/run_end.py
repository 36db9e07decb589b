"""The end of a run, whatever ends it: a report, a closed row in the ledger, and word to people if Prefect is gone.

A run that was cancelled or timed out can await nothing more, and one that lost Prefect can run no task. So the end is
written by plain functions, in a thread with an event loop of its own, within seconds.
"""

from __future__ import annotations

import asyncio
import contextvars
import threading
import time
from collections.abc import Callable, Coroutine, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from types import TracebackType
from typing import Any, Self
from uuid import UUID

from prefect.context import FlowRunContext, SettingsContext, get_settings_context
from prefect.logging import get_logger
from prefect.settings import PREFECT_CLIENT_MAX_RETRIES, get_current_settings

from flows.direct_alert import Notice, notify_directly
from tasks.errors import PrefectUnreachable, RetailError
from tasks.postgres.connect import ConnectionSettings
from tasks.postgres.patience import one_wait
from tasks.postgres.traffic import counting_traffic, network_so_far
from tasks.report.attempts import attempts_of
from tasks.report.lineage.run import JobData, LineageRun
from tasks.report.run_report import RefusedDelivery, RunReport, save
from tasks.report.timings import Stopwatch
from tasks.retries import prefect_is_gone
from tasks.warehouse.ledger import Run, RunStatus, finish_run
from tasks.warehouse.limits import DEFAULT_KEPT_LINES
from tasks.warehouse.resource_use import NO_PRICES, Prices, ResourceUse

_RECORD_SECONDS = 10.0
# A worker kills a cancelled run 30 s after it asked it to end.
_ALL_SECONDS = 25.0
_TIMEOUT_TOLERANCE = 1.0
_closed: set[UUID] = set()
_last: list[RunEnd] = []


@dataclass
class RunEnd:
    """A run on its way to its end.

    ``report_so_far`` makes a report of a status and an error, once there is one; ``refused_so_far`` has the deliveries
    that were refused by then, of which the ledger keeps ``kept_lines`` faulty lines each; ``tell_end`` sends its lineage.
    """

    notice: Notice
    run: Run | None = None
    warehouse: ConnectionSettings | None = None
    prices: Prices = NO_PRICES
    watch: Stopwatch = field(default_factory=Stopwatch)
    report_so_far: Callable[[RunStatus, str], RunReport] | None = None
    refused_so_far: Callable[[], Mapping[str, RefusedDelivery]] = dict
    kept_lines: int = DEFAULT_KEPT_LINES
    report: RunReport | None = None
    lineage: LineageRun | None = None
    tell_end: Callable[[RunStatus, str, RunReport | None], None] | None = None
    recorded: bool = False
    prefect_lost: bool = False
    _began: float = field(default_factory=time.monotonic)
    _scope: ExitStack = field(default_factory=ExitStack)

    async def __aenter__(self) -> Self:
        _last[:] = [self]
        self._scope.enter_context(one_wait())
        self._scope.enter_context(counting_traffic())
        self.notice.load_channels()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if isinstance(error, PrefectUnreachable) or (error is not None and prefect_is_gone(error)):
                self.prefect_lost = True
            if self.prefect_lost:
                _expect_no_answer()
            if error is not None and not self.recorded:
                _run_in_thread(lambda: self._close(error))
            if self.run is not None:
                _closed.add(self.run.run_id)
        finally:
            if self.lineage is not None:
                self.lineage.stop()
            self._scope.close()

    async def _close(self, error: BaseException) -> None:
        status, text = self._status_of(error), _text_of(error)
        if self.report_so_far is not None:
            self.report = self.report_so_far(status, text)
            await self._save_report()
        last = [self._record(status), self._tell_lineage(status, text)]
        if self.prefect_lost:
            last.append(self.notify(text))
        await asyncio.gather(*last)

    async def _save_report(self) -> None:
        try:
            if self.report is not None:
                await asyncio.to_thread(save, self.report)
        except RetailError as failure:
            _warn("The report of the run was not written: %s", failure)

    async def _tell_lineage(self, status: RunStatus, text: str) -> None:
        if self.lineage is None or not self.lineage.is_on:
            return
        if self.tell_end is not None:
            self.tell_end(status, text, self.report)
        else:
            self.lineage.end("ABORT" if status == "cancelled" else "FAIL", JobData(), text)
        delivery = await asyncio.to_thread(self.lineage.flush)
        if delivery is not None and delivery.not_delivered:
            _warn("Lineage: %s", delivery.summary)
        if self.report is not None:
            self.report = replace(self.report, lineage=delivery)
            await self._save_report()

    async def _record(self, status: RunStatus) -> None:
        if self.run is None or self.warehouse is None:
            return
        report = self.report
        try:
            await finish_run(
                self.warehouse.within(_RECORD_SECONDS),
                self.run,
                self.notice.feed,
                status,
                report.quality_score if report else None,
                attempts_of(report, self.refused_so_far()) if report else (),
                kept_lines=self.kept_lines,
                use=self.use(),
            )
        except RetailError as failure:
            _warn("The ledger shows the run as running until the next run: %s", failure)

    def use(self) -> ResourceUse:
        """What the run has used until now."""
        return self.watch.use(network_so_far(), self.prices)

    async def notify(self, text: str) -> None:
        """Send the alert that the run's hooks would have sent, once."""
        address = self.warehouse.display if self.warehouse else ""
        await notify_directly(self.notice, text, address)

    def _status_of(self, error: BaseException) -> RunStatus:
        if isinstance(error, Exception):
            return "failed"
        context = FlowRunContext.get()
        limit = context.flow.timeout_seconds if context and context.flow else None
        late = limit is not None and time.monotonic() - self._began > limit - _TIMEOUT_TOLERANCE
        return "timed_out" if late and isinstance(error, asyncio.CancelledError) else "cancelled"


def _expect_no_answer() -> None:
    """Have the engine of this flow run try once, not for a minute, to report its end to a server that is gone."""
    # Without an exit: the engine still has these settings when the flow's function has raised.
    temporary = get_current_settings().copy_with_update({PREFECT_CLIENT_MAX_RETRIES: 0})
    SettingsContext(profile=get_settings_context().profile, settings=temporary).__enter__()


def last_end() -> RunEnd | None:
    """The end of this process's last run."""
    return _last[0] if _last else None


def is_closed_here(run_id: UUID) -> bool:
    """Whether this process has closed the run itself."""
    return run_id in _closed


def _text_of(error: BaseException) -> str:
    if isinstance(error, RetailError):
        return str(error)
    if prefect_is_gone(error):
        return str(PrefectUnreachable.at(get_current_settings().api.url or ""))
    if isinstance(error, Exception):  # its text may hold a secret
        return f"An unexpected error ({type(error).__name__}): its text is in the run's log."
    return "The run was ended before it was done. What had committed is there; run again for the rest."


def _run_in_thread(work: Callable[[], Coroutine[Any, Any, None]]) -> None:
    context = contextvars.copy_context()
    thread = threading.Thread(
        target=lambda: context.run(asyncio.run, _within_limit(work)), name="retail-run-end", daemon=True
    )
    thread.start()
    thread.join(_ALL_SECONDS + 1)


async def _within_limit(work: Callable[[], Coroutine[Any, Any, None]]) -> None:
    try:
        async with asyncio.timeout(_ALL_SECONDS):
            await work()
    except TimeoutError:
        _warn("The end of the run was not recorded within %s s.", _ALL_SECONDS)
    except Exception as error:  # noqa: BLE001 - the run fails with its own cause; this text may hold a secret
        _warn("The end of the run was not recorded: unexpected %s.", type(error).__name__)


def _warn(text: str, *values: object) -> None:
    get_logger("retail").warning(text, *values)
