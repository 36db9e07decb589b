"""The one JSON object of a command with ``--json``, also where it fails."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

_printed: list[bool] = []


def print_object(values: Mapping[str, Any]) -> None:
    """Print the object as the last line of standard output."""
    _printed.append(True)
    print(json.dumps(values, separators=(",", ":")), flush=True)


def print_failure(error: BaseException | str, error_type: str = "", status: str = "failed") -> None:
    """Print ``status``, ``error`` and ``error_type``, with the report of the run if it made one.

    Nothing is printed if the command has printed its object already.
    """
    if _printed:
        return
    report = _last_report()
    status = report.get("status", status) if report.get("status") != "completed" else status
    kind = error_type or type(error).__name__
    print_object({**report, "status": status, "error": str(error), "error_type": kind})


def _last_report() -> dict[str, Any]:
    """The report that the run in this process made when it ended; nothing before Prefect is imported."""
    module = sys.modules.get("flows.run_end")
    end = module.last_end() if module is not None else None
    return asdict(end.report) if end is not None and end.report is not None else {}
