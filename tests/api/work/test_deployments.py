"""A run is started by its deployment where something picks it up, and in this process where nothing does."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from prefect.client.orchestration import PrefectClient, get_client
from prefect.client.schemas.actions import WorkPoolCreate, WorkPoolUpdate

from api.work.idempotency import RequestKey
from api.work.operations import VERIFY, Operation
from api.work.outcome import RunReader
from api.work.start_work import Work
from tasks.postgres.pool import QueryPool
from tests.api.work.conftest import stays
from tests.support.prefect_server import PrefectServer


@dataclass
class Deployed:
    """A deployment of a test's own."""

    client: PrefectClient
    name: str
    id: UUID | None = None

    @property
    def operation(self) -> Operation:
        return replace(VERIFY, deployment=f"retail-verify/{self.name}")

    async def deploy(self, pool: str | None = None) -> None:
        flow = await self.client.create_flow(VERIFY.flow)
        self.id = await self.client.create_deployment(
            flow, self.name, work_pool_name=pool, parameters={"vault": "of-the-deployment"}
        )

    async def poll(self) -> None:
        """As a process that serves it does."""
        assert self.id
        await self.client.get_scheduled_flow_runs_for_deployments([self.id])

    async def beat(self) -> None:
        """As a worker of its pool does."""
        await self.client.send_worker_heartbeat(self.name, "a-worker", heartbeat_interval_seconds=30)


@pytest.fixture
async def deployed(prefect_api: PrefectServer) -> AsyncIterator[Deployed]:
    async with get_client() as client:
        deployed = Deployed(client, f"of-a-test-{uuid4().hex[:8]}")
        yield deployed
        if deployed.id is not None:
            await client.delete_deployment(deployed.id)


@pytest.fixture
async def work(vault: Path, pool: QueryPool, prefect_api: PrefectServer) -> AsyncIterator[Work]:
    async with Work(pool) as work:
        yield work


async def place_of(work: Work, operation: Operation) -> str:
    started = await work.start(operation, {"backup": "0f0e2c4b"})
    return (await RunReader(work.pool, work.prefect).read(started.run)).place


async def test_no_deployment(work: Work, deployed: Deployed) -> None:
    assert await place_of(work, deployed.operation) == "process"


async def test_a_deployment_that_a_process_serves_or_not(work: Work, deployed: Deployed) -> None:
    await deployed.deploy()
    assert await place_of(work, deployed.operation) == "process"
    await deployed.poll()
    assert await place_of(work, deployed.operation) == "deployment"
    assert deployed.id
    await deployed.client.pause_deployment(deployed.id)
    assert await place_of(work, deployed.operation) == "process"


async def test_a_deployment_whose_pool_has_a_worker_or_not(work: Work, deployed: Deployed) -> None:
    await deployed.client.create_work_pool(WorkPoolCreate(name=deployed.name, type="process"))
    try:
        await deployed.deploy(deployed.name)
        assert await place_of(work, deployed.operation) == "process"
        await deployed.beat()
        assert await place_of(work, deployed.operation) == "deployment"
        await deployed.client.update_work_pool(deployed.name, WorkPoolUpdate(is_paused=True))
        assert await place_of(work, deployed.operation) == "process"
    finally:
        await deployed.client.delete_work_pool(deployed.name)


async def test_a_run_that_waits_for_a_worker_is_seen_and_started_once(work: Work, deployed: Deployed) -> None:
    await deployed.deploy()
    await deployed.poll()
    key = RequestKey("POST /verify", "ann", f"key-{uuid4()}", {"backup": "0f0e2c4b"})
    first, again = [await work.start(deployed.operation, key.parameters, key) for _ in range(2)]
    assert (again.run, first.is_repeat, again.is_repeat) == (first.run, False, True)
    await work.pool.fetch("delete from retail_ops.api_request")
    assert (await work.start(deployed.operation, key.parameters, key)) == again
    reader = RunReader(work.pool, work.prefect)
    state = await reader.wait(first.run, 1, stays)
    assert (state.state, state.place, state.has_ended) == ("scheduled", "deployment", False)
    assert state.parameters == {"vault": "of-the-deployment", "backup": "0f0e2c4b"}


async def test_a_run_of_somebody_else_is_not_shown(work: Work, prefect_api: PrefectServer) -> None:
    from api.work.errors import RunUnknown

    flow = prefect_api.request("POST", "/flows/", {"name": "of-somebody-else"})
    run = prefect_api.request("POST", "/flow_runs/", {"flow_id": flow["id"], "parameters": {"pin": 1}})
    with pytest.raises(RunUnknown):
        await RunReader(work.pool, work.prefect).read(UUID(run["id"]))
