"""Runs of the flow, as a child process makes them: one warm process for times, a fresh one for memory."""

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
    """A run's figures: seconds of own work, of them keys and indexes, and of the call with Prefect around it;
    CPU seconds of this process; its greatest size so far in MB; seconds of each stage."""

    seconds: float
    finish: float
    wall: float
    cpu: float
    peak_mb: float
    rows_in: int
    rows_loaded: int
    stages: dict[str, float]


def quieten(prefect_home: Path) -> None:
    """Give this process a silent Prefect of its own that calls nobody; to be called before its import."""
    os.environ.update(
        RUN_SERVER,
        PREFECT_HOME=str(prefect_home),
        PREFECT_LOGGING_LEVEL="ERROR",
        DO_NOT_TRACK="1",
    )
    for name in ("PREFECT_API_URL", "RETAIL_QUALITY_WEIGHTS", "RETAIL_RETENTION_DAYS"):
        os.environ.pop(name, None)


def run_flow(url: str, workspace: Path, sources: list[Path]) -> FlowRun:
    """Run ``retail_etl`` once with an empty workspace, which is deleted afterwards."""
    from flows import retail_etl  # noqa: PLC0415 - imports Prefect, which reads the environment then

    os.environ["DATABASE_URL"] = url
    os.environ["RETAIL_WORKSPACE"] = str(workspace)
    try:
        began = time.perf_counter()
        report = asyncio.run(retail_etl(sources=[str(source) for source in sources]))
        wall = time.perf_counter() - began
    finally:
        if workspace.exists():
            shutil.rmtree(workspace)
    stages = {one.stage: one.seconds for one in report.stages}
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
