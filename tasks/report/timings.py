"""How long each stage was at work, and what the process used."""

from __future__ import annotations

import resource
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass


@dataclass(frozen=True)
class StageTime:
    """A stage's time at work in seconds (stages overlap), the rows it took, and its throughput."""

    stage: str
    seconds: float
    rows: int
    rows_per_second: int


class Stopwatch:
    """Adds up the time of stages; a stage that runs twice at once counts both."""

    def __init__(self) -> None:
        self._began = time.perf_counter()
        self._cpu = time.process_time()
        self._seconds: dict[str, float] = {}
        self._rows: dict[str, int] = {}

    @contextmanager
    def stage(self, name: str, rows: int = 0) -> Iterator[None]:
        """Count the block's time, and ``rows``, to a stage."""
        began = time.perf_counter()
        try:
            yield
        finally:
            self._seconds[name] = self._seconds.get(name, 0.0) + time.perf_counter() - began
            self._rows[name] = self._rows.get(name, 0) + rows

    def add(self, name: str, seconds: float, rows: int) -> None:
        """Add the seconds and rows of work that was timed elsewhere."""
        self._seconds[name] = self._seconds.get(name, 0.0) + seconds
        self.add_rows(name, rows)

    def add_rows(self, name: str, rows: int) -> None:
        """Count rows that were known only after the stage's work."""
        self._rows[name] = self._rows.get(name, 0) + rows

    def stages(self) -> tuple[StageTime, ...]:
        """All stages in the order they first ended."""
        return tuple(
            StageTime(
                name, round(seconds, 3), self._rows[name], round(self._rows[name] / seconds) if seconds else 0
            )
            for name, seconds in self._seconds.items()
        )

    @property
    def seconds(self) -> float:
        """Seconds since the stopwatch was made."""
        return time.perf_counter() - self._began

    @property
    def cpu_seconds(self) -> float:
        """CPU seconds of this process since then, all threads."""
        return time.process_time() - self._cpu


def peak_memory_mb() -> float:
    """The greatest resident size of this process so far, in MB of 10^6 bytes."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return round(peak * (1 if sys.platform == "darwin" else 1024) / 1e6, 1)
