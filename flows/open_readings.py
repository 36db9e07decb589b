"""Batches with values that two readings fit: they wait until all batches are read, and the evidence of all settles them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Generic, TypeVar

from tasks.errors import ReadingUnclear
from tasks.ingest.ingested import Bronze
from tasks.validate.evidence import DeliveryEvidence
from tasks.validate.score import DeliveryQuality
from tasks.validate.settings import FeedSettings
from tasks.validate.settle import Settled, asked, settle, trials, unsettled
from tasks.validate.silver import Silver

B = TypeVar("B")
Weigh = Callable[[Bronze, Silver], Awaitable[list[DeliveryEvidence]]]
Validate = Callable[[B, Bronze, FeedSettings, tuple[str, ...]], Awaitable[Silver | None]]


@dataclass(frozen=True)
class SettledBatch(Generic[B]):
    """A batch that waited, validated by what was settled, and the errors of its deliveries that ask in vain."""

    batch: B
    bronze: Bronze
    silver: Silver
    errors: tuple[ReadingUnclear, ...]


@dataclass
class OpenReadings(Generic[B]):
    """The batches of a run, as they are read and validated.

    Args:
        feed: Settings of the feed as the run begins.
        passes: Whether a validated delivery would be loaded: others are no evidence.
        validate: Validates a batch by settings, of which some are weighed; returns None if the batch failed.
        weigh: Counts the evidence in a validated batch.
    """

    feed: FeedSettings
    passes: Callable[[DeliveryQuality], bool]
    validate: Validate[B]
    weigh: Weigh
    _seen: list[Bronze] = field(default_factory=list)
    _waiting: list[tuple[B, Bronze]] = field(default_factory=list)
    _validated: list[tuple[Bronze, Silver]] = field(default_factory=list)

    @property
    def weighed(self) -> tuple[str, ...]:
        """The settings that the feed leaves open."""
        return unsettled(self.feed)

    @property
    def waiting(self) -> list[B]:
        """The batches that wait."""
        return [batch for batch, _ in self._waiting]

    def waits(self, batch: B, bronze: Bronze) -> bool:
        """Note a batch that was read; return whether it has to wait for the others."""
        self._seen.append(bronze)
        if not asked(self.feed, [bronze]):
            return False
        self._waiting.append((batch, bronze))
        return True

    async def validated(self, batch: B, bronze: Bronze) -> Silver | None:
        """Validate a batch that does not wait; its lines are evidence for those that do."""
        silver = await self.validate(batch, bronze, self.feed, self.weighed)
        if silver is not None and self.weighed:
            self._validated.append((bronze, silver))
        return silver

    async def settle(self) -> tuple[FeedSettings, list[SettledBatch[B]]]:
        """Settle what the waiting batches ask, once all batches are read.

        Returns:
            Settings of the feed, and the batches that waited, without those that failed.
        """
        if not self._waiting:
            return self.feed, []
        asking = [bronze for _, bronze in self._waiting]
        others = await self._evidence(self._validated)
        tried: dict[FeedSettings, list[DeliveryEvidence]] = {}
        batches: list[tuple[B, Bronze, Silver]] = []
        for trial in trials(self.feed, asking, self._seen):
            batches = await self._all_validated(trial, self.weighed)
            tried[trial] = others + await self._evidence([batch[1:] for batch in batches])
        settled = settle(self.feed, asking, tried)
        if len(tried) > 1:  # values that only a reading fits that was not settled are faulty
            batches = await self._all_validated(settled.feed, ())
        return settled.feed, [_settled(settled, *batch) for batch in batches]

    async def _all_validated(
        self, feed: FeedSettings, weighed: tuple[str, ...]
    ) -> list[tuple[B, Bronze, Silver]]:
        valid = []
        for batch, bronze in tuple(self._waiting):
            silver = await self.validate(batch, bronze, feed, weighed)
            if silver is None:
                self._waiting.remove((batch, bronze))
            else:
                valid.append((batch, bronze, silver))
        return valid

    async def _evidence(self, batches: Sequence[tuple[Bronze, Silver]]) -> list[DeliveryEvidence]:
        evidence = []
        for bronze, silver in batches:
            passing = {quality.name for quality in silver.deliveries if self.passes(quality)}
            evidence += [each for each in await self.weigh(bronze, silver) if each.name in passing]
        return evidence


def _settled(settled: Settled, batch: B, bronze: Bronze, silver: Silver) -> SettledBatch[B]:
    files = {file.name: file for file in bronze.deliveries}
    errors = [error for file in bronze.deliveries if (error := settled.error_of(file))]
    names = {error.delivery for error in errors}
    left = tuple(
        replace(quality, notes=(*quality.notes, *settled.notes_of(files[quality.name])))
        for quality in silver.deliveries
        if quality.name not in names
    )
    # Without the readings that were tried in vain, which decide none of the deliveries that are left.
    settings = replace(silver.settings, feed=settled.feed)
    return SettledBatch(batch, bronze, replace(silver, deliveries=left, settings=settings), tuple(errors))
