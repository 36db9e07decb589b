"""What the integrity checks found."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from tasks.warehouse.integrity.check import Severity


@dataclass(frozen=True)
class CheckResult:
    """What a check found.

    Attributes:
        name: Name of the check.
        severity: Its severity.
        finds: What its violations are.
        violations: Their number; None if the check could not run.
        samples: The first of them: values as text by column.
        statement: Query of all of them.
        error: Why the check could not run, else empty.
    """

    name: str
    severity: Severity
    finds: str
    violations: int | None
    samples: tuple[Mapping[str, str | None], ...]
    statement: str
    error: str = ""

    @property
    def status(self) -> str:
        """``ok``, ``warning``, ``error``, or ``failed`` for a check that could not run."""
        if self.violations is None:
            return "failed"
        return self.severity if self.violations else "ok"


@dataclass(frozen=True)
class IntegrityReport:
    """The results of the checks at a time. ``stored`` tells whether they are in the ledger."""

    examined_at: datetime
    results: tuple[CheckResult, ...]
    stored: bool = False

    @property
    def passed(self) -> bool:
        """Whether every check could run, and none of severity error found anything."""
        return all(result.status in {"ok", "warning"} for result in self.results)

    def count(self, status: str) -> int:
        """Return the number of results with a status."""
        return sum(result.status == status for result in self.results)

    def as_json(self) -> dict[str, Any]:
        """Return the report as JSON values."""
        return {
            "passed": self.passed,
            "examined_at": self.examined_at.isoformat(),
            "stored": self.stored,
            "counts": {status: self.count(status) for status in ("ok", "warning", "error", "failed")},
            "checks": [asdict(result) | {"status": result.status} for result in self.results],
        }
