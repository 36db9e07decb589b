"""Carry batches of deliveries through the stages, side by side.

Each stage takes one batch at a time. While one is copied, the next one waits with its lines at hand, and a third
is read and judged; no more, so that the first is loaded soon and few are held.

What goes wrong with a delivery stays with it; what goes wrong with the warehouse or the workspace ends
the batch, and the run fails with it once the other batches are through.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import datetime
from uuid import UUID

from prefect.artifacts import acreate_progress_artifact, aupdate_progress_artifact

from flows.request import EtlRequest
from tasks.errors import DateFormatUnclear, DeliveryError, RetailError
from tasks.ingest.bronze import Bronze, IngestResult
from tasks.ingest.date_formats import decide
from tasks.ingest.discover import Delivery
from tasks.ingest.steps import ingest_batch
from tasks.postgres.connect import ConnectionSettings
from tasks.report.run_report import DeliveryReport, delivery_report
from tasks.report.timings import Stopwatch
from tasks.validate.score import DeliveryQuality, rejection_reason
from tasks.validate.settings import FeedSettings, ValidationSettings
from tasks.validate.silver import Silver
from tasks.validate.steps import validate_batch
from tasks.warehouse.ledger import FeedState, Run
from tasks.warehouse.load.transaction import LoadedDelivery
from tasks.warehouse.steps import load_batch

_TOLD_EVERY = 2.0  # seconds


@dataclass
class RunContext:
    """What the batches of a run share. ``warehouse`` is None if nothing is to be loaded; before anything is,
    ``prepared`` must be done."""

    options: EtlRequest
    run: Run
    feed: FeedSettings
    known: FeedState
    warehouse: ConnectionSettings | None
    prepared: asyncio.Future[FeedState] | None
    watch: Stopwatch
    ingesting: asyncio.Lock = field(default_factory=asyncio.Lock)
    validating: asyncio.Lock = field(default_factory=asyncio.Lock)
    # Batches between the start of their reading and the end of their judging: one, unless all are read first.
    ahead: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(1))
    # Batches whose lines are at hand for their copy, and the turn of the one that copies.
    loading: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(2))
    copying: asyncio.Lock = field(default_factory=asyncio.Lock)

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        """The turn to copy, whose time counts to the stage."""
        async with self.copying:
            with self.watch.stage("load"):
                yield


@dataclass(frozen=True)
class PipelineResult:
    """What became of the deliveries, the first error that was not a delivery's own, and the telling of the
    progress, which may still be under way."""

    deliveries: tuple[DeliveryReport, ...]
    error: RetailError | None = None
    telling: asyncio.Future[None] | None = None


def failed_delivery(error: DeliveryError) -> DeliveryReport:
    """The report of a delivery that could not be taken."""
    return DeliveryReport(error.delivery, "failed", reason=error.reason)


async def run_batches(carriage: RunContext, batches: Sequence[tuple[Delivery, ...]]) -> PipelineResult:
    """Carry all batches; none waits for another but for its turn in a stage."""
    label = [f"{number} of {len(batches)}" for number in range(1, len(batches) + 1)]
    reading = [asyncio.ensure_future(_ingest(carriage, *pair)) for pair in zip(label, batches, strict=True)]
    bar = _ProgressArtifact(carriage.run.run_id, sum(one.weight for batch in batches for one in batch))
    telling = asyncio.ensure_future(bar.keep_telling())
    error: RetailError | None = None
    reports: list[DeliveryReport] = []

    async def carry(number: int) -> list[DeliveryReport]:
        nonlocal error
        batch = batches[number]
        try:
            return await _process_batch(carriage, label[number], reading, number)
        except RetailError as raised:
            error = error or raised
            return [DeliveryReport(one.name, "failed", reason=raised.message) for one in batch]
        finally:
            bar.done += sum(one.weight for one in batch)

    try:
        for some in await asyncio.gather(*(carry(number) for number in range(len(batches)))):
            reports += some
    finally:
        bar.ended.set()
    return PipelineResult(tuple(reports), error, telling)


async def _ingest(carriage: RunContext, label: str, batch: tuple[Delivery, ...]) -> IngestResult:
    await carriage.ahead.acquire()
    async with carriage.ingesting:
        with carriage.watch.stage("ingest"):
            ingested = await carriage.options.retry.on(ingest_batch)(
                label, batch, carriage.known.deliveries, carriage.options.workspace
            )
    if ingested.bronze:
        carriage.watch.add_rows("ingest", ingested.bronze.rows)
    return ingested


async def _process_batch(
    carriage: RunContext, label: str, reading: Sequence[asyncio.Future[IngestResult]], number: int
) -> list[DeliveryReport]:
    try:
        ingested = await reading[number]
        reports = [DeliveryReport(name, "unchanged") for name in ingested.unchanged]
        reports += [failed_delivery(error) for error in ingested.failed]
        bronze = ingested.bronze
        if bronze is None:
            return reports
        feed, unclear = await _resolve_date_format(carriage, bronze, reading)
        async with carriage.validating:
            with carriage.watch.stage("validate", bronze.rows):
                settings = ValidationSettings(feed, datetime.now(feed.zone()).date())
                silver = await carriage.options.retry.on(validate_batch)(
                    label, bronze, settings, carriage.options.workspace
                )
    finally:
        carriage.ahead.release()
    silver = replace(silver, deliveries=tuple(one for one in silver.deliveries if one.name not in unclear))
    return reports + list(unclear.values()) + await _gate_and_load(carriage, label, bronze, silver)


async def _resolve_date_format(
    carriage: RunContext, bronze: Bronze, reading: Sequence[asyncio.Future[IngestResult]]
) -> tuple[FeedSettings, dict[str, DeliveryReport]]:
    """The feed's settings with the date format that all deliveries of the run agree on, if one is needed; and,
    if they agree on none, the deliveries that need one."""
    feed = carriage.feed
    if feed.date_format is not None or not bronze.dates.slashed:
        return feed, {}
    for _ in reading:  # all are read before one is judged
        carriage.ahead.release()
    every = await asyncio.gather(*reading)
    names = [one.name for one in bronze.deliveries if one.slashed_dates]
    try:
        return replace(feed, date_format=decide((one.bronze.dates for one in every if one.bronze), names)), {}
    except DateFormatUnclear as error:
        return feed, {
            name: failed_delivery(DateFormatUnclear(error.what, error.next_step, delivery=name))
            for name in names
        }


async def _gate_and_load(
    carriage: RunContext, label: str, bronze: Bronze, silver: Silver
) -> list[DeliveryReport]:
    options = carriage.options
    refusals = {one.name: _refusal(one, options) for one in silver.deliveries}
    accepted = [one for one in silver.deliveries if refusals[one.name] is None]
    loaded: dict[str, LoadedDelivery] = {}
    if accepted and carriage.warehouse is not None and carriage.prepared is not None:
        await asyncio.wait([carriage.prepared])
        async with carriage.loading:
            results = await options.retry.on(load_batch)(
                label,
                carriage.warehouse,
                silver,
                accepted,
                carriage.run,
                carriage.turn,
                replace_anyway=options.replace,
            )
        carriage.watch.add_rows("load", sum(one.rows_in for one in accepted))
        loaded = {one.name: one for one in results}
    received = {one.name: one for one in bronze.deliveries}
    reports = []
    for one in silver.deliveries:
        score = one.score(options.quality_weights) if options.quality_checks else None
        reports.append(
            delivery_report(one, received[one.name], loaded.get(one.name), score, refusals[one.name])
        )
    return reports


def _refusal(quality: DeliveryQuality, options: EtlRequest) -> str | None:
    if not options.quality_checks:
        return None
    return rejection_reason(quality, options.quality_threshold, options.quality_weights)


@dataclass
class _ProgressArtifact:
    """How far the run is, by weight of the deliveries, as an artifact in the UI.

    It is told beside the work, at the start, now and then, and at the end: no batch waits for an answer of
    Prefect's server.
    """

    run_id: UUID
    total: int
    done: int = 0
    ended: asyncio.Event = field(default_factory=asyncio.Event)

    async def keep_telling(self) -> None:
        told = self._percent
        artifact = await acreate_progress_artifact(
            told, key="retail-etl-progress", description=f"Deliveries of run {self.run_id}"
        )
        while not self.ended.is_set() or told != self._percent:
            with suppress(TimeoutError):
                await asyncio.wait_for(self.ended.wait(), _TOLD_EVERY)
            if told != self._percent:
                told = self._percent
                await aupdate_progress_artifact(artifact, told)

    @property
    def _percent(self) -> float:
        return 100.0 * self.done / self.total if self.total else 0.0
