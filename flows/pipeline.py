"""Run batches of deliveries through ingest, validate and load.

Each stage works on one batch at a time, side by side with the other stages. The queues between them are short, so
that the first batch is loaded early and few are in memory: the next batch is read once this one is validated, and
while one is merged, another sends its lines, and a third has them ready.

An error of a delivery stays with it; an error of the warehouse or the workspace ends its batch, and the run fails
with the first one after the other batches are through.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeVar

from prefect.logging import get_run_logger

from flows.batch_load import load_accepted
from flows.batch_read import failed_delivery, read_batch, unread_reports
from flows.not_loaded import quarantine_too_large, unclear, wrong_sums
from flows.open_readings import OpenReadings
from flows.presets import with_preset
from flows.progress_artifact import ProgressArtifact
from flows.run_context import RunContext
from flows.vanished import searched_sources
from tasks.errors import (
    PrefectUnreachable,
    RetailError,
)
from tasks.ingest.discover import Delivery, batches, discover
from tasks.ingest.ingested import Bronze
from tasks.ingest.vanished import SearchedSource
from tasks.outside_text import displayable
from tasks.report.run_report import DeliveryReport, RefusedDelivery, Rejection, delivery_report
from tasks.validate.evidence import DeliveryEvidence
from tasks.validate.score import DeliveryQuality, rejection_reason
from tasks.validate.settings import FeedSettings, ValidationSettings
from tasks.validate.silver import Silver
from tasks.validate.steps import validate_batch, weigh_batch
from tasks.warehouse.load.transaction import LoadedDelivery

T = TypeVar("T")
# One is merged, one sends its lines, one has its lines ready.
_LOADERS = 3


@dataclass(frozen=True)
class PipelineResult:
    """A report for each delivery, the files passed over, the links that lead out of the sources,
    the first error that was not a delivery's own, the feed's settings, the refused deliveries by name, the folders
    and globs with the known deliveries under them, and sentences about how the feed is read.

    The last update of ``progress`` may still be under way.
    """

    deliveries: tuple[DeliveryReport, ...]
    passed_over: tuple[str, ...]
    links_out: Mapping[str, str]
    error: RetailError | None
    progress: ProgressArtifact
    feed: FeedSettings
    refused: Mapping[str, RefusedDelivery] = field(default_factory=dict)
    sources: tuple[SearchedSource, ...] = ()
    notes: tuple[str, ...] = ()


async def run_pipeline(
    context: RunContext, started: Callable[[Callable[[], PipelineResult]], None]
) -> PipelineResult:
    """Discover the deliveries of the run's sources and run them through the stages.

    ``started`` gets a function that returns the result so far, for a run that ends in the middle.

    Raises:
        SettingsError: ``root`` is not a folder, what vanished is to be withdrawn from a feed that ignores it, or the
            mapping of a new feed asks for what is not given.
        RetailError: a new warehouse could not be prepared; nothing was loaded.
    """
    try:
        discovery = discover(
            context.request.paths,
            context.request.root,
            follow_links=context.request.settings.retail_follow_links,
        )
        sources = searched_sources(context, discovery)
        context, notes = await with_preset(context, discovery.deliveries)
    except RetailError:
        if context.preparation is not None:
            context.preparation.cancel()
        raise
    for link, target in discovery.links_out.items():
        get_run_logger().warning("%s leads out of the source, to %s", *map(displayable, (link, target)))
    pipeline = _Pipeline(context, batches(discovery.deliveries))

    def result_so_far() -> PipelineResult:
        reports = [report for batch in pipeline.batches for report in batch.reports]
        reports += [failed_delivery(error) for error in discovery.failed]
        return PipelineResult(
            tuple(reports),
            discovery.passed_over,
            discovery.links_out,
            pipeline.error,
            pipeline.progress,
            pipeline.feed,
            pipeline.refused,
            sources,
            notes,
        )

    started(result_so_far)
    await pipeline.run()
    return result_so_far()


@dataclass
class _Batch:
    """A batch on its way, with the reports of its deliveries so far."""

    label: str
    deliveries: tuple[Delivery, ...]
    reports: list[DeliveryReport] = field(default_factory=list)

    @property
    def weight(self) -> int:
        return sum(delivery.weight for delivery in self.deliveries)


class _Pipeline:
    """The stages of one run and the queues between them; None ends a queue."""

    def __init__(self, context: RunContext, groups: Sequence[tuple[Delivery, ...]]) -> None:
        self.context = context
        self.batches = [
            _Batch(f"{number} of {len(groups)}", group) for number, group in enumerate(groups, start=1)
        ]
        self.feed = context.feed
        self.error: RetailError | None = None
        self.refused: dict[str, RefusedDelivery] = {}
        # Why deliveries whose sums are wrong are refused, by name.
        self._wrong_sums: dict[str, str] = {}
        self.progress = ProgressArtifact(context.run.run_id, sum(batch.weight for batch in self.batches))
        self._readings: OpenReadings[_Batch] = OpenReadings(
            context.feed, self._passes, self._silver, self._weigh
        )
        self._ingested: asyncio.Queue[tuple[_Batch, Bronze] | None] = asyncio.Queue()
        self._validated: asyncio.Queue[tuple[_Batch, Bronze, Silver] | None] = asyncio.Queue(maxsize=1)

    async def run(self) -> None:
        """Run all stages until the last batch is through.

        Raises the error of a failed preparation of the warehouse, which ends everything at once.
        """
        self.progress.start()
        try:
            async with asyncio.TaskGroup() as stages:
                if self.context.preparation is not None:
                    stages.create_task(_result_of(self.context.preparation))
                stages.create_task(self._ingest())
                stages.create_task(self._validate())
                for _ in range(_LOADERS):
                    stages.create_task(self._load())
        except BaseExceptionGroup as group:
            raise group.exceptions[0] from None
        finally:
            self.progress.stop()

    async def _ingest(self) -> None:
        for batch in self.batches:
            with self._isolated(batch):
                with self.context.stage("ingest"):
                    result = await read_batch(self.context, batch.label, batch.deliveries)
                batch.reports += unread_reports(self.context, batch.deliveries, result)
                if result.bronze is None:
                    self._finished(batch)
                    continue
                self.context.watch.add_rows("ingest", result.bronze.rows)
                self.context.lineage.bronze.append(result.bronze)
                if not self.context.request.accept_sums:
                    self._wrong_sums |= wrong_sums(result.bronze)
                self._ingested.put_nowait((batch, result.bronze))
                await self._ingested.join()
        self._ingested.put_nowait(None)

    async def _validate(self) -> None:
        async for batch, bronze in _items(self._ingested):
            if not self._readings.waits(batch, bronze):
                silver = await self._readings.validated(batch, bronze)
                if silver is not None:
                    await self._validated.put((batch, bronze, silver))
            self._ingested.task_done()
        with self._isolated(*self._readings.waiting):
            self.feed, settled = await self._readings.settle()
            for one in settled:
                one.batch.reports += [failed_delivery(error) for error in one.errors]
                await self._validated.put((one.batch, one.bronze, one.silver))
        for _ in range(_LOADERS):
            await self._validated.put(None)

    async def _silver(
        self, batch: _Batch, bronze: Bronze, feed: FeedSettings, weighed: tuple[str, ...]
    ) -> Silver | None:
        with self._isolated(batch), self.context.stage("validate", bronze.rows):
            settings = ValidationSettings(
                feed, datetime.now(feed.zone()).date(), self.context.request.quarantine_bytes, weighed
            )
            return await self.context.request.retry.apply(validate_batch)(
                batch.label, bronze, settings, self.context.request.workspace
            )
        return None

    async def _weigh(self, bronze: Bronze, silver: Silver) -> list[DeliveryEvidence]:
        return await self.context.request.retry.apply(weigh_batch)("readings", bronze, silver)

    async def _load(self) -> None:
        async for batch, bronze, silver in _items(self._validated):
            with self._isolated(batch):
                self.context.lineage.silver.append(silver)
                batch.reports += await self._gate_and_load(batch, bronze, silver)
                self._finished(batch)

    async def _gate_and_load(self, batch: _Batch, bronze: Bronze, silver: Silver) -> list[DeliveryReport]:
        request = self.context.request
        errors = [error for error in map(unclear, silver.deliveries) if error is not None]
        judged = [quality for quality in silver.deliveries if not quality.unclear_missing]
        rejections = {quality.name: self._rejection(quality) for quality in judged}
        passed = [quality for quality in judged if rejections[quality.name] is None]
        too_large = {quality.name for quality in passed if quality.quarantine_truncated}
        accepted = [quality for quality in passed if quality.name not in too_large]
        loaded: dict[str, LoadedDelivery] = {}
        if accepted and self.context.warehouse is not None:
            with self.context.lineage.stage("load"):
                loaded = await load_accepted(
                    self.context, self.context.warehouse, batch.label, silver, accepted
                )
        files = {delivery.name: delivery for delivery in bronze.deliveries}
        reports = [
            delivery_report(
                quality,
                files[quality.name],
                loaded.get(quality.name),
                quality.score(request.quality_weights) if request.quality_checks else None,
                rejections[quality.name],
            )
            for quality in judged
            if quality.name not in too_large
        ]
        refused = {report.name for report in reports if report.outcome == "refused"}
        self.refused |= {
            quality.name: RefusedDelivery(quality, str(silver.quarantine))
            for quality in judged
            if quality.name in refused
        }
        errors += [quarantine_too_large(name, request.quarantine_bytes) for name in sorted(too_large)]
        return reports + [failed_delivery(error) for error in errors]

    def _passes(self, quality: DeliveryQuality) -> bool:
        return self._rejection(quality) is None and not quality.quarantine_truncated

    def _rejection(self, quality: DeliveryQuality) -> Rejection | None:
        request = self.context.request
        if quality.name in self._wrong_sums:
            return Rejection("sums", self._wrong_sums[quality.name])
        if not request.quality_checks:
            return None
        reason = rejection_reason(quality, request.quality_threshold, request.quality_weights)
        return None if reason is None else Rejection("quality_gate", reason)

    @contextmanager
    def _isolated(self, *batches: _Batch) -> Iterator[None]:
        """Keep an error of ours within batches: their deliveries fail, the run goes on and fails at its end."""
        try:
            yield
        except PrefectUnreachable:  # no step can begin any more
            raise
        except RetailError as error:
            self.error = self.error or error
            for batch in batches:
                batch.reports = [
                    DeliveryReport(delivery.name, "failed", reason=error.message)
                    for delivery in batch.deliveries
                ]
                self._finished(batch)

    def _finished(self, batch: _Batch) -> None:
        self.progress.done += batch.weight


async def _items(queue: asyncio.Queue[T | None]) -> AsyncIterator[T]:
    while (item := await queue.get()) is not None:
        yield item


async def _result_of(task: asyncio.Task[T]) -> T:
    return await task
