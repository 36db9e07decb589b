"""Batches with values that two readings fit: they wait until all batches are read, and the evidence of all settles them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Generic, TypeVar

from tasks.errors import ReadingUnclear
from tasks.ingest.bronze import Bronze
from tasks.validate.score import DeliveryQuality
from tasks.validate.settings import FeedSettings
from tasks.validate.settle import Settled, asked, settle, trials, unsettled
from tasks.validate.silver import Silver

B = TypeVar("B")
# Validates a batch by settings, of which some are weighed; None if the batch failed.
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
    """

    feed: FeedSettings
    passes: Callable[[DeliveryQuality], bool]
    _seen: list[Bronze] = field(default_factory=list)
    _waiting: list[tuple[B, Bronze]] = field(default_factory=list)
    _passing: list[DeliveryQuality] = field(default_factory=list)

    @property
    def weighed(self) -> tuple[str, ...]:
        """The settings that the feed leaves open."""
        return unsettled(self.feed)

    def waits(self, batch: B, bronze: Bronze) -> bool:
        """Note a batch that was read; return whether it has to wait for the others."""
        self._seen.append(bronze)
        if not asked(self.feed, [bronze]):
            return False
        self._waiting.append((batch, bronze))
        return True

    def add(self, silver: Silver) -> None:
        """Note the evidence of a batch that did not wait."""
        self._passing += self._evidence(silver)

    async def settle(self, validate: Validate[B]) -> tuple[FeedSettings, list[SettledBatch[B]]]:
        """Settle what the waiting batches ask, once all batches are read.

        Args:
            validate: Validates a batch.

        Returns:
            Settings of the feed, and the batches that waited, without those that failed.
        """
        tried: dict[FeedSettings, list[DeliveryQuality]] = {}
        waiting, silvers = self._waiting, list[Silver]()
        asking = [bronze for _, bronze in waiting]
        for trial in trials(self.feed, asking, self._seen) if waiting else ():
            waiting, silvers = await _validated(validate, waiting, trial, self.weighed)
            tried[trial] = [*self._passing, *(each for silver in silvers for each in self._evidence(silver))]
        settled = settle(self.feed, asking, tried)
        if len(tried) > 1:  # the values that no longer count are faulty now
            waiting, silvers = await _validated(validate, waiting, settled.feed, ())
        batches = zip(waiting, silvers, strict=True)
        return settled.feed, [_settled(settled, *batch, silver) for batch, silver in batches]

    def _evidence(self, silver: Silver) -> list[DeliveryQuality]:
        return [quality for quality in silver.deliveries if quality.evidence and self.passes(quality)]


async def _validated(
    validate: Validate[B], batches: Sequence[tuple[B, Bronze]], feed: FeedSettings, weighed: tuple[str, ...]
) -> tuple[list[tuple[B, Bronze]], list[Silver]]:
    valid, silvers = [], []
    for batch, bronze in batches:
        silver = await validate(batch, bronze, feed, weighed)
        if silver is not None:
            valid.append((batch, bronze))
            silvers.append(silver)
    return valid, silvers


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
