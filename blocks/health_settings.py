"""The thresholds of the warehouse's health, each a warning and a critical limit."""

from __future__ import annotations

from pydantic import Field
from pydantic_settings import BaseSettings

from blocks.setting_types import FallingLimits, RisingLimits
from tasks.warehouse.health.finding import DEFAULT_THRESHOLDS, Limits


def _default(name: str) -> tuple[float, float]:
    limits: Limits = getattr(DEFAULT_THRESHOLDS, name)
    return limits.warning, limits.critical


class HealthSettings(BaseSettings):
    """The thresholds; those of ``HealthThresholds`` with the prefix ``retail_health_``."""

    retail_health_connection_ms: RisingLimits = Field(
        _default("connection_ms"),
        description="Milliseconds to open a connection: from when a warning, from when critical.",
    )
    retail_health_use_percent: RisingLimits = Field(
        _default("use_percent"),
        description="Per cent in use of the connections, the pool and the disk: warning, critical.",
    )
    retail_health_transaction_minutes: RisingLimits = Field(
        _default("transaction_minutes"),
        description="Minutes that the longest transaction is open: warning, critical.",
    )
    retail_health_lock_seconds: RisingLimits = Field(
        _default("lock_seconds"), description="Seconds that a session waits for a lock: warning, critical."
    )
    retail_health_wal_mb: RisingLimits = Field(
        _default("wal_mb"), description="MB of WAL kept for replication slots: warning, critical."
    )
    retail_health_run_hours: RisingLimits = Field(
        _default("run_hours"),
        description="Hours since the last run, and the last good one: warning, critical.",
    )
    retail_health_backup_hours: RisingLimits = Field(
        _default("backup_hours"), description="Hours since the last full backup: warning, critical."
    )
    retail_health_proof_days: RisingLimits = Field(
        _default("proof_days"), description="Days since the last proof of a backup: warning, critical."
    )
    retail_health_disk_days: FallingLimits = Field(
        _default("disk_days"),
        description="Days until the disk of RETAIL_DISK_MB is full: warning, critical.",
    )
