"""The alerts of a run: the figures they need from its saved report, and their results in report and table."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from tasks.alerts.notify import AlertRecord
from tasks.errors import UntrustedPath
from tasks.workspace.integrity import check_workspace
from tasks.workspace.outputs import checked_workspace, write_text


@dataclass(frozen=True)
class RunFigures:
    """The figures that alerts need from a run's saved report; all empty for a run that failed early.

    ``loaded`` has the deliveries that are in the warehouse as delivered, empty parts too; ``not_loaded`` the reason by name of those that
    failed or were rejected; ``quarantined`` the percentage of quarantined lines by name of those loaded by this run, and
    ``samples`` the first of those lines; ``withdrawn`` the vanished deliveries that it withdrew, and ``newly_vanished``
    those that it was the first to miss.
    """

    warehouse: str = ""
    lines: int = 0
    rows_quarantined: int = 0
    rules: Mapping[str, int] | None = None
    degraded_reasons: tuple[str, ...] = ()
    loaded: frozenset[str] = frozenset()
    not_loaded: Mapping[str, str] = field(default_factory=dict)
    quarantined: Mapping[str, float] = field(default_factory=dict)
    samples: Mapping[str, Sequence[Mapping[str, Any]]] = field(default_factory=dict)
    withdrawn: frozenset[str] = frozenset()
    newly_vanished: tuple[str, ...] = ()

    @property
    def quarantine_share(self) -> float | None:
        """Quarantined lines in per cent of all validated lines; None if there are none."""
        return 100.0 * self.rows_quarantined / self.lines if self.lines else None

    @property
    def worst_rules(self) -> str:
        """The three rules with the most violations, with their counts."""
        worst = sorted((self.rules or {}).items(), key=lambda item: (-item[1], item[0]))[:3]
        return ", ".join(f"{name} ({count:,})" for name, count in worst)


def report_path(workspace: Path, run_id: str) -> Path:
    """Path of a run's saved report."""
    return workspace / "reports" / f"{run_id}.json"


def read_figures(path: Path) -> RunFigures:
    """Read the figures from a saved report; empty figures if it is missing or unreadable."""
    try:
        check_workspace(path)
        saved = json.loads(path.read_text(encoding="utf-8"))
        rules: dict[str, int] = {}
        for delivery in saved["deliveries"]:
            for name, count in delivery["rules"].items():
                rules[name] = rules.get(name, 0) + count
        return RunFigures(
            str(saved["warehouse"]),
            int(saved["rows_in"]) - int(saved.get("rows_passed_over", 0)),
            int(saved["rows_quarantined"]),
            rules,
            tuple(map(str, saved.get("degraded_reasons", ()))),
            newly_vanished=tuple(map(str, saved.get("newly_vanished", ()))),
            **_deliveries(saved["deliveries"]),
        )
    except (OSError, UntrustedPath, ValueError, KeyError, TypeError, AttributeError):
        return RunFigures()


def _deliveries(deliveries: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    by_outcome: dict[str, list[Mapping[str, Any]]] = {}
    for delivery in deliveries:
        by_outcome.setdefault(str(delivery.get("outcome")), []).append(delivery)
    new = [*by_outcome.get("loaded", ()), *by_outcome.get("replaced", ())]
    there = [*new, *by_outcome.get("unchanged", ()), *by_outcome.get("empty", ())]
    return {
        "loaded": frozenset(str(delivery["name"]) for delivery in there),
        "withdrawn": frozenset(str(delivery["name"]) for delivery in by_outcome.get("withdrawn", ())),
        "not_loaded": {
            str(delivery["name"]): str(delivery["reason"])
            for delivery in [*by_outcome.get("failed", ()), *by_outcome.get("refused", ())]
        },
        "quarantined": {
            str(delivery["name"]): 100.0
            * int(delivery["rows_quarantined"])
            / max(int(delivery["rows_in"]) - int(delivery.get("rows_passed_over", 0)), 1)
            for delivery in new
        },
        "samples": {
            str(delivery["name"]): [dict(sample) for sample in delivery.get("samples", ())]
            for delivery in new
        },
    }


def add_to_report(path: Path, records: Sequence[AlertRecord]) -> bool:
    """Append records to the field ``alerts`` of a saved report, replacing the file atomically.

    Returns:
        False if there is no report.

    Raises:
        WorkspaceFull: The report cannot be written.
    """
    with checked_workspace(path.parents[1]):
        try:
            saved: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        except (FileNotFoundError, ValueError):
            return False
        saved["alerts"] = [*saved.get("alerts", []), *(asdict(record) for record in records)]
        temporary = path.with_name(f"{path.name}.{os.getpid()}")
        try:
            write_text(temporary, json.dumps(saved, indent=2) + "\n")
            os.replace(temporary, path)
        finally:
            temporary.unlink(missing_ok=True)
    return True


def as_rows(records: Sequence[AlertRecord]) -> list[dict[str, str]]:
    """One row per alert and channel: alert, severity, cause, channel, outcome, reason."""
    return [
        {
            "alert": record.title,
            "severity": record.severity,
            "cause": record.cause,
            "channel": result.channel,
            "outcome": result.outcome,
            "reason": result.reason,
        }
        for record in records
        for result in record.channels
    ]
