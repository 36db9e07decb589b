"""The ledger: feeds with their settings, loaded deliveries, runs, and attempts. It alone says what is loaded."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

import asyncpg

from tasks.errors import FeedConflict
from tasks.postgres.connect import ConnectionSettings, connected
from tasks.postgres.queries import sql
from tasks.validate.settings import FeedSettings

Outcome = Literal["loaded", "replaced", "unchanged", "refused", "failed", "judged", "withdrawn"]
# Which check rejected a delivery.
Refusal = Literal["quality_gate", "replacement_guard"]
RunStatus = Literal["running", "completed", "failed", "cancelled", "crashed", "timed_out"]
# Reserved for column mappings: the same bytes read with another mapping are a replacement.
READING_SETTINGS = "{}"


@dataclass(frozen=True)
class FeedState:
    """A feed in the ledger.

    Attributes:
        settings: Settings of its loaded lines; None if it has none.
        deliveries: SHA-256 by name of the loaded deliveries.
    """

    settings: FeedSettings | None
    deliveries: Mapping[str, str] = field(default_factory=dict)


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

    ``loaded``, ``replaced`` and ``withdrawn`` changed the warehouse; ``refused`` and ``failed`` did not.
    """

    name: str
    outcome: Outcome
    reason: str = ""
    refusal: Refusal | None = None
    content_hash: str | None = None
    quality_score: float | None = None


async def read_feed(settings: ConnectionSettings, feed: str) -> FeedState:
    """Read a feed's settings and deliveries from an existing schema."""
    async with connected(settings) as connection:
        stored = await stored_feed(connection, feed)
        rows = await connection.fetch(
            "select name, content_hash from retail_ops.delivery where feed = $1 and reading_settings = $2",
            feed,
            READING_SETTINGS,
        )
    return FeedState(stored, {row["name"]: row["content_hash"] for row in rows})


async def stored_feed(connection: asyncpg.Connection, feed: str) -> FeedSettings | None:
    """Return a feed's settings, None if it is new or has no delivery (then they can change)."""
    row = await connection.fetchrow(
        "select timezone, currency, date_format, identical_lines from retail_ops.feed f where feed = $1 "
        "and exists (select from retail_ops.delivery d where d.feed = f.feed)",
        feed,
    )
    return FeedSettings(feed, *row) if row else None


def resolve_feed_settings(
    stored: FeedSettings | None,
    feed: str,
    timezone: str | None = None,
    currency: str | None = None,
    date_format: str | None = None,
    identical_lines: str | None = None,
) -> FeedSettings:
    """Combine the settings that a run requests with the feed's stored ones and the defaults, in this order.

    A date format can be added later if the feed had only ISO dates so far.

    Args:
        stored: Settings of the feed's loaded lines; None if it has none.
        feed: Name of the feed.
        timezone: Requested IANA time zone; like the other settings, None or empty for no request.
        currency: Requested ISO 4217 code.
        date_format: Requested format of slashed or dotted dates.
        identical_lines: Requested treatment of identical lines.

    Raises:
        FeedConflict: the feed has lines that were loaded with other settings.
        SettingsError: a value is invalid.
    """
    parameters = {
        "timezone": timezone,
        "currency": currency,
        "date_format": date_format,
        "identical_lines": identical_lines,
    }
    requested = {name: value for name, value in parameters.items() if value}
    resolved = replace(stored or FeedSettings(feed), **requested)
    resolved.check()
    if stored is not None:
        for name, value in requested.items():
            stored_value = getattr(stored, name)
            if stored_value is not None and stored_value != value:
                raise FeedConflict(
                    f"Feed {feed} was first loaded with {name} = {stored_value}; with {value}, its lines would no "
                    "longer be comparable.",
                    "Use another feed name, or withdraw the feed's deliveries first.",
                    feed=feed,
                    setting=name,
                )
    return resolved


async def start_run(settings: ConnectionSettings, run: Run) -> None:
    """Record the start of a run. Idempotent: a retried task changes nothing."""
    async with connected(settings) as connection:
        await connection.execute(
            "insert into retail_ops.run (run_id, started_at, status, parameters, versions) "
            "values ($1, $2, 'running', $3, $4) on conflict do nothing",
            run.run_id,
            run.started_at,
            json.dumps(run.parameters),
            json.dumps(run.versions),
        )


async def finish_run(
    settings: ConnectionSettings,
    run: Run,
    feed: str,
    status: RunStatus,
    quality_score: float | None,
    attempts: Sequence[Attempt],
    degraded_reasons: Sequence[str] = (),
) -> None:
    """Record the end of a run and its refused and failed deliveries. Idempotent.

    Args:
        settings: The warehouse.
        run: The run, recorded with ``start_run``.
        feed: Name of the feed.
        status: ``completed`` or ``failed``.
        quality_score: Score of the run, 0 to 100; None if nothing was validated.
        attempts: Refused and failed deliveries. Loads record their own.
        degraded_reasons: What is missing after the run, and what adds it.
    """
    async with connected(settings) as connection, connection.transaction():
        await connection.execute(
            sql("update_finished_run"), run.run_id, status, quality_score, list(degraded_reasons)
        )
        await connection.execute(
            "delete from retail_ops.delivery_attempt where run_id = $1 and outcome in ('refused', 'failed')",
            run.run_id,
        )
        await record_attempts(connection, run.run_id, feed, attempts)


async def record_attempts(
    connection: asyncpg.Connection, run_id: UUID, feed: str, attempts: Iterable[Attempt]
) -> None:
    """Add attempts to the history, in the open transaction."""
    rows = list(attempts)
    await connection.execute(
        sql("insert_attempts"),
        run_id,
        feed,
        [attempt.name for attempt in rows],
        [attempt.content_hash for attempt in rows],
        [attempt.outcome for attempt in rows],
        [attempt.quality_score for attempt in rows],
        [attempt.reason or None for attempt in rows],
        [attempt.refusal for attempt in rows],
    )


async def save_feed(connection: asyncpg.Connection, feed: FeedSettings) -> None:
    """Store a feed's settings, in the open transaction under the load lock.

    Raises:
        FeedConflict: another run has loaded the feed with other settings in the meantime.
    """
    stored = await stored_feed(connection, feed.feed)
    resolve_feed_settings(
        stored, feed.feed, feed.timezone, feed.currency, feed.date_format, feed.identical_lines
    )
    await connection.execute(
        sql("upsert_feed"),
        feed.feed,
        feed.timezone,
        feed.currency,
        feed.date_format,
        feed.identical_lines,
        stored is None,
    )
