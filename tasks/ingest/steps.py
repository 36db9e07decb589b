"""Prefect tasks of the ingest stage."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from prefect.runtime import task_run

from tasks.ingest.bronze import IngestResult, ingest
from tasks.ingest.discover import Delivery
from tasks.ingest.limits import ReadLimits
from tasks.ingest.reading import ReadingSettings
from tasks.ingest.unfinished import look_again
from tasks.metering import in_thread
from tasks.retries import step


@step("ingest", "ingest", timeout_seconds=1800)
async def ingest_batch(
    label: str,
    batch: Sequence[Delivery],
    known: Mapping[str, str],
    workspace: Path,
    limits: ReadLimits,
    reading: ReadingSettings,
    settle_seconds: float,
) -> IngestResult:
    """Read a batch of deliveries into bronze; see ``tasks.ingest.bronze.ingest``.

    A retry takes a file that changed during the attempt before, if it has not changed again.
    """
    if task_run.run_count > 1:
        batch = tuple(map(look_again, batch))
    return await in_thread(ingest, batch, known, workspace, limits, reading, settle_seconds)
