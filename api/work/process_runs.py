"""Flow runs in this process: each in a thread with an event loop of its own, so that none holds up a request."""

from __future__ import annotations

import asyncio
import contextvars
import threading
import time
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from prefect import Flow
from prefect.client.schemas.objects import FlowRun
from prefect.flow_engine import run_flow
from prefect.logging import get_logger

from api.work.errors import TooManyRuns
from tasks import progress


@dataclass
class _ProcessRun:
    """A run, the thread that it is in, and its task there.

    Attributes:
        ended: Done when the thread is.
        loop: The thread's event loop.
        task: The task that runs the flow.
        has_begun: Whether the flow's own code runs. Prefect's engine may lose a cancellation before.
        is_cancelled: Whether it was cancelled since; once more would break off its clean-up.
    """

    ended: Future[None] = field(default_factory=Future)
    loop: asyncio.AbstractEventLoop | None = None
    task: asyncio.Task[Any] | None = None
    has_begun: bool = False
    is_cancelled: bool = False

    def cancel(self) -> None:
        """Cancel the run; to be called until it has ended."""
        if self.loop is None or self.task is None or self.is_cancelled or self.ended.done():
            return
        self.is_cancelled = self.has_begun
        self.loop.call_soon_threadsafe(self.task.cancel)

    def listen(self, step: progress.Progress) -> None:
        """Notice that the flow's own code runs."""
        self.has_begun = self.has_begun or step.step == "flow.began"


class ProcessRuns:
    """The flow runs of this process; at most ``limit`` at a time."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self._runs: dict[UUID, _ProcessRun] = {}
        self._reserved = 0
        self._is_closing = False

    @contextmanager
    def reserved(self) -> Iterator[None]:
        """Hold a place while a run is created; ``start`` inside the block takes it.

        Raises:
            TooManyRuns: all places are taken, or the process is stopping.
        """
        if self._is_closing or len(self.running) + self._reserved >= self.limit:
            raise TooManyRuns(
                "this process is stopping."
                if self._is_closing
                else f"{self.limit} runs are going on in this process.",
                "Send the request again when one has ended, or serve the deployments.",
            )
        self._reserved += 1
        try:
            yield
        finally:
            self._reserved -= 1

    @property
    def running(self) -> tuple[UUID, ...]:
        """Ids of the runs that have not ended."""
        return tuple(id_ for id_, run in self._runs.items() if not run.ended.done())

    def start(self, flow: Flow[..., Any], flow_run: FlowRun, parameters: dict[str, Any]) -> None:
        """Run a flow in a thread; its state and its outcome are in Prefect and in ``retail_ops``."""
        self._runs = {id_: run for id_, run in self._runs.items() if not run.ended.done()}
        run = self._runs[flow_run.id] = _ProcessRun()
        context = contextvars.copy_context()

        def work() -> None:
            try:
                with progress.separate_run(), progress.listening(run.listen):
                    asyncio.run(_run(run, flow, flow_run, parameters))
            finally:
                run.ended.set_result(None)

        # A daemon: a process that is told to stop does not wait for more than ``close`` does.
        threading.Thread(target=context.run, args=(work,), name=f"run-{flow_run.id}", daemon=True).start()

    async def close(self, seconds: float) -> tuple[UUID, ...]:
        """Cancel what is running, wait until it has ended, and return the ids of the cancelled runs."""
        self._is_closing = True
        open_runs = {id_: run for id_, run in self._runs.items() if not run.ended.done()}
        waiting = {asyncio.wrap_future(run.ended) for run in open_runs.values()}
        end = time.monotonic() + seconds
        while waiting and (left := end - time.monotonic()) > 0:
            for run in open_runs.values():
                run.cancel()
            _, waiting = await asyncio.wait(waiting, timeout=min(left, 1.0))
        return tuple(open_runs)


async def _run(run: _ProcessRun, flow: Flow[..., Any], flow_run: FlowRun, parameters: dict[str, Any]) -> None:
    run.loop, run.task = asyncio.get_running_loop(), asyncio.current_task()
    try:
        await run_flow(flow, flow_run=flow_run, parameters=parameters, return_type="state")  # type: ignore[misc]
    except asyncio.CancelledError:
        pass  # by close
    except Exception as error:  # noqa: BLE001 - the end of a thread; the text may hold a secret
        get_logger("retail").error("Run %s broke off: unexpected %s.", flow_run.id, type(error).__name__)
