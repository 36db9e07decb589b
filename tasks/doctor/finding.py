"""A finding: the result of one check."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from tasks.errors import RetailError
from tasks.warehouse.health.finding import HealthFinding, HealthStatus


class Status(StrEnum):
    """Result of a check: a problem would stop a run, a warning would not; skipped could not be checked."""

    OK = "ok"
    WARNING = "warning"
    PROBLEM = "problem"
    SKIPPED = "skipped"


@dataclass(frozen=True)
class Finding:
    """The result of a check: what was found, and the ``fix`` or an empty text. Never holds a password."""

    check: str
    status: Status
    what: str
    fix: str = ""


def ok(check: str, what: str, hint: str = "") -> Finding:
    """A finding that a run needs nothing more; ``hint`` is optional advice."""
    return Finding(check, Status.OK, what, hint)


def warning(check: str, what: str, fix: str) -> Finding:
    """A finding that stops no run, but needs attention."""
    return Finding(check, Status.WARNING, what, fix)


def problem(check: str, what: str, fix: str) -> Finding:
    """A finding that would make a run fail."""
    return Finding(check, Status.PROBLEM, what, fix)


def skipped(check: str, why: str) -> Finding:
    """A finding for a check that could not run."""
    return Finding(check, Status.SKIPPED, why)


def from_error(check: str, error: RetailError, status: Status = Status.PROBLEM) -> Finding:
    """Turn an error into a finding: what happened, and its next step as the fix."""
    return Finding(check, status, error.description, error.next_step)


def from_health(check: str, finding: HealthFinding) -> Finding:
    """Turn a finding on the warehouse's health into one of the doctor; what is critical would make a run fail."""
    statuses = {HealthStatus.CRITICAL: Status.PROBLEM, HealthStatus.WARNING: Status.WARNING}
    return Finding(check, statuses.get(finding.status, Status.OK), finding.what, finding.next_step)


def from_unexpected_error(check: str, error: Exception, fix: str) -> Finding:
    """Turn an unexpected error into a warning. It shows the error's class only: the text may hold a secret."""
    return Finding(check, Status.WARNING, f"could not be checked: {type(error).__name__}", fix)


def blocking(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """The findings that would make a run fail."""
    return tuple(finding for finding in findings if finding.status is Status.PROBLEM)
