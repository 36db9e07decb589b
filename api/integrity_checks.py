"""The integrity checks that the settings select, and their results as answers."""

from __future__ import annotations

from typing import Any

from api.models.integrity import CheckResult, CheckSummary, IntegrityReport, IntegritySummary
from blocks.settings import Settings
from tasks.warehouse.integrity.check import Check, custom_checks
from tasks.warehouse.integrity.examine import select_checks
from tasks.warehouse.integrity.report import IntegrityReport as Examined


def configured_checks(settings: Settings, name: str = "") -> tuple[Check, ...]:
    """Return the check of this name, or all: those of this package, and those in the folder of the settings.

    Raises:
        SettingsError: there is no such check, or the folder cannot be read.
        UntrustedPath: another user can change the folder.
    """
    folder = settings.retail_integrity_checks
    return select_checks(name, custom_checks(folder.expanduser().absolute()) if folder else ())


def full_report(report: Examined) -> IntegrityReport:
    """Return the results as an answer with samples."""
    return IntegrityReport.model_validate(report.as_json() | {"checks": _checks(report, CheckResult)})


def summary(report: Examined) -> IntegritySummary:
    """Return the results as an answer without samples."""
    return IntegritySummary.model_validate(report.as_json() | {"checks": _checks(report, CheckSummary)})


def _checks(report: Examined, model: type[CheckSummary]) -> list[dict[str, Any]]:
    return [{name: check[name] for name in model.model_fields} for check in report.as_json()["checks"]]
