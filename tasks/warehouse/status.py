"""The state of the warehouse by its ledger: last runs, open refusals, deliveries by feed and day, the load lock."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tasks.postgres.queries import compact_sql, inlined
from tasks.postgres.questions import ask
from tasks.warehouse.integrity.last import last_integrity, last_integrity_query
from tasks.warehouse.integrity.report import IntegrityReport
from tasks.warehouse.questions import Warehouse, reading

_SECONDS = 60.0


@dataclass(frozen=True)
class RunState:
    """A run: times are ISO 8601, ``outcomes`` counts its deliveries by outcome, those that were unchanged left out.

    ``use`` has the columns of ``retail_ops.run_end`` on what it used and cost (decimals as text), and its stages; None
    while it runs. For a run that crashed they are None.
    """

    run_id: str
    status: str
    started_at: str
    finished_at: str | None
    quality_score: float | None
    degraded_reasons: tuple[str, ...]
    feed: str | None
    outcomes: Mapping[str, int]
    use: Mapping[str, Any] | None


@dataclass(frozen=True)
class OpenRefusal:
    """A delivery whose last attempt was refused or failed; ``has_earlier_content`` if an earlier one is loaded."""

    feed: str
    name: str
    outcome: str
    refusal: str | None
    reason: str | None
    quality_score: float | None
    attempted_at: str
    run_id: str
    has_earlier_content: bool


@dataclass(frozen=True)
class FeedDays:
    """A feed by day.

    Attributes:
        feed: Name of the feed.
        first_day: First local day with sales; None without lines.
        last_day: Last local day with sales.
        days_without_sales: Number of days between them without a line.
        last_gaps: The last of these days.
        loads: Deliveries and their lines by the day (UTC) on which they were loaded, the last days first.
    """

    feed: str
    first_day: str | None
    last_day: str | None
    days_without_sales: int
    last_gaps: tuple[str, ...]
    loads: tuple[Mapping[str, Any], ...]


@dataclass(frozen=True)
class LockHolder:
    """A session that holds the load lock, or waits for it (``granted`` is false)."""

    pid: int
    role: str | None
    application: str | None
    since: str | None
    granted: bool


@dataclass(frozen=True)
class WarehouseState:
    """The state of the warehouse. ``integrity`` is the last stored look; None if there was none."""

    runs: tuple[RunState, ...]
    open_refusals: tuple[OpenRefusal, ...]
    feeds: tuple[FeedDays, ...]
    load_lock: tuple[LockHolder, ...]
    integrity: IntegrityReport | None


def states_of(rows: Sequence[Mapping[str, Any]]) -> tuple[RunState, ...]:
    """Return the runs in rows of ``select_runs.sql``."""
    return tuple(RunState(**{**row, "degraded_reasons": tuple(row["degraded_reasons"])}) for row in rows)


async def read_state(warehouse: Warehouse, *, runs: int = 10, days: int = 14) -> WarehouseState:
    """Read the state of the warehouse, in one turn after the connection's own.

    Args:
        warehouse: The warehouse, or a pool of connections to it.
        runs: Number of last runs.
        days: Number of last days of each feed, of loads and of gaps.

    Raises:
        WarehouseError: the schema has another revision than this release.
    """
    queries = {
        "runs": inlined(compact_sql("select_runs"), None, None, None, runs, 0),
        "open_refusals": compact_sql("select_open_refusals"),
        "feeds": inlined(compact_sql("select_days_of_feeds"), days),
        "load_lock": compact_sql("select_load_lock_holders"),
        "integrity": last_integrity_query(),
    }
    async with reading(warehouse, _SECONDS) as connection:
        answers = await ask(connection, queries)
    return WarehouseState(
        states_of(answers["runs"]["items"]),
        tuple(OpenRefusal(**row) for row in answers["open_refusals"]),
        tuple(
            FeedDays(**row | {"last_gaps": tuple(row["last_gaps"]), "loads": tuple(row["loads"])})
            for row in answers["feeds"]
        ),
        tuple(LockHolder(**row) for row in answers["load_lock"]),
        last_integrity(answers["integrity"]),
    )
