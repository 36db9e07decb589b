"""What the doctor says: one finding for each thing that was looked at."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from tasks.errors import RetailError


class Status(StrEnum):
    """How it stands: a problem would stop a run, a warning would not, skipped could not be looked at."""

    OK = "ok"
    WARNING = "warning"
    PROBLEM = "problem"
    SKIPPED = "skipped"


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at; ``fix`` is what to do, or empty. Never holds a password."""

    check: str
    status: Status
    what: str
    fix: str = ""


def ok(check: str, what: str, hint: str = "") -> Finding:
    """It is as a run needs it."""
    return Finding(check, Status.OK, what, hint)


def warning(check: str, what: str, fix: str) -> Finding:
    """A run goes on, but something is amiss, or will be."""
    return Finding(check, Status.WARNING, what, fix)


def problem(check: str, what: str, fix: str) -> Finding:
    """A run would fail."""
    return Finding(check, Status.PROBLEM, what, fix)


def skipped(check: str, why: str) -> Finding:
    """It could not be looked at."""
    return Finding(check, Status.SKIPPED, why)


def from_error(check: str, error: RetailError, status: Status = Status.PROBLEM) -> Finding:
    """Turn an error into a finding: what happened, and its next step as the fix."""
    return Finding(check, status, error.description, error.next_step)


def from_unexpected_error(check: str, error: Exception, fix: str) -> Finding:
    """An error that nobody expected as a finding. Its kind is told, not its text: that may hold anything."""
    return Finding(check, Status.WARNING, f"could not be examined: {type(error).__name__}", fix)


def blocking(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Those that would."""
    return tuple(one for one in findings if one.status is Status.PROBLEM)
