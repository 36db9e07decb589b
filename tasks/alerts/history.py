"""What became of the alerts of a run, in its saved report and as a table."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from tasks.alerts.notify import AlertRecord
from tasks.workspace.outputs import workspace_errors_mapped, write_text


@dataclass(frozen=True)
class Findings:
    """What an alert needs of a run's saved report; a run that failed early has none."""

    warehouse: str = ""
    rows_in: int = 0
    rows_quarantined: int = 0
    rules: Mapping[str, int] | None = None

    @property
    def quarantine_share(self) -> float | None:
        """Percentage of the judged lines that were set aside; None if none were judged."""
        return 100.0 * self.rows_quarantined / self.rows_in if self.rows_in else None

    @property
    def worst_rules(self) -> str:
        """The three rules that the most lines break."""
        worst = sorted((self.rules or {}).items(), key=lambda pair: (-pair[1], pair[0]))[:3]
        return ", ".join(f"{name} ({count:,})" for name, count in worst)


def report_path(workspace: Path, run_id: str) -> Path:
    """Where the report of that run is saved."""
    return workspace / "reports" / f"{run_id}.json"


def read_findings(path: Path) -> Findings:
    """The findings of a saved report; none if it is not there, or not to be read."""
    try:
        saved = json.loads(path.read_text(encoding="utf-8"))
        rules: dict[str, int] = {}
        for one in saved["deliveries"]:
            for name, count in one["rules"].items():
                rules[name] = rules.get(name, 0) + count
        return Findings(str(saved["warehouse"]), int(saved["rows_in"]), int(saved["rows_quarantined"]), rules)
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return Findings()


def add_to_report(path: Path, records: Sequence[AlertRecord]) -> bool:
    """Add the records to the report's field ``alerts``, the file replaced whole; False if there is no report.

    Raises WorkspaceFull.
    """
    with workspace_errors_mapped(path.parents[1]):
        try:
            saved: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        except (FileNotFoundError, ValueError):
            return False
        saved["alerts"] = [*saved.get("alerts", []), *(asdict(one) for one in records)]
        aside = path.with_name(f"{path.name}.{os.getpid()}")
        try:
            write_text(aside, json.dumps(saved, indent=2) + "\n")
            os.replace(aside, path)
        finally:
            aside.unlink(missing_ok=True)
    return True


def as_rows(records: Sequence[AlertRecord]) -> list[dict[str, str]]:
    """One row for each alert and channel."""
    return [
        {
            "alert": record.title,
            "severity": record.severity,
            "cause": record.cause,
            "channel": one.channel,
            "outcome": one.outcome,
            "reason": one.reason,
        }
        for record in records
        for one in record.channels
    ]
