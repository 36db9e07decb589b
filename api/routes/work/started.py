"""What all routes that start work share: the idempotency key, the wait, and the answer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any
from uuid import UUID

from fastapi import Depends, Header, Query, Request, Response

from api.authentication import operator
from api.models.work import ENDED, STARTED, RunAnswer, StartedRun
from api.problems import WORK_PROBLEMS, answers
from api.query_types import Number
from api.state import ApiState, State
from api.work.idempotency import RequestKey
from api.work.operations import Operation
from api.work.outcome import RunState
from blocks.user_list import ApiUser

RUNS = "/api/v1/runs"
_LONGEST_WAIT = 120

Wait = Annotated[
    Number,
    Query(
        ge=0,
        le=_LONGEST_WAIT,
        description="Seconds to wait for the outcome; 0 answers at once.",
        examples=[30],
    ),
]
_Key = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        min_length=1,
        max_length=255,
        pattern=r"^[\x21-\x7e]+$",
        description="A text of your own for this request: sent again with it, the request starts nothing new and gives "
        "the same run. It counts for the user and the address, and is kept for 7 days.",
        examples=["backup-2026-11-29"],
    ),
]


def work_answers(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Return the OpenAPI responses of a route that starts work."""
    headers = {
        "Location": {"description": "Address of the run.", "schema": {"type": "string"}},
        "Idempotency-Replayed": {
            "description": "true, if an earlier request with the same key started the run.",
            "schema": {"type": "string"},
        },
    }
    documented = answers(STARTED, *WORK_PROBLEMS, *statuses, status=202, description="The run goes on.")
    documented[202]["headers"] = headers
    ended = {"application/json": {"example": ENDED}}
    documented[200] = {
        "model": StartedRun,
        "description": "The run has ended.",
        "content": ended,
        "headers": headers,
    }
    return documented


@dataclass(frozen=True)
class WorkStarter:
    """Starts a run for a request, and answers with it."""

    request: Request
    response: Response
    state: ApiState
    user: ApiUser
    key: str | None
    wait: int

    async def start(
        self, operation: Operation, given: Mapping[str, Any], path: Mapping[str, str] | None = None
    ) -> StartedRun:
        """Start a run, and wait for its outcome as long as the request asks for.

        Args:
            operation: What to do.
            given: Parameters of the flow; the API's own warehouse and vault are added where none is named.
            path: What the address names, for the request's identity.
        """
        parameters = self._with_blocks(operation, given)
        key = None
        if self.key is not None:
            route = self.request.scope["route"]
            asked = {"path": dict(path or {}), "parameters": parameters}
            key = RequestKey(f"POST {route.path_format}", self.user.name, self.key, asked)
        started = await self.state.work.start(operation, parameters, key)
        run = await self._outcome(started.run)
        self.response.status_code = 200 if run.has_ended else 202
        self.response.headers["Location"] = f"{RUNS}/{started.run}"
        if started.is_repeat:
            self.response.headers["Idempotency-Replayed"] = "true"
        return StartedRun(**answer(run).model_dump(), is_repeat=started.is_repeat)

    async def _outcome(self, run: UUID) -> RunState:
        state = self.state
        # Who waits holds one of the requests that the server works on at a time.
        slots = state.waits
        if slots.locked():
            return await state.runs.read(run)
        async with slots:
            return await state.runs.wait(run, self.wait, self.request.is_disconnected)

    def _with_blocks(self, operation: Operation, given: Mapping[str, Any]) -> dict[str, Any]:
        settings = self.state.settings
        own = {"warehouse": settings.warehouse, "vault": settings.vault}
        takes = operation.flow.parameters.properties
        added = {
            name: block for name, block in own.items() if block and name in takes and not given.get(name)
        }
        return {**given, **added}


async def _starter(
    request: Request,
    response: Response,
    state: State,
    user: Annotated[ApiUser, Depends(operator)],
    key: _Key = None,
    wait: Wait = 0,
) -> WorkStarter:
    return WorkStarter(request, response, state, user, key, wait)


Starter = Annotated[WorkStarter, Depends(_starter)]


def answer(run: RunState) -> RunAnswer:
    """Return the model of a run's state."""
    return RunAnswer.model_validate(
        {
            "id": run.run,
            "flow": run.flow,
            "state": run.state,
            "has_ended": run.has_ended,
            "message": run.message,
            "place": run.place,
            "created_at": run.created_at,
            "started_at": run.started_at,
            "finished_at": run.finished_at,
            "parameters": run.parameters,
            "load": run.load,
            "backup": run.operation,
        }
    )
