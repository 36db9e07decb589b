"""One round: every load once, one after the other, so that all of them meet the same machine."""

from __future__ import annotations

import multiprocessing
import shutil
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import get_args

from benchmarks import loading, rivals
from benchmarks.data import COPIES, DAY_KNOWN, DAY_LINES, Data
from benchmarks.loading import FlowRun
from benchmarks.server import Server

_SECONDS = 1800


@dataclass(frozen=True)
class Round:
    """Seconds of psql and dlt, and the flow's runs: ``full`` in a warm process, ``*_alone`` in fresh ones."""

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
def child(prepare: Callable[[Path], None], folder: Path) -> Iterator[ProcessPoolExecutor]:
    """A process that has run ``prepare(folder)`` and then runs what it is given, one call after the other."""
    pool = ProcessPoolExecutor(1, multiprocessing.get_context("spawn"), prepare, (folder,))
    with pool:
        yield pool


class Bench:
    """What the rounds share. ``tell`` is called with each figure as it comes in."""

    def __init__(self, server: Server, data: Data, folder: Path, tell: Callable[[str], None]) -> None:
        self._server = server
        self._data = data
        self._folder = folder
        self._tell = tell
        self._kept: set[str] = set()
        self._stack = ExitStack()
        # Two homes of Prefect: the warm process' server has one open while fresh processes use the other.
        self._flow = self._stack.enter_context(child(loading.quieten, folder / "prefect-warm"))
        self._dlt = self._stack.enter_context(child(rivals.quieten, folder / "dlt"))

    def close(self) -> None:
        """End the child processes, and with the flow's its Prefect server."""
        self._stack.close()

    def warm_up(self) -> None:
        """Have both processes import what they need, start Prefect's server, and load a small file once."""
        small = self._folder / "small"
        small.mkdir()
        shutil.copy(min(self._data.days.iterdir()), small)
        self._server.create("flat")
        self._server.create("star")
        self._run(self._flow, "star", [small])
        for how in get_args(rivals.How):
            self._load_by_dlt(how, small)

    def round(self) -> Round:
        """Measure everything once. Raises RuntimeError if a load did not bring what it should."""
        days, lines = self._data.days, self._data.lines
        psql = self._told("psql \\copy", self._server.copy_seconds(self._data.whole, "flat"))
        self._expect(int(self._server.sql("select count(*) from flat", database="flat")), lines)
        self._server.create("star")
        full = self._flow_told("CSVs to star", self._flow, "star", [days], lines)
        self._keep("star", "snapshot_full")
        dlt_adbc = self._told("dlt, Arrow by ADBC", self._load_by_dlt("adbc", days, lines))
        dlt_arrow = self._told("dlt, Arrow", self._load_by_dlt("arrow", days, lines))
        dlt_rows = self._told("dlt, rows", self._load_by_dlt("rows", days, lines))
        full_alone = self._alone("full data, fresh process", days, lines)
        tenfold_alone = self._alone("ten times, fresh process", self._data.copies, lines * COPIES)
        self._keep("alone", "snapshot_tenfold")
        return Round(
            psql,
            full,
            dlt_adbc,
            dlt_arrow,
            dlt_rows,
            full_alone,
            tenfold_alone,
            self._day("one day into the full data", "snapshot_full"),
            self._day("one day into ten times", "snapshot_tenfold"),
        )

    def _alone(self, what: str, source: Path, lines: int) -> FlowRun:
        self._server.create("alone")
        with child(loading.quieten, self._folder / "prefect-fresh") as pool:
            return self._flow_told(what, pool, "alone", [source], lines)

    def _day(self, what: str, snapshot: str) -> FlowRun:
        self._server.clone(snapshot, "day")
        run = self._flow_told(what, self._flow, "day", [self._data.further_day], DAY_LINES - DAY_KNOWN)
        self._server.drop("day")
        return run

    def _keep(self, database: str, snapshot: str) -> None:
        if snapshot not in self._kept:
            self._server.keep(database, snapshot)
            self._kept.add(snapshot)

    def _run(self, pool: ProcessPoolExecutor, database: str, sources: list[Path]) -> FlowRun:
        self._server.settle()
        workspace = self._folder / "workspace"
        return pool.submit(loading.run_flow, self._server.url(database), workspace, sources).result(_SECONDS)

    def _flow_told(
        self, what: str, pool: ProcessPoolExecutor, database: str, sources: list[Path], lines: int
    ) -> FlowRun:
        run = self._run(pool, database, sources)
        self._expect(run.rows_loaded, lines)
        stages = ", ".join(f"{name} {seconds:.2f}" for name, seconds in run.stages.items())
        self._tell(f"{what:28} {run.seconds:7.2f} s, CPU {run.cpu:.2f} s, {run.peak_mb:.0f} MB ({stages})")
        return run

    def _load_by_dlt(self, how: rivals.How, days: Path, lines: int | None = None) -> float:
        self._server.sql("drop schema if exists benchmark cascade", database="flat")
        self._server.settle()
        url, folder = self._server.url_with_host("flat"), self._folder / "dlt-pipeline"
        seconds = self._dlt.submit(rivals.load, how, url, folder, days).result(_SECONDS)
        if lines is not None:
            self._expect(int(self._server.sql("select count(*) from benchmark.flat", database="flat")), lines)
        return seconds

    def _told(self, what: str, seconds: float) -> float:
        self._tell(f"{what:28} {seconds:7.2f} s")
        return seconds

    @staticmethod
    def _expect(found: int, wanted: int) -> None:
        if found != wanted:
            raise RuntimeError(f"{found} lines were loaded instead of {wanted}")
