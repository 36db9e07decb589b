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
    "degraded",
    "backup_failed",
    "backup_unproven",
    "health",
    "recovered",
]
_ORDER: tuple[Severity, ...] = get_args(Severity)


def rank(severity: Severity) -> int:
    """The place of a severity, from 0 (info) on."""
    return _ORDER.index(severity)


@dataclass(frozen=True)
class KnownKind:
    """What is the same for every alert of a kind. ``runbook`` is the anchor of its entry."""

    severity: Severity
    title: str
    next_step: str
    runbook: str


KINDS: Mapping[Kind, KnownKind] = {
    "failed": KnownKind(
        "error",
        "The run failed",
        "Read what happened, mend it, and run again: what had committed is there, nothing is loaded twice.",
        "failed",
    ),
    "timed_out": KnownKind(
        "error",
        "The run was too slow and was ended",
        "Look which stage took the time; run again, it goes on where it stopped.",
        "timed-out",
    ),
    "cancelled": KnownKind(
        "warning",
        "The run was cancelled",
        "If nobody meant to, run again: whole deliveries are loaded, the others not at all.",
        "cancelled",
    ),
    "crashed": KnownKind(
        "critical",
        "The run died",
        "Look at the worker's machine (memory, disk, restart), then run again: it goes on where it stopped.",
        "crashed",
    ),
    "never_started": KnownKind(
        "critical",
        "A run never started",
        "Look whether a worker of the work pool is alive; start one, the waiting run then begins.",
        "never-started",
    ),
    "below_threshold": KnownKind(
        "error",
        "Deliveries were refused for their quality",
        "Ask the sender for better data, or lower the threshold for this run if you accept them.",
        "below-threshold",
    ),
    "quarantine": KnownKind(
        "warning",
        "Many lines were set aside",
        "Look which rule they break; the rest is loaded.",
        "quarantine",
    ),
    "degraded": KnownKind(
        "warning",
        "The run was done with less than it should",
        "Read what was left out, and why.",
        "degraded",
    ),
    "backup_failed": KnownKind(
        "critical",
        "The backup failed",
        "Read what happened and back up again today: until then the last good backup grows older.",
        "backup-failed",
    ),
    "backup_unproven": KnownKind(
        "critical",
        "A backup could not be proven",
        "Do not rely on it: make another one, and prove that.",
        "backup-unproven",
    ),
    "health": KnownKind(
        "error",
        "A check of the warehouse turned bad",
        "Read the check's advice.",
        "health",
    ),
    "recovered": KnownKind("info", "Recovered", "Nothing is left to do.", "recovered"),
}
