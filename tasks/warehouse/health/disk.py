"""The disk: how much of it the database takes, and when it is full at its pace of growth."""

from __future__ import annotations

from tasks.warehouse.health.finding import HealthFinding, HealthStatus, HealthThresholds, worst
from tasks.warehouse.statistics import Growth

_FIX = "Free space (retail status --json shows the sizes), or buy a larger disk; Supabase makes a full database read-only."


def examine_disk(database_bytes: int, growth: Growth, thresholds: HealthThresholds) -> HealthFinding:
    """Judge the days until the disk is full, and the share of it that is taken."""
    name, what = "disk", f"the database has {database_bytes / 1e6:,.0f} MB"
    if not thresholds.disk_bytes:
        what += "; the size of the disk is not known"
        return HealthFinding(name, HealthStatus.OK, None, "days", what, "Set RETAIL_DISK_MB.")
    percent = 100 * database_bytes / thresholds.disk_bytes
    what += f" of {thresholds.disk_bytes / 1e6:,.0f} MB ({percent:.0f} %)"
    status = thresholds.use_percent.judge(percent)
    days = growth.days_until_full
    if days is not None:
        status = worst(status, thresholds.disk_days.judge(days))
        what += f"; at its pace the disk is full in {days:,.0f} days"
    value = None if days is None else round(days, 1)
    if status is HealthStatus.OK:
        return HealthFinding(name, status, value, "days", what)
    return HealthFinding(name, status, value, "days", f"{what}.", _FIX)
