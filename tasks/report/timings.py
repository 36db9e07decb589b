"""Time and throughput of each stage, and what a run used."""

from __future__ import annotations

import resource
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from tasks.metering import Meter, metering
from tasks.postgres.traffic import Network
from tasks.warehouse.resource_use import NO_PRICES, Prices, ResourceUse, StageUse


@dataclass(frozen=True)
class StageTime:
    """A stage's busy time in seconds (stages overlap), its rows, and its throughput.

    ``cpu_seconds`` is the CPU time of the stage's threads. What the event loop and the pool of polars do for it is in the
    CPU time of the run only.
    """

    stage: str
    seconds: float
    rows: int
    rows_per_second: int
    cpu_seconds: float = 0.0


class Stopwatch:
    """Sums up the time and use of each stage; concurrent executions of a stage add up."""

    def __init__(self) -> None:
        self._started = time.perf_counter()
        self._cpu = time.process_time()
        self._seconds: dict[str, float] = {}
        self._rows: dict[str, int] = {}
        self._meter = Meter()

    @contextmanager
    def stage(self, name: str, rows: int = 0) -> Iterator[None]:
        """Add the block's time, what its threads use, and ``rows``, to a stage."""
        started = time.perf_counter()
        try:
            with self.metering(name):
                yield
        finally:
            self.add(name, time.perf_counter() - started, rows)

    @contextmanager
    def metering(self, name: str) -> Iterator[None]:
        """Add what the block's threads use to a stage whose time is measured elsewhere."""
        with metering(self._meter, name):
            yield

    def add(self, name: str, seconds: float, rows: int) -> None:
        """Add the seconds and rows of work that was timed elsewhere."""
        self._seconds[name] = self._seconds.get(name, 0.0) + seconds
        self.add_rows(name, rows)

    def add_rows(self, name: str, rows: int) -> None:
        """Add rows that are known only after the stage's work."""
        self._rows[name] = self._rows.get(name, 0) + rows

    def use(self, network: Network | None, prices: Prices = NO_PRICES) -> ResourceUse:
        """What the run has used until now; its stages are ordered by when they first finished."""
        return ResourceUse(
            round(time.perf_counter() - self._started, 3),
            round(time.process_time() - self._cpu, 3),
            _peak_memory_bytes(),
            self._meter.bytes_read,
            self._meter.bytes_written,
            network,
            tuple(
                StageUse(
                    name,
                    round(seconds, 3),
                    round(self._meter.cpu_seconds.get(name, 0.0), 3),
                    self._rows.get(name, 0),
                )
                for name, seconds in self._seconds.items()
            ),
            prices,
        )


def stage_times(use: ResourceUse) -> tuple[StageTime, ...]:
    """The stages of a run with their throughput."""
    return tuple(
        StageTime(
            stage.stage,
            stage.seconds,
            stage.rows,
            round(stage.rows / stage.seconds) if stage.seconds else 0,
            stage.cpu_seconds,
        )
        for stage in use.stages
    )


def _peak_memory_bytes() -> int:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak * (1 if sys.platform == "darwin" else 1024)
