"""Prefect tasks of the validate stage."""

from __future__ import annotations

from pathlib import Path

from tasks.ingest.ingested import Bronze
from tasks.metering import in_thread
from tasks.retries import step
from tasks.validate.evidence import DeliveryEvidence, weigh
from tasks.validate.settings import ValidationSettings
from tasks.validate.silver import Silver, validate


@step("validate", "validate", timeout_seconds=1800)
async def validate_batch(label: str, bronze: Bronze, settings: ValidationSettings, workspace: Path) -> Silver:
    """Type and validate the lines of a batch; see ``tasks.validate.silver.validate``."""
    return await in_thread(validate, bronze, settings, workspace)


@step("weigh", "validate", timeout_seconds=1800)
async def weigh_batch(label: str, bronze: Bronze, silver: Silver) -> list[DeliveryEvidence]:
    """Count the evidence for readings that the feed leaves open; see ``tasks.validate.evidence.weigh``."""
    return await in_thread(weigh, bronze, silver)
