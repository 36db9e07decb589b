"""One round: every load once, in sequence, so that all of them run on the same machine state."""

from __future__ import annotations

import multiprocessing
import shutil
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import get_args

from benchmarks import loading, peers
from benchmarks.data import COPIES, DAY_KNOWN, DAY_LINES, Data
from benchmarks.loading import FlowRun
from benchmarks.server import Server

_TIMEOUT_SECONDS = 1800


@dataclass(frozen=True)
class Round:
    """Seconds of psql and dlt, and figures of the flow: ``full`` in a warm process, ``*_alone`` in fresh ones."""

    psql: float
    full: FlowRun
    dlt_adbc: float
    dlt_arrow: float
    dlt_rows: float
    full_alone: FlowRun
    tenfold_alone: FlowRun
    day_into_full: FlowRun
    day_into_tenfold: FlowRun


@contextmanager
def worker_process(prepare: Callable[[Path], None], folder: Path) -> Iterator[ProcessPoolExecutor]:
    """Start a process that runs ``prepare(folder)``, then the submitted calls in sequence."""
    pool = ProcessPoolExecutor(1, multiprocessing.get_context("spawn"), prepare, (folder,))
    with pool:
        yield pool


class Benchmark:
    """Databases and processes that the rounds share. ``log`` gets each figure once it is measured."""

    def __init__(self, server: Server, data: Data, folder: Path, log: Callable[[str], None]) -> None:
        self._server = server
        self._data = data
        self._folder = folder
        self._log = log
        self._snapshots: set[str] = set()
        self._stack = ExitStack()
        # Separate Prefect homes: the server of the warm process has one open while fresh processes use the other.
        self._flow = self._stack.enter_context(
            worker_process(loading.isolate_prefect, folder / "prefect-warm")
        )
        self._dlt = self._stack.enter_context(worker_process(peers.isolate_dlt, folder / "dlt"))

    def close(self) -> None:
        """Stop the child processes, and with them the Prefect server."""
        self._stack.close()

    def warm_up(self) -> None:
        """Load a small file in both processes, so that imports and the start of Prefect are not measured."""
        small = self._folder / "small"
        small.mkdir()
        shutil.copy(min(self._data.days.iterdir()), small)
        self._server.create("flat")
        self._server.create("star")
        self._run(self._flow, "star", [small])
        for method in get_args(peers.Method):
            self._run_dlt(method, small)

    def measure_round(self) -> Round:
        """Measure everything once.

        Raises:
            RuntimeError: a load has the wrong number of lines.
        """
        days, lines = self._data.days, self._data.lines
        psql = self._logged("psql \\copy", self._server.copy_seconds(self._data.whole, "flat"))
        self._check_count(int(self._server.sql("select count(*) from flat", database="flat")), lines)
        self._server.create("star")
        full = self._run_flow("CSVs to star", self._flow, "star", [days], lines)
        self._snapshot("star", "snapshot_full")
        dlt_adbc = self._logged("dlt, Arrow over ADBC", self._run_dlt("adbc", days, lines))
        dlt_arrow = self._logged("dlt, Arrow", self._run_dlt("arrow", days, lines))
        dlt_rows = self._logged("dlt, rows", self._run_dlt("rows", days, lines))
        full_alone = self._fresh_run("full data, fresh process", days, lines)
        tenfold_alone = self._fresh_run("ten times, fresh process", self._data.copies, lines * COPIES)
        self._snapshot("alone", "snapshot_tenfold")
        return Round(
            psql,
            full,
            dlt_adbc,
            dlt_arrow,
            dlt_rows,
            full_alone,
            tenfold_alone,
            self._day_run("one day into the full data", "snapshot_full"),
            self._day_run("one day into ten times", "snapshot_tenfold"),
        )

    def _fresh_run(self, label: str, source: Path, lines: int) -> FlowRun:
        self._server.create("alone")
        with worker_process(loading.isolate_prefect, self._folder / "prefect-fresh") as pool:
            return self._run_flow(label, pool, "alone", [source], lines)

    def _day_run(self, label: str, snapshot: str) -> FlowRun:
        self._server.clone(snapshot, "day")
        run = self._run_flow(label, self._flow, "day", [self._data.extra_day], DAY_LINES - DAY_KNOWN)
        self._server.drop("day")
        return run

    def _snapshot(self, database: str, snapshot: str) -> None:
        if snapshot not in self._snapshots:
            self._server.snapshot(database, snapshot)
            self._snapshots.add(snapshot)

    def _run(self, pool: ProcessPoolExecutor, database: str, sources: list[Path]) -> FlowRun:
        self._server.flush()
        workspace = self._folder / "workspace"
        return pool.submit(loading.run_flow, self._server.url(database), workspace, sources).result(
            _TIMEOUT_SECONDS
        )

    def _run_flow(
        self, label: str, pool: ProcessPoolExecutor, database: str, sources: list[Path], lines: int
    ) -> FlowRun:
        run = self._run(pool, database, sources)
        self._check_count(run.rows_loaded, lines)
        stages = ", ".join(f"{name} {seconds:.2f}" for name, seconds in run.stages.items())
        self._log(f"{label:28} {run.seconds:7.2f} s, CPU {run.cpu:.2f} s, {run.peak_mb:.0f} MB ({stages})")
        return run

    def _run_dlt(self, method: peers.Method, days: Path, lines: int | None = None) -> float:
        self._server.sql("drop schema if exists benchmark cascade", database="flat")
        self._server.flush()
        url, folder = self._server.url_with_host("flat"), self._folder / "dlt-pipeline"
        seconds = self._dlt.submit(peers.load, method, url, folder, days).result(_TIMEOUT_SECONDS)
        shutil.rmtree(folder)
        if lines is not None:
            self._check_count(
                int(self._server.sql("select count(*) from benchmark.flat", database="flat")), lines
            )
        return seconds

    def _logged(self, label: str, seconds: float) -> float:
        self._log(f"{label:28} {seconds:7.2f} s")
        return seconds

    @staticmethod
    def _check_count(actual: int, expected: int) -> None:
        if actual != expected:
            raise RuntimeError(f"{actual} lines loaded, expected {expected}")
