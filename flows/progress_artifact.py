"""The progress of a run as an artifact in Prefect's UI."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from uuid import UUID, uuid4

from prefect.artifacts import acreate_progress_artifact, aupdate_progress_artifact
from prefect.runtime import flow_run

from tasks import progress

_UPDATE_SECONDS = 2.0
_COUNTED = frozenset({"backup.archives", "backup.fingerprints", "backup.verify", "restore.rows"})


@dataclass
class ProgressArtifact:
    """The share of the work that is done, by default of the deliveries' bytes.

    It is updated beside the work, at the start, every two seconds and at the end, so that no batch waits for
    Prefect's server.
    """

    run_id: UUID
    total: int
    done: int = 0
    key: str = "retail-etl-progress"
    what: str = "Deliveries"
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
            shown, key=self.key, description=f"{self.what} of run {self.run_id}"
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


@asynccontextmanager
async def reported_objects(run_id: UUID, key: str, what: str) -> AsyncIterator[None]:
    """Keep an artifact with the share of the objects that the block has reported as done, of those it has named.

    Args:
        run_id: The flow run.
        key: Key of the artifact.
        what: What the objects are, for its description.
    """
    artifact = ProgressArtifact(run_id, 0, key=key, what=what)
    done: dict[str, tuple[int, int]] = {}

    def listen(step: progress.Progress) -> None:
        if step.total and step.done is not None and step.step in _COUNTED:
            done[step.step] = (step.done, step.total)
            artifact.done, artifact.total = (sum(numbers) for numbers in zip(*done.values(), strict=True))

    artifact.start()
    try:
        with progress.listening(listen):
            yield
    finally:
        artifact.stop()
        await artifact.finish()


def run_id() -> UUID:
    """Id of the flow run; a new one outside of a run."""
    return UUID(flow_run.id) if flow_run.id else uuid4()
