"""What is loaded, and under which settings: only the ledger in the warehouse decides that."""

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
# Who refused a delivery.
Refusal = Literal["quality_gate", "replacement_guard"]
RunStatus = Literal["running", "completed", "failed"]
# Column mappings will be told here; the same bytes under another mapping are a replacement.
READING_SETTINGS = "{}"


@dataclass(frozen=True)
class FeedState:
    """A feed as the ledger has it: its settings (None if it is new) and the SHA-256 of each delivery."""

    settings: FeedSettings | None
    deliveries: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Run:
    """A run as the ledger records it. ``parameters`` and ``versions`` are JSON values without secrets."""

    run_id: UUID
    started_at: datetime
    parameters: Mapping[str, Any] = field(default_factory=dict)
    versions: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Attempt:
    """A try at a delivery, for the history. ``outcome``: loaded, replaced or withdrawn, or refused or failed, which
    left the warehouse as it was."""

    name: str
    outcome: Outcome
    reason: str = ""
    refusal: Refusal | None = None
    content_hash: str | None = None
    quality_score: float | None = None


async def read_feed(settings: ConnectionSettings, feed: str) -> FeedState:
    """Read a feed's settings and deliveries. The schema must be there."""
    async with connected(settings) as connection:
        stored = await stored_feed(connection, feed)
        rows = await connection.fetch(
            "select name, content_hash from retail_ops.delivery where feed = $1 and reading_settings = $2",
            feed,
            READING_SETTINGS,
        )
    return FeedState(stored, {row["name"]: row["content_hash"] for row in rows})


async def stored_feed(connection: asyncpg.Connection, feed: str) -> FeedSettings | None:
    """A feed's settings, or None if it is new or holds no line (then they may be changed)."""
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
    """The settings of a run: what is asked for, else what the feed has, else the defaults.

    Raises FeedConflict if the feed holds lines that were loaded with others, and SettingsError for values
    that cannot be. A date format may be given later if only ISO dates came so far.
    """
    asked = {
        "timezone": timezone,
        "currency": currency,
        "date_format": date_format,
        "identical_lines": identical_lines,
    }
    given = {name: value for name, value in asked.items() if value}
    settled = replace(stored or FeedSettings(feed), **given)
    settled.check()
    if stored is not None:
        for name, wish in given.items():
            before = getattr(stored, name)
            if before is not None and before != wish:
                raise FeedConflict(
                    f"feed {feed}: it was first loaded with {name} = {before}; {wish} is "
                    "refused, since its lines would no longer be comparable.",
                    "Use another feed name, or withdraw its deliveries first.",
                    feed=feed,
                    setting=name,
                )
    return settled


async def start_run(settings: ConnectionSettings, run: Run) -> None:
    """Record that a run has begun; the same run again (a retried task) changes nothing."""
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
) -> None:
    """Record how a run ended (``completed`` or ``failed``) and the deliveries it could not take."""
    async with connected(settings) as connection, connection.transaction():
        await connection.execute(
            "update retail_ops.run set finished_at = now(), status = $2, quality_score = $3 where run_id = $1",
            run.run_id,
            status,
            quality_score,
        )
        await connection.execute(
            "delete from retail_ops.delivery_attempt where run_id = $1 and outcome in ('refused', 'failed')",
            run.run_id,
        )
        await record_attempts(connection, run.run_id, feed, attempts)


async def record_attempts(
    connection: asyncpg.Connection, run_id: UUID, feed: str, attempts: Iterable[Attempt]
) -> None:
    """Add to the history of attempts, in the open transaction."""
    every = list(attempts)
    await connection.execute(
        sql("insert_attempts"),
        run_id,
        feed,
        [one.name for one in every],
        [one.content_hash for one in every],
        [one.outcome for one in every],
        [one.quality_score for one in every],
        [one.reason or None for one in every],
        [one.refusal for one in every],
    )


async def save_feed(connection: asyncpg.Connection, feed: FeedSettings) -> None:
    """Keep a feed's settings, in the open transaction under the load lock.

    Raises FeedConflict if another run has loaded the feed with others in the meantime.
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
