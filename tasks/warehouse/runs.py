"""The runs of the ledger, and the quality of what they tried to load."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from tasks.postgres.queries import compact_sql
from tasks.warehouse.questions import Warehouse, fetch_answer
from tasks.warehouse.status import RunState, states_of


@dataclass(frozen=True)
class RunPage:
    """Some runs, and the number of all that were asked for."""

    runs: tuple[RunState, ...]
    total: int


@dataclass(frozen=True)
class RunDetails:
    """A run with what it was asked for and what it did with each delivery, at most 1,000 of them.

    Attributes:
        run: The run.
        parameters: Its parameters.
        versions: Versions of the package, the contract and the libraries.
        last_backup_id: The last good backup when it began.
        attempts: What it did with each delivery, as columns of ``retail_ops.delivery_attempt``.
    """

    run: RunState
    parameters: Mapping[str, Any]
    versions: Mapping[str, Any]
    last_backup_id: str | None
    attempts: tuple[Mapping[str, Any], ...]


async def list_runs(
    warehouse: Warehouse,
    *,
    status: str | None = None,
    feed: str | None = None,
    limit: int = 100,
    offset: int = 0,
) -> RunPage:
    """List runs, the last first.

    Args:
        warehouse: The warehouse, or a pool of connections to it.
        status: Only runs that ended so; None for all.
        feed: Only runs of this feed; None for all.
        limit: Most runs to list.
        offset: Runs to pass over.

    Raises:
        WarehouseError: the schema has another revision than this release.
    """
    answer = await fetch_answer(warehouse, compact_sql("select_runs"), status, feed, None, limit, offset)
    return RunPage(states_of(answer["items"]), answer["total"])


async def read_run(warehouse: Warehouse, run_id: UUID) -> RunDetails | None:
    """Read a run; None if the ledger does not have it. Raises WarehouseError as ``list_runs`` does."""
    listed = await fetch_answer(warehouse, compact_sql("select_runs"), None, None, run_id, 1, 0)
    details = await fetch_answer(warehouse, compact_sql("select_run"), run_id)
    if not listed["items"] or details is None:
        return None
    (run,) = states_of(listed["items"])
    return RunDetails(run, **details | {"attempts": tuple(details["attempts"])})


async def read_quality(
    warehouse: Warehouse,
    *,
    feed: str | None = None,
    delivery: str | None = None,
    run_id: UUID | None = None,
    limit: int = 100,
    offset: int = 0,
) -> dict[str, Any]:
    """Read the quality of attempts, the last first: those of refused deliveries too.

    Args:
        warehouse: The warehouse, or a pool of connections to it.
        feed: Only deliveries of this feed; None for all.
        delivery: Only the delivery of this name; None for all.
        run_id: Only attempts of this run; None for all.
        limit: Most attempts to read.
        offset: Attempts to pass over.

    Returns:
        ``total``, and ``items`` with the scores of each attempt by dimension.

    Raises:
        WarehouseError: the schema has another revision than this release.
    """
    answer: dict[str, Any] = await fetch_answer(
        warehouse, compact_sql("select_quality"), feed, delivery, run_id, limit, offset
    )
    return answer
