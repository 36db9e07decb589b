"""Start long work as a Prefect flow run: by a deployment where one is served, else in this process."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Literal, Self
from uuid import UUID

import httpx
from prefect.client.orchestration import PrefectClient
from prefect.client.schemas.actions import DeploymentFlowRunCreate, FlowRunCreate
from prefect.client.schemas.objects import FlowRun, State
from prefect.client.schemas.responses import DeploymentResponse, OrchestrationResult, SetStateStatus
from prefect.settings import get_current_settings
from prefect.states import Cancelled, Pending, Scheduled, to_state_create

from api.work.deployments import served_deployment
from api.work.idempotency import RequestKey, claim, remember
from api.work.operations import Operation
from api.work.prefect_api import PrefectApi
from api.work.process_runs import ProcessRuns
from tasks.errors import PrefectUnreachable
from tasks.postgres.pool import QueryPool

Place = Literal["auto", "process"]
# uvicorn is told to stop by a SIGTERM, and a container killed 30 s later.
_STOP_SECONDS = 20.0
_TAGS = ("retail", "retail-api")


@dataclass(frozen=True)
class Started:
    """A run that a request started, or had started before.

    Attributes:
        run: Id of the flow run.
        is_repeat: Whether an earlier request with the same idempotency key started it.
    """

    run: UUID
    is_repeat: bool = False


class Work:
    """Starts flow runs for the API. Use it as an async context manager: on exit it cancels those of this process.

    Args:
        pool: The warehouse.
        limit: Most runs at a time in this process.
        place: ``auto`` looks for a deployment first; ``process`` never does.
    """

    def __init__(self, pool: QueryPool, *, limit: int = 4, place: Place = "auto") -> None:
        self.pool = pool
        self.place = place
        self.prefect = PrefectApi()
        self.runs = ProcessRuns(limit)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        cancelled = await self.runs.close(_STOP_SECONDS)
        if not cancelled:
            return
        # The engine calls them crashed.
        state: State[Any] = Cancelled(message="The API was stopped.")
        try:
            async with self.prefect.client() as client:
                for run in cancelled:
                    await client.set_flow_run_state(run, state, force=True)
        except PrefectUnreachable:
            return  # its own server may have ended with the same signal

    async def start(
        self, operation: Operation, given: Mapping[str, Any], key: RequestKey | None = None
    ) -> Started:
        """Start a run.

        Args:
            operation: What to do.
            given: Parameters of the flow.
            key: The idempotency key; None without one.

        Raises:
            ParametersRefused: the flow does not take these parameters; nothing is remembered.
            KeyReused: the key was sent before, with other parameters.
            TooManyRuns: no deployment is served, and this process runs as many as it may.
            PrefectUnreachable: Prefect's API gives no answer.
        """
        parameters = operation.check(given)
        if operation.lacks_sources(parameters):
            deployment = await self._deployment(operation)
            operation.ensure_sources(deployment.parameters if deployment is not None else {})
        if key is not None:
            known = await claim(self.pool, key)
            if known is not None:
                return Started(known, is_repeat=True)
        deployment = await self._deployment(operation)
        if deployment is not None:
            started = await self._deploy(deployment.id, parameters, key)
        else:
            with self.runs.reserved():
                started = await self._run_here(operation, parameters, key)
        if key is not None:
            await remember(self.pool, key, started.run)
        return started

    async def _deployment(self, operation: Operation) -> DeploymentResponse | None:
        # On a server of this process nobody can serve one.
        if self.place == "process" or not get_current_settings().api.url:
            return None
        async with self.prefect.client() as client:
            return await served_deployment(client, operation.deployment)

    async def _deploy(self, deployment: UUID, parameters: dict[str, Any], key: RequestKey | None) -> Started:
        create = DeploymentFlowRunCreate(
            parameters=parameters,
            tags=["retail-api"],
            state=to_state_create(Scheduled()),
            idempotency_key=key.for_prefect(str(deployment)) if key else None,
        )
        body = create.model_dump(mode="json", exclude_unset=True)
        async with self.prefect.client() as client:
            response = await client.request(
                "POST", "/deployments/{id}/create_flow_run", path_params={"id": deployment}, json=body
            )
        # Prefect's client does not say which it was.
        is_new = response.status_code == httpx.codes.CREATED
        return Started(FlowRun.model_validate(response.json()).id, is_repeat=not is_new)

    async def _run_here(
        self, operation: Operation, parameters: dict[str, Any], key: RequestKey | None
    ) -> Started:
        async with self.prefect.client(seconds=30) as client:
            flow_run = await _create(client, operation, parameters, key)
            # Of all that ask at once, here and in other processes, Prefect lets one pass from Scheduled to Pending.
            is_ours = _is_fresh(flow_run) and await _take(client, flow_run)
            if is_ours:
                flow_run = await client.read_flow_run(flow_run.id)
        if is_ours:
            self.runs.start(operation.flow, flow_run, parameters)
        return Started(flow_run.id, is_repeat=not is_ours)


async def _create(
    client: PrefectClient, operation: Operation, parameters: dict[str, Any], key: RequestKey | None
) -> FlowRun:
    flow = operation.flow
    create = FlowRunCreate(
        flow_id=await client.create_flow(flow),
        flow_version=flow.version,
        parameters=parameters,
        tags=list(_TAGS),
        # A minute ago: a server whose clock is behind makes the run wait otherwise.
        state=to_state_create(Scheduled(scheduled_time=datetime.now(UTC) - timedelta(minutes=1))),
        idempotency_key=key.for_prefect("process") if key else None,
    )
    body = create.model_dump(mode="json", exclude_unset=True)
    response = await client.request("POST", "/flow_runs/", json=body)
    return FlowRun.model_validate(response.json())


async def _take(client: PrefectClient, flow_run: FlowRun) -> bool:
    pending: State[Any] = Pending()
    answer: OrchestrationResult[Any] = await client.set_flow_run_state(flow_run.id, pending)
    return answer.status == SetStateStatus.ACCEPT


def _is_fresh(flow_run: FlowRun) -> bool:
    return flow_run.state is not None and flow_run.state.is_scheduled()
