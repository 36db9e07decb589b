"""Time and throughput of each stage, and CPU time and memory of the process."""

from __future__ import annotations

import resource
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass


@dataclass(frozen=True)
class StageTime:
    """A stage's busy time in seconds (stages overlap), its rows, and its throughput."""

    stage: str
    seconds: float
    rows: int
    rows_per_second: int


class Stopwatch:
    """Sums up the time of each stage; concurrent executions of a stage add up."""

    def __init__(self) -> None:
        self._started = time.perf_counter()
        self._cpu = time.process_time()
        self._seconds: dict[str, float] = {}
        self._rows: dict[str, int] = {}

    @contextmanager
    def stage(self, name: str, rows: int = 0) -> Iterator[None]:
        """Add the block's time, and ``rows``, to a stage."""
        started = time.perf_counter()
        try:
            yield
        finally:
            self._seconds[name] = self._seconds.get(name, 0.0) + time.perf_counter() - started
            self._rows[name] = self._rows.get(name, 0) + rows

    def add(self, name: str, seconds: float, rows: int) -> None:
        """Add the seconds and rows of work that was timed elsewhere."""
        self._seconds[name] = self._seconds.get(name, 0.0) + seconds
        self.add_rows(name, rows)

    def add_rows(self, name: str, rows: int) -> None:
        """Add rows that are known only after the stage's work."""
        self._rows[name] = self._rows.get(name, 0) + rows

    def stages(self) -> tuple[StageTime, ...]:
        """All stages, ordered by when they first finished."""
        return tuple(
            StageTime(
                name, round(seconds, 3), self._rows[name], round(self._rows[name] / seconds) if seconds else 0
            )
            for name, seconds in self._seconds.items()
        )

    @property
    def seconds(self) -> float:
        """Seconds since the stopwatch was created."""
        return time.perf_counter() - self._started

    @property
    def cpu_seconds(self) -> float:
        """CPU seconds of this process since then, over all threads."""
        return time.process_time() - self._cpu


def peak_memory_mb() -> float:
    """Peak resident memory of this process so far, in MB (10^6 bytes)."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return round(peak * (1 if sys.platform == "darwin" else 1024) / 1e6, 1)
