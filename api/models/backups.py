"""Answers about backups."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from pydantic import Field

from api.models.base import Model, page_example


class Backup(Model):
    """A backup in the vault; null where its manifest cannot be read."""

    id: str
    kind: Literal["full", "table"] | None
    tables: list[str] = Field(description="The tables that a backup of kind table has.")
    created_at: datetime | None
    age_seconds: int | None
    size_bytes: int
    database: str | None
    kept_by: list[str] = Field(description="Rules that keep it; without one, pruning deletes it.")
    proven: bool = Field(description="Whether its newest test restore passed.")
    proof: Literal["passed", "failed", "incomplete"] | None
    proved_at: datetime | None
    run: UUID | None = Field(description="The last run in the warehouse when it was made.")
    quality_score: float | None
    is_good: bool = Field(description="Whether that run completed and passed the quality gate.")
    manifest: str = Field(description="Whether the manifest is authentic, or why it cannot be read.")


class BackupRows(Model):
    """A table in a backup."""

    table: str
    rows: int


class BackupProof(Model):
    """A test restore of a backup."""

    proof_id: UUID
    proved_at: datetime
    outcome: Literal["passed", "failed", "incomplete"]
    findings: list[str]
    server_version: int


class BackupDetails(Backup):
    """A backup with its tables and test restores."""

    finished_at: datetime | None
    server_version: int | None = Field(description="As server_version_num, such as 170010.")
    package_version: str | None
    not_restorable: list[str] = Field(description="What this backup cannot bring back.")
    rows: list[BackupRows]
    proofs: list[BackupProof]


_BACKUP: dict[str, Any] = {
    "id": "7c1f3c34-53a8-4a5b-9a35-5a0b3a0f0c11",
    "kind": "full",
    "tables": [],
    "created_at": "2026-11-29T02:30:00Z",
    "age_seconds": 13200,
    "size_bytes": 9200000,
    "database": "postgres",
    "kept_by": ["last"],
    "proven": True,
    "proof": "passed",
    "proved_at": "2026-11-29T03:10:00Z",
    "run": "0f0e2c4b-6a53-4d0a-8d3e-6f1f0f4a9d55",
    "quality_score": 99.2,
    "is_good": True,
    "manifest": "authentic",
}
BACKUPS: dict[str, Any] = page_example(_BACKUP)
BACKUP: dict[str, Any] = {
    **_BACKUP,
    "finished_at": "2026-11-29T02:30:41Z",
    "server_version": 170006,
    "package_version": "0.1.0",
    "not_restorable": [],
    "rows": [{"table": "retail_dwh.fact_sale", "rows": 541909}],
    "proofs": [
        {
            "proof_id": "27a0e7c1-30f5-4f0c-9f37-6a9b0b7c1d22",
            "proved_at": "2026-11-29T03:10:00Z",
            "outcome": "passed",
            "findings": [],
            "server_version": 170006,
        }
    ],
}
