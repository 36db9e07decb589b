"""The main job below Prefect: the plain functions in the order the flow calls them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from uuid import uuid4

from flows.open_readings import OpenReadings
from tasks.errors import DeliveryError, ReadingUnclear
from tasks.ingest.bronze import ingest
from tasks.ingest.discover import BATCH_BYTES, batches, discover
from tasks.ingest.ingested import Bronze
from tasks.ingest.mapping.content import reading_settings
from tasks.postgres.connect import ConnectionSettings, connected
from tasks.validate.evidence import DeliveryEvidence, weigh
from tasks.validate.score import DeliveryQuality
from tasks.validate.settings import FeedSettings, ValidationSettings
from tasks.validate.silver import Silver, validate
from tasks.warehouse.feed_settings import NOTHING_TAKEN, Taken, resolve_feed_settings
from tasks.warehouse.fingerprint import Fingerprint, fingerprint
from tasks.warehouse.held_words import added_words, ensure_words_not_held
from tasks.warehouse.indexes import complete_indexes
from tasks.warehouse.ledger import FeedState, Run, begin_run, finish_run
from tasks.warehouse.load.transaction import LoadedDelivery, load
from tasks.warehouse.withdraw import Withdrawal, withdraw

AS_OF = date(2026, 1, 1)


@dataclass(frozen=True)
class Outcome:
    """What a run did."""

    loaded: tuple[LoadedDelivery, ...]
    unchanged: tuple[str, ...]
    failed: tuple[DeliveryError, ...]

    def of(self, name: str) -> LoadedDelivery:
        """The delivery whose name ends so."""
        return next(one for one in self.loaded if one.name.endswith(name))


def new_run() -> Run:
    """A run that began now."""
    return Run(uuid4(), datetime.now(UTC))


async def start_run(
    warehouse: ConnectionSettings, this: Run, feed: str = "default", taken: Taken = NOTHING_TAKEN
) -> FeedState:
    """Record the run in a warehouse whose schemas are at head, and return the feed."""
    begun = await begin_run(warehouse, this, feed, taken=taken)
    assert begun.feed is not None
    return begun.feed


async def run(
    warehouse: ConnectionSettings,
    workspace: Path,
    sources: Sequence[str | Path],
    *,
    feed: str = "default",
    root: str | None = None,
    replace_anyway: bool = False,
    accept_known_bytes: bool = False,
    finished: bool = True,
    batch_bytes: int = BATCH_BYTES,
    take_mapping: bool = False,
    take_columns: bool = False,
    **asked: str | None,
) -> Outcome:
    """Load ``sources`` as the flow does, without gate and report; ``asked`` are the feed's settings."""
    this = new_run()
    taken = Taken(reading_settings(asked["mapping"]) if take_mapping else None, take_columns)
    known = await start_run(warehouse, this, feed, taken)
    settings = resolve_feed_settings(
        known.settings, feed, asked, take_mapping=take_mapping, take_columns=take_columns
    )
    if added := added_words(known.settings, settings):
        await ensure_words_not_held(warehouse, feed, added)
    found = discover([str(source) for source in sources], root)
    read = [
        ingest(batch, known.deliveries, workspace, reading=settings.reading)
        for batch in batches(found.deliveries, batch_bytes)
    ]
    bronzes = [one.bronze for one in read if one.bronze]
    _, silvers, unclear = await validated(bronzes, settings, workspace)
    loaded: list[LoadedDelivery] = []
    for silver in silvers:
        clear = [quality for quality in silver.deliveries if not quality.unclear_missing]
        result = await load(
            warehouse,
            silver,
            clear,
            this,
            replace_anyway=replace_anyway,
            accept_known_bytes=accept_known_bytes,
            take_mapping=take_mapping,
            take_columns=take_columns,
        )
        loaded += result.deliveries
    if finished:
        await complete_indexes(warehouse)
    await finish_run(warehouse, this, feed, "completed", None, ())
    unchanged = tuple(name for one in read for name in one.unchanged)
    failed = (*(error for one in read for error in one.failed), *found.failed, *unclear)
    return Outcome(tuple(loaded), unchanged, failed)


async def validated(
    bronzes: Sequence[Bronze],
    settings: FeedSettings,
    workspace: Path,
    passes: Callable[[DeliveryQuality], bool] = lambda quality: not quality.quarantine_truncated,
) -> tuple[FeedSettings, list[Silver], list[ReadingUnclear]]:
    """Validate batches and settle the readings that they ask for; return the feed's settings then."""

    async def validate_batch(
        batch: Bronze, bronze: Bronze, feed: FeedSettings, weighed: tuple[str, ...]
    ) -> Silver:
        return validate(bronze, ValidationSettings(feed, AS_OF, weighed=weighed), workspace)

    async def weigh_batch(bronze: Bronze, silver: Silver) -> list[DeliveryEvidence]:
        return weigh(bronze, silver)

    readings: OpenReadings[Bronze] = OpenReadings(settings, passes, validate_batch, weigh_batch)
    silvers = [
        silver
        for bronze in bronzes
        if not readings.waits(bronze, bronze)
        if (silver := await readings.validated(bronze, bronze))
    ]
    feed, settled = await readings.settle()
    silvers += [one.silver for one in settled]
    return feed, silvers, [error for one in settled for error in one.errors]


async def take_out(warehouse: ConnectionSettings, name: str, feed: str = "default") -> Withdrawal:
    """Withdraw a delivery for good."""
    this = new_run()
    await start_run(warehouse, this)
    return await withdraw(warehouse, feed, name, this, dry_run=False)


async def state(warehouse: ConnectionSettings) -> Fingerprint:
    """The warehouse's fingerprint."""
    async with connected(warehouse) as connection:
        return await fingerprint(connection)


async def assert_accounted(warehouse: ConnectionSettings) -> None:
    """Assert that every delivery is accounted for, and that the ledger's sum is the facts'."""
    async with connected(warehouse) as connection:
        facts = await connection.fetchval("select count(*) from retail_dwh.fact_sale")
        assert facts == await connection.fetchval(
            "select coalesce(sum(rows_loaded), 0) from retail_ops.delivery"
        )
        wrong = await connection.fetch(
            "select d.name, d.rows_loaded, d.rows_duplicate, d.rows_quarantined, "
            "(select count(*) from retail_dwh.fact_sale f where f.delivery_key = d.delivery_key) as facts, "
            "(select count(*) from retail_ops.line_source s where s.delivery_key = d.delivery_key) as further, "
            "(select count(*) from retail_ops.quarantine q where q.attempt_id = d.attempt_id) as set_aside, "
            "f.identical_lines from retail_ops.delivery d join retail_ops.feed f using (feed)"
        )
    for row in wrong:
        assert row["rows_loaded"] == row["facts"], dict(row)
        assert row["rows_quarantined"] == row["set_aside"], dict(row)
        if row["identical_lines"] == "keep":
            assert row["rows_duplicate"] == row["further"], dict(row)
