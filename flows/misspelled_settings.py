"""The one line with which a run warns of names that misspell a setting."""

from __future__ import annotations

from prefect.logging import get_run_logger

from blocks.settings_sources import Resolved


def warn_of_misspelled(resolved: Resolved) -> None:
    """Log the names that misspell a setting, each with the setting, in one line; nothing if there are none."""
    if resolved.misspelled:
        get_run_logger().warning("%s", " ".join(map(str, resolved.misspelled)))
