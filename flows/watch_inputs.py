"""What a watch looks at, from settings and blocks, and the error that its problems end in."""

from __future__ import annotations

from blocks import lookup, settings_sources
from tasks.errors import ProblemsFound
from tasks.outside_text import displayable
from tasks.report.watch import summary
from tasks.warehouse.integrity.check import custom_checks
from tasks.warehouse.integrity.examine import select_checks
from tasks.warehouse.watch import WatchInputs, WatchReport


async def gather_inputs(warehouse: str = "") -> WatchInputs:
    """Read settings, blocks and the user's own checks.

    Args:
        warehouse: Name of a SupabaseWarehouse block, or empty.

    Raises:
        SettingsError: a setting, the block or a check is wrong.
    """
    resolved = settings_sources.resolve()
    settings = resolved.settings
    folder = settings.retail_integrity_checks
    return WatchInputs(
        await lookup.warehouse_settings(warehouse, resolved),
        select_checks("", custom_checks(folder.expanduser().absolute()) if folder else ()),
        settings.health_thresholds,
        settings.retail_integrity_check_seconds,
    )


def raise_on_problems(report: WatchReport) -> WatchReport:
    """Return the report, unless it has problems."""
    if report.problems:
        lines = [displayable(note.text) for note in report.problems]
        raise ProblemsFound("\n".join([f"{summary(report)}.", *lines]), report=report)
    return report
