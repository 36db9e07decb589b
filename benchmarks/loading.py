"""Runs of the flow in a child process: a warm one for times, a fresh one for memory."""

from __future__ import annotations

import asyncio
import os
import shutil
import time
from dataclasses import dataclass
from pathlib import Path

from flows.cli.run_flow import RUN_SERVER


@dataclass(frozen=True)
class FlowRun:
    """Figures of a run.

    ``seconds`` is our own work, of which ``finish`` builds keys and indexes; ``wall`` is the whole call with Prefect.
    ``cpu`` has CPU seconds and ``peak_mb`` the peak resident size of this process; ``stages`` has seconds per stage.
    """

    seconds: float
    finish: float
    wall: float
    cpu: float
    peak_mb: float
    rows_in: int
    rows_loaded: int
    stages: dict[str, float]


def isolate_prefect(prefect_home: Path) -> None:
    """Give this process its own Prefect, without logs and telemetry. Call before importing Prefect."""
    os.environ.update(
        RUN_SERVER,
        PREFECT_HOME=str(prefect_home),
        PREFECT_LOGGING_LEVEL="ERROR",
        DO_NOT_TRACK="1",
    )
    for name in ("PREFECT_API_URL", "RETAIL_QUALITY_WEIGHTS", "RETAIL_RETENTION_DAYS"):
        os.environ.pop(name, None)


def run_flow(url: str, workspace: Path, sources: list[Path]) -> FlowRun:
    """Run ``retail_etl`` once in an empty workspace, and delete the workspace."""
    from flows import retail_etl  # noqa: PLC0415 - imports Prefect, which reads the environment on import

    os.environ["DATABASE_URL"] = url
    os.environ["RETAIL_WORKSPACE"] = str(workspace)
    try:
        started = time.perf_counter()
        report = asyncio.run(retail_etl(sources=[str(source) for source in sources]))
        wall = time.perf_counter() - started
    finally:
        if workspace.exists():
            shutil.rmtree(workspace)
    stages = {timing.stage: timing.seconds for timing in report.stages}
    return FlowRun(
        report.seconds,
        stages["finish"],
        wall,
        report.cpu_seconds,
        report.peak_memory_mb,
        report.rows_in,
        report.rows_loaded,
        stages,
    )
