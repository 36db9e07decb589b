"""The state of one run: what Prefect knows of it, and the outcome that the flow recorded in ``retail_ops``.

A deployed run keeps no result in Prefect, so what came of it is read from ``retail_ops`` alone. Prefect says whether
it waits, runs or has ended.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from prefect.client.schemas.objects import FlowRun, StateType
from prefect.exceptions import ObjectNotFound

import flows
from api.work.errors import RunUnknown
from api.work.prefect_api import PrefectApi
from tasks.errors import PrefectUnreachable, WarehouseError
from tasks.outside_text import displayable, mask_secrets_in
from tasks.postgres.pool import QueryPool
from tasks.postgres.queries import sql

_FIRST_PAUSE, _LONGEST_PAUSE = 0.2, 1.0
_NO_SCHEMA = {"3F000", "42P01", "42703"}
_ENDED = frozenset({"completed", "failed", "cancelled", "crashed", "timed_out"})
# Prefect's server may hold runs of others, which are none of our callers' business.
_OURS = frozenset(name.replace("_", "-") for name in flows.__all__)


@dataclass(frozen=True)
class RunState:
    """A run and its state.

    Attributes:
        run: Id of the flow run.
        flow: Name of the flow; empty if Prefect does not know the run any more.
        state: scheduled, pending, running, paused, cancelling, completed, failed, timed_out, cancelled or crashed.
        message: Message of a run that ended badly; empty otherwise.
        place: ``deployment``, ``process``, or empty if Prefect does not know the run.
        created_at: When it was asked for.
        started_at: When it began.
        finished_at: When it ended.
        parameters: Its parameters; what looks like a secret is masked.
        load: Row of ``retail_ops.run`` with the sums of its deliveries; None without one.
        operation: Row of ``retail_ops.backup_operation``; None without one.
    """

    run: UUID
    flow: str
    state: str
    message: str
    place: str
    created_at: datetime | None
    started_at: datetime | None
    finished_at: datetime | None
    parameters: dict[str, Any]
    load: dict[str, Any] | None
    operation: dict[str, Any] | None

    @property
    def has_ended(self) -> bool:
        """Whether nothing more comes of it."""
        return self.state in _ENDED


class RunReader:
    """Reads states of runs."""

    def __init__(self, pool: QueryPool, prefect: PrefectApi) -> None:
        self.pool = pool
        self.prefect = prefect
        self._flow_names: dict[UUID, str] = {}

    async def read(self, run: UUID) -> RunState:
        """Read the state of a run.

        Raises:
            RunUnknown: neither Prefect nor the warehouse has a run of ours with this id.
            PrefectUnreachable: Prefect gives no answer, and the warehouse has no outcome yet.
        """
        # Prefect first: a flow records its outcome before Prefect hears of its end.
        flow_run, unreachable = None, None
        try:
            flow_run = await self._of_prefect(run)
        except PrefectUnreachable as error:
            unreachable = error
        load, operation = await self._recorded(run)
        if unreachable is not None and load is None and operation is None:
            raise unreachable
        if flow_run is None and load is None and operation is None:
            raise RunUnknown(
                "there is no such run, or its process was killed before it recorded anything.",
                "List those in the warehouse: GET /api/v1/runs. Start it again with another Idempotency-Key.",
                run=str(run),
            )
        return _merge(run, self._flow_names, flow_run, load, operation)

    async def _recorded(self, run: UUID) -> tuple[dict[str, Any] | None, dict[str, Any] | None]:
        try:
            rows = await self.pool.fetch(sql("select_run_outcome", "api"), run)
        except WarehouseError as error:
            if error.attributes.get("sqlstate") not in _NO_SCHEMA:
                raise
            return None, None  # the first load makes the schema, or upgrades that of an earlier release
        load, operation = (json.loads(text) if text else None for text in rows[0])
        return load, operation

    async def _of_prefect(self, run: UUID) -> FlowRun | None:
        if not self.prefect.has_server:  # to read starts none
            return None
        async with self.prefect.client() as client:
            try:
                flow_run = await client.read_flow_run(run)
            except ObjectNotFound:
                return None
            if flow_run.flow_id not in self._flow_names:
                self._flow_names[flow_run.flow_id] = (await client.read_flow(flow_run.flow_id)).name
        return flow_run if self._flow_names[flow_run.flow_id] in _OURS else None

    async def wait(self, run: UUID, seconds: float, is_gone: Callable[[], Awaitable[bool]]) -> RunState:
        """Wait until a run has ended, at most ``seconds`` and while the client is there; return its last state.

        Args:
            run: Id of the flow run.
            seconds: Longest wait; 0 asks once.
            is_gone: Whether the client has gone.

        Raises:
            RunUnknown, PrefectUnreachable: see ``read``.
        """
        end = time.monotonic() + seconds
        pause = _FIRST_PAUSE
        while True:
            state = await self.read(run)
            left = end - time.monotonic()
            if state.has_ended or left <= 0 or await is_gone():
                return state
            await asyncio.sleep(min(pause, left))
            pause = min(pause * 1.5, _LONGEST_PAUSE)


def _merge(
    run: UUID,
    flow_names: dict[UUID, str],
    flow_run: FlowRun | None,
    load: dict[str, Any] | None,
    operation: dict[str, Any] | None,
) -> RunState:
    recorded = _recorded_state(load, operation)
    state, message = _prefect_state(flow_run)
    # What Prefect says in the end counts; until it does, the flow's own record is ahead of it.
    if state not in _ENDED and recorded:
        state = recorded
    if operation and operation["message"]:
        message = operation["message"]
    elif load and not message:  # the ledger knows before Prefect does
        message = displayable(" ".join(load["problems"]))
    finished = (operation or {}).get("finished_at") or (load or {}).get("finished_at")
    recorded_end = datetime.fromisoformat(finished) if finished else None
    began = datetime.fromisoformat(load["started_at"]) if load else None
    flow = flow_names.get(flow_run.flow_id, "") if flow_run else (operation or {}).get("flow", "")
    return RunState(
        run=run,
        flow=flow or ("retail-etl" if load else ""),
        state=state,
        message="" if state == "completed" else message,
        place="" if flow_run is None else "deployment" if flow_run.deployment_id else "process",
        created_at=flow_run.created if flow_run else began,
        started_at=(flow_run.start_time if flow_run else None) or began,
        finished_at=((flow_run.end_time if flow_run else None) or recorded_end) if state in _ENDED else None,
        parameters=mask_secrets_in(flow_run.parameters) if flow_run else {},
        load=load,
        operation=operation,
    )


def _recorded_state(load: dict[str, Any] | None, operation: dict[str, Any] | None) -> str:
    if operation is not None:
        return str(operation["outcome"])
    return str(load["status"]) if load is not None else ""


def _prefect_state(flow_run: FlowRun | None) -> tuple[str, str]:
    state = flow_run.state if flow_run else None
    if state is None:
        return "pending" if flow_run else "", ""
    if state.type == StateType.FAILED and state.name == "TimedOut":
        return "timed_out", displayable(state.message or "")
    return state.type.value.lower(), displayable(state.message or "")
