"""The progress of a run as an artifact in Prefect's UI."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import dataclass, field
from uuid import UUID

from prefect.artifacts import acreate_progress_artifact, aupdate_progress_artifact

_UPDATE_SECONDS = 2.0


@dataclass
class ProgressArtifact:
    """The share of the deliveries' bytes that are through.

    It is updated beside the work, at the start, every two seconds and at the end, so that no batch waits for
    Prefect's server.
    """

    run_id: UUID
    total: int
    done: int = 0
    _stopped: asyncio.Event = field(default_factory=asyncio.Event)
    _updates: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin the updates in the running event loop."""
        self._updates = asyncio.create_task(self._update())

    def stop(self) -> None:
        """Let the updates end with the present figure."""
        self._stopped.set()

    async def finish(self) -> None:
        """Wait for the last update. Raises what Prefect raised."""
        if self._updates is not None:
            await self._updates

    async def _update(self) -> None:
        shown = self._percent
        artifact = await acreate_progress_artifact(
            shown, key="retail-etl-progress", description=f"Deliveries of run {self.run_id}"
        )
        while not self._stopped.is_set() or shown != self._percent:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._stopped.wait(), _UPDATE_SECONDS)
            if shown != self._percent:
                shown = self._percent
                await aupdate_progress_artifact(artifact, shown)

    @property
    def _percent(self) -> float:
        return 100.0 * self.done / self.total if self.total else 0.0
