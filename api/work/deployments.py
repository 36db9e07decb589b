"""Whether a deployment is served: a run that nothing picks up would wait for ever."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from prefect.client.orchestration import PrefectClient
from prefect.client.schemas.objects import DeploymentStatus, Worker, WorkerStatus
from prefect.client.schemas.responses import DeploymentResponse
from prefect.exceptions import ObjectNotFound

# A process that serves a deployment, or polls for it, does so every 10 to 15 s.
_POLLED_WITHIN = timedelta(seconds=60)
_HEARTBEATS = 3


async def served_deployment(client: PrefectClient, name: str) -> DeploymentResponse | None:
    """Return a deployment that something picks runs up for; None if it does not exist or nothing does.

    Served is a deployment that is not paused, and whose work pool is not paused either and has a worker with a recent
    heartbeat (or needs none: push and managed pools), or, without a pool, that a ``serve`` has polled within a minute.

    Args:
        client: A client of Prefect's API.
        name: The deployment as FLOW/NAME.
    """
    try:
        deployment = await client.read_deployment_by_name(name)
    except ObjectNotFound:
        return None
    if deployment.paused:
        return None
    is_served = (
        await _has_worker(client, deployment.work_pool_name, deployment.work_queue_name)
        if deployment.work_pool_name
        else _is_polled(deployment)
    )
    return deployment if is_served else None


async def _has_worker(client: PrefectClient, pool_name: str, queue_name: str | None) -> bool:
    try:
        pool = await client.read_work_pool(pool_name)
        if pool.is_paused:
            return False
        if queue_name:
            queue = await client.read_work_queue_by_name(queue_name, pool_name)
            if queue.is_paused:
                return False
        if pool.is_push_pool or pool.is_managed_pool:
            return True
        workers = await client.read_workers_for_work_pool(pool_name, limit=200)
    except ObjectNotFound:
        return False
    return any(_is_online(worker) for worker in workers)


def _is_online(worker: Worker) -> bool:
    beat = worker.last_heartbeat_time
    patience = timedelta(seconds=_HEARTBEATS * (worker.heartbeat_interval_seconds or 30))
    # Without its foreman a server leaves the status ONLINE for ever.
    return worker.status == WorkerStatus.ONLINE and beat is not None and datetime.now(UTC) - beat < patience


def _is_polled(deployment: DeploymentResponse) -> bool:
    polled = deployment.last_polled
    # Without its foreman a server leaves the status READY for ever.
    is_recent = polled is not None and datetime.now(UTC) - polled < _POLLED_WITHIN
    return deployment.status == DeploymentStatus.READY and is_recent
