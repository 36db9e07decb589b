"""The kinds of alerts, each with its severity, title, next step and entry in docs/runbook.md."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, get_args

Severity = Literal["info", "warning", "error", "critical"]
Kind = Literal[
    "failed",
    "timed_out",
    "cancelled",
    "crashed",
    "never_started",
    "below_threshold",
    "quarantine",
    "vanished",
    "degraded",
    "backup_failed",
    "backup_unproven",
    "health",
    "recovered",
]
_ORDER: tuple[Severity, ...] = get_args(Severity)


def rank(severity: Severity) -> int:
    """Order of a severity, from 0 (info) to 3 (critical)."""
    return _ORDER.index(severity)


@dataclass(frozen=True)
class KindDefaults:
    """Severity and texts shared by all alerts of a kind. ``runbook`` is the anchor of the runbook entry."""

    severity: Severity
    title: str
    next_step: str
    runbook: str


KINDS: Mapping[Kind, KindDefaults] = {
    "failed": KindDefaults(
        "error",
        "Run failed",
        "Fix the cause, then run again: committed deliveries are kept and nothing is loaded twice.",
        "failed",
    ),
    "timed_out": KindDefaults(
        "error",
        "Run timed out",
        "Check which stage took the time, then run again: it resumes where it stopped.",
        "timed-out",
    ),
    "cancelled": KindDefaults(
        "warning",
        "Run cancelled",
        "If this was not intended, run again: each delivery is loaded completely or not at all.",
        "cancelled",
    ),
    "crashed": KindDefaults(
        "critical",
        "Run crashed",
        "Check the worker's machine (memory, disk, restart), then run again: it resumes where it stopped.",
        "crashed",
    ),
    "never_started": KindDefaults(
        "critical",
        "Run never started",
        "Check that a worker of the work pool is running; the waiting run starts once one is.",
        "never-started",
    ),
    "below_threshold": KindDefaults(
        "error",
        "Deliveries rejected by the quality gate",
        "Ask the sender for better data, or lower the threshold for this run to accept the deliveries.",
        "below-threshold",
    ),
    "quarantine": KindDefaults(
        "warning",
        "Many lines quarantined",
        "Check which rules they violate; all other lines are loaded.",
        "quarantine",
    ),
    "vanished": KindDefaults(
        "warning",
        "Deliveries vanished from their folder",
        "If the files are missing by mistake, put them back. If their lines are to go, run with --withdraw-vanished. If "
        "the folder is cleared after loading, run once with --vanished ignore; the feed keeps it.",
        "vanished",
    ),
    "degraded": KindDefaults(
        "warning",
        "Run completed with parts missing",
        "Check what is missing, and why.",
        "degraded",
    ),
    "backup_failed": KindDefaults(
        "critical",
        "Backup failed",
        "Fix the cause and back up again today: until then the last good backup is getting older.",
        "backup-failed",
    ),
    "backup_unproven": KindDefaults(
        "critical",
        "Backup verification failed",
        "Do not rely on this backup: make a new one and verify it.",
        "backup-unproven",
    ),
    "health": KindDefaults(
        "error",
        "Warehouse health check failed",
        "Follow the advice of each failed check.",
        "health",
    ),
    "recovered": KindDefaults("info", "Recovered", "No action needed.", "recovered"),
}
