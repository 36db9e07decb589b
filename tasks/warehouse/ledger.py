"""The ledger: feeds with their settings, loaded deliveries, runs, and attempts. It alone says what is loaded."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

import asyncpg

from tasks.postgres.connect import ConnectionSettings, connected, is_new
from tasks.postgres.queries import compact_sql, inlined
from tasks.validate.score import DeliveryQuality
from tasks.validate.settings import FeedSettings
from tasks.warehouse.feed_settings import NOTHING_TAKEN, Taken
from tasks.warehouse.finish import FinishedWarehouse, finish_query, finished_by
from tasks.warehouse.ledger_rows import attempt_row
from tasks.warehouse.limits import DEFAULT_KEPT_LINES
from tasks.warehouse.migrate import head_revision, version_of, version_on
from tasks.warehouse.preflight import REVISION, Preflight, ask_preflight
from tasks.warehouse.refused_lines import read_refused_lines
from tasks.warehouse.resource_use import ResourceUse, end_row

Outcome = Literal[
    "loaded", "replaced", "unchanged", "refused", "failed", "unfinished", "judged", "withdrawn", "empty"
]
# Which check rejected a delivery.
Refusal = Literal["quality_gate", "replacement_guard", "other_feed", "sums"]
RunStatus = Literal["running", "completed", "failed", "cancelled", "crashed", "timed_out"]
_OTHER_SCHEMA = (asyncpg.UndefinedTableError, asyncpg.UndefinedColumnError, asyncpg.InvalidSchemaNameError)


@dataclass(frozen=True)
class FeedState:
    """A feed in the ledger.

    Attributes:
        settings: Settings of its loaded lines; None if it has none.
        held: SHA-256 by name of the loaded deliveries.
        deliveries: Those of them that were read by the reading settings of the run, with the columns that count now.
        vanished: Whether deliveries that their folder no longer has are reported or ignored.
        missing: Names of the loaded deliveries that an earlier run has missed.
        refused: SHA-256 by name of the loaded deliveries whose last attempt, with other content, was refused or failed.
        without_columns: Names of the loaded deliveries whose columns were passed over and count from now on.
    """

    settings: FeedSettings | None
    held: Mapping[str, str] = field(default_factory=dict)
    deliveries: Mapping[str, str] = field(default_factory=dict)
    vanished: Literal["report", "ignore"] = "report"
    missing: frozenset[str] = frozenset()
    refused: Mapping[str, str] = field(default_factory=dict)
    without_columns: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Run:
    """A run in the ledger; ``parameters`` and ``versions`` are JSON values without secrets."""

    run_id: UUID
    started_at: datetime
    parameters: Mapping[str, Any] = field(default_factory=dict)
    versions: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Attempt:
    """Outcome of a run for a delivery, for the history.

    ``loaded``, ``replaced`` and ``withdrawn`` changed the warehouse; ``refused``, ``failed`` and ``unfinished`` did not.
    ``unchanged`` is recorded of a delivery that was refused or failed with other content: it closes that refusal.

    Attributes:
        name: Name of the delivery.
        outcome: The outcome.
        reason: Why it was refused, failed or unfinished.
        refusal: Which check refused it.
        content_hash: SHA-256 of the file.
        quality_score: Its overall score.
        quality: Its counts and violations, where it was validated.
        contract_version: Version of the contract, where it was validated.
        quarantine: Path of the quarantined lines of its batch, where they are to be kept.
    """

    name: str
    outcome: Outcome
    reason: str = ""
    refusal: Refusal | None = None
    content_hash: str | None = None
    quality_score: float | None = None
    quality: DeliveryQuality | None = None
    contract_version: str | None = None
    quarantine: str = ""


@dataclass(frozen=True)
class BegunRun:
    """Answer of the ledger to a run that begins.

    Attributes:
        revision: Revision of the schemas, None if there are none.
        feed: The feed; None if the schemas have another revision than this release's: then nothing is recorded.
        finished: The warehouse as it is after a run that changes nothing, if this run seemed to be one.
    """

    revision: str | None
    feed: FeedState | None
    finished: FinishedWarehouse | None = None


# Not an argument: those of a step are pickled, and this is asked only once the connection is there.
_hashed: ContextVar[Callable[[], int] | None] = ContextVar("hashed_deliveries", default=None)


@contextmanager
def counting_hashed(count: Callable[[], int]) -> Iterator[None]:
    """Have ``begin_run`` in this block ask what a run asks at its end, if it seems that nothing is new.

    Args:
        count: Returns the number of the run's deliveries once all of them are hashed, else 0. Asked when the run begins: if
            the feed has as many, probably nothing is new.
    """
    token = _hashed.set(count)
    try:
        yield
    finally:
        _hashed.reset(token)


async def begin_run(
    settings: ConnectionSettings,
    run: Run,
    feed: str,
    preflight: Preflight | None = None,
    taken: Taken = NOTHING_TAKEN,
) -> BegunRun:
    """Record the start of a run, close the runs that died, and read the feed: one statement.

    Idempotent: a retried run runs again. The connection holds a lock on the run's id until it is closed, by which
    others see that the run lives.

    Args:
        settings: The warehouse.
        run: The run.
        feed: Name of its feed.
        preflight: Checks of what would make the run fail, in the same turn.
        taken: What the run takes in place of what the feed has.

    Raises:
        WarehouseError: ``retail_ops.schema_version`` has several rows.
        PreflightFailed: what ``preflight`` found.
    """
    head = head_revision()
    async with connected(settings) as connection:
        if preflight is not None:
            await preflight.ready()
        if is_new(connection):
            return BegunRun(await _revision(connection, preflight), None)
        try:
            row = await _begin(connection, run, feed, preflight, taken)
        except _OTHER_SCHEMA:
            return BegunRun(await _revision(connection, preflight), None)  # none, or an older revision
        except asyncpg.PostgresError:
            if preflight is None or connection.is_closed():
                raise
            await ask_preflight(connection, preflight)
            # A question failed, not the start of the run: the doctor says why.
            row = await _begin(connection, run, feed, None, taken)
        if row["revisions"] != [head]:
            return BegunRun(await _revision(connection, preflight), None)
    settings_row = json.loads(row["settings"] or "{}")
    vanished = settings_row.pop("vanished", "report")
    stored = FeedSettings(**settings_row) if settings_row else None
    without_columns = frozenset(row["without_columns"] or ())
    marked = json.loads(row["deliveries"] or "{}")
    held = {name: digest.removeprefix("-") for name, digest in marked.items()}
    deliveries = {
        name: digest
        for name, digest in held.items()
        if digest == marked[name] and name not in without_columns
    }
    missing, refused = frozenset(row["missing"] or ()), json.loads(row["refused"] or "{}")
    state = FeedState(stored, held, deliveries, vanished, missing, refused, without_columns)
    finish = row.get("finished")
    return BegunRun(head, state, finished_by(json.loads(finish)) if finish else None)


async def _begin(
    connection: asyncpg.Connection,
    run: Run,
    feed: str,
    preflight: Preflight | None,
    taken: Taken,
) -> asyncpg.Record:
    statement = compact_sql("begin_run")
    if preflight is not None:
        statement += f", {preflight.probe} as sound"
    count = _hashed.get()
    deliveries = count() if count is not None and preflight is not None else 0
    if deliveries > 1:  # a run of one seldom finds nothing new
        in_feed = "(select count(*) from retail_ops.delivery where feed = $5)"
        statement += f", case when {in_feed} = {deliveries} then ({finish_query(0)}) end as finished"
    row = await connection.fetchrow(
        statement,
        run.run_id,
        run.started_at,
        _compact_json(run.parameters),
        _compact_json(run.versions),
        feed,
        head_revision(),
        taken.reading_settings,
        taken.columns,
    )
    assert row is not None  # noqa: S101 - for the type checker: a select without a table has one row
    if preflight is not None and not row["sound"]:
        await ask_preflight(connection, preflight)
    return row


def _compact_json(values: Mapping[str, Any]) -> str:
    return json.dumps(values, separators=(",", ":"))


async def _revision(connection: asyncpg.Connection, preflight: Preflight | None) -> str | None:
    """The revision of the schemas, asked in one turn with what the preflight asks."""
    if preflight is None:
        return await version_on(connection)
    answers = await ask_preflight(connection, preflight)
    return version_of(answers[REVISION].row["revisions"]) if answers else await version_on(connection)


async def finish_run(
    settings: ConnectionSettings,
    run: Run,
    feed: str,
    status: RunStatus,
    quality_score: float | None,
    attempts: Sequence[Attempt],
    degraded_reasons: Sequence[str] = (),
    kept_lines: int = DEFAULT_KEPT_LINES,
    use: ResourceUse | None = None,
) -> None:
    """Record the end of a run, what it used, and the deliveries that it did not load. Idempotent.

    Args:
        settings: The warehouse.
        run: The run. If it ended before ``begin_run``, nothing is recorded.
        feed: Name of the feed.
        status: How it ended.
        quality_score: Score of the run, 0 to 100; None if nothing was validated.
        attempts: Refused, failed and unfinished deliveries, and unchanged ones that were refused. Loads record their own.
        degraded_reasons: What is missing after the run, and what adds it.
        kept_lines: Faulty lines to keep of each refused delivery.
        use: What the run used; None if that is not known.
    """
    quarantines = {attempt.name: attempt.quarantine for attempt in attempts if attempt.quarantine}
    lines = await asyncio.to_thread(read_refused_lines, quarantines, kept_lines)
    rows = [attempt_row(attempt, lines.get(attempt.name, [])) for attempt in attempts]
    ours = (run.run_id, status, quality_score, list(degraded_reasons))
    end = end_row(run.started_at, use)
    async with connected(settings) as connection:
        if rows:
            await connection.execute(compact_sql("finish_run"), *ours, feed, json.dumps(rows), end)
        else:  # nothing from outside: one turn instead of two
            await connection.execute(inlined(compact_sql("close_run"), *ours, end))


async def close_dead_run(settings: ConnectionSettings, run_id: UUID, status: RunStatus) -> None:
    """Record how a run ended whose own process could not; one that is closed already stays as it is."""
    async with connected(settings) as connection:
        await connection.execute(compact_sql("close_dead_run"), run_id, status)
