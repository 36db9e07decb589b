"""What the server keeps while it runs, and how a route gets it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import Annotated, cast

from fastapi import Depends, Request

from api.authenticator import Authenticator
from api.health import examined_health_json, health_json
from api.settings import ApiSettings, read_api_settings
from api.shared_answer import SharedAnswer
from api.work.outcome import RunReader
from api.work.start_work import Work
from blocks import lookup
from blocks.own_server import prepare_own_server
from blocks.settings_sources import Resolved, resolve
from tasks.postgres.pool import QueryPool
from tasks.postgres.settings import ConnectionSettings

# Somebody waits for the answer: 503 with Retry-After comes soon.
_CONNECT_SECONDS = 5.0
_WAIT_SECONDS = 5.0
_STATEMENT_SECONDS = 120.0


@dataclass(frozen=True)
class ApiState:
    """What a request gets.

    Attributes:
        settings: The settings of the API.
        resolved: All settings, with their origins.
        warehouse: The warehouse as work in this process connects to it.
        pool: Its connections for queries; an attempt to connect ends after 5 s.
        authenticator: The users.
        health: The health of the warehouse, as JSON.
        examined_health: The same, with integrity checks that run anew.
        work: Starts flow runs.
        runs: Reads the states of runs.
        waits: Slots for requests that wait for the outcome of a run.
    """

    settings: ApiSettings
    resolved: Resolved
    warehouse: ConnectionSettings
    pool: QueryPool
    authenticator: Authenticator
    health: SharedAnswer[bytes]
    examined_health: SharedAnswer[bytes]
    work: Work
    runs: RunReader
    waits: asyncio.Semaphore


@asynccontextmanager
async def opened_state(settings: ApiSettings | None) -> AsyncIterator[ApiState]:
    """Read the settings that are not given, and keep a pool of connections for the block; none is opened yet.

    Raises:
        SettingsError: a setting is invalid, or a block does not exist.
        PrefectUnreachable: a block cannot be read.
        EmbeddedServerError: the embedded server cannot start.
    """
    # What reads from Prefect may start its server, which must not inherit our secrets, and must end with this process.
    prepare_own_server()
    resolved = resolve()
    settings = settings or await read_api_settings(resolved)
    warehouse = await lookup.warehouse_settings(settings.warehouse, resolved)
    quick = replace(warehouse, connect_seconds=min(_CONNECT_SECONDS, warehouse.connect_seconds))
    async with (
        QueryPool(quick, wait_seconds=_WAIT_SECONDS, statement_timeout=_STATEMENT_SECONDS) as pool,
        Work(pool, limit=settings.runs, place="auto" if settings.deployments else "process") as work,
    ):
        yield ApiState(
            settings,
            resolved,
            warehouse,
            pool,
            Authenticator(settings.users),
            health=SharedAnswer(lambda: health_json(pool)),
            examined_health=SharedAnswer(lambda: examined_health_json(pool, resolved.settings)),
            work=work,
            runs=RunReader(pool, work.prefect),
            # Who waits holds one of the requests that the server works on at a time.
            waits=asyncio.Semaphore(max(1, settings.requests // 2)),
        )


async def state_of(request: Request) -> ApiState:
    """Return the state: a dependency, and asynchronous as all of them, since others cost a turn through a thread."""
    return cast(ApiState, request.app.state.retail)


State = Annotated[ApiState, Depends(state_of)]


async def pool_of(state: State) -> QueryPool:
    """Return the pool: a dependency."""
    return state.pool


Pool = Annotated[QueryPool, Depends(pool_of)]
