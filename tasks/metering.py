"""What stages use: CPU time of their threads, and the bytes they read and write.

A meter follows its block into tasks and threads, so that a stage adds to the one of its run without knowing it.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import partial
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
R = TypeVar("R")


class Meter:
    """Sums of what was used; several threads may add at a time.

    Attributes:
        cpu_seconds: CPU seconds by stage.
        bytes_read: Bytes read from deliveries and the workspace.
        bytes_written: Bytes written to the workspace.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.cpu_seconds: dict[str, float] = {}
        self.bytes_read = 0
        self.bytes_written = 0

    def add_cpu(self, stage: str, seconds: float) -> None:
        """Add CPU seconds of a stage."""
        with self._lock:
            self.cpu_seconds[stage] = self.cpu_seconds.get(stage, 0.0) + seconds

    def add_bytes(self, *, read: int = 0, written: int = 0) -> None:
        """Add bytes that were read or written."""
        with self._lock:
            self.bytes_read += read
            self.bytes_written += written


_current: ContextVar[tuple[Meter, str] | None] = ContextVar("metering", default=None)


@contextmanager
def metering(meter: Meter, stage: str) -> Iterator[None]:
    """Add to ``meter`` what this block, its tasks and threads use for ``stage``."""
    token = _current.set((meter, stage))
    try:
        yield
    finally:
        _current.reset(token)


def count_bytes(*, read: int = 0, written: int = 0) -> None:
    """Add bytes to the meter of the block around, if there is one."""
    current = _current.get()
    if current is not None:
        current[0].add_bytes(read=read, written=written)


async def in_thread(function: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
    """Run a function in a thread, as ``asyncio.to_thread`` does, and meter its CPU time."""
    return await asyncio.to_thread(_metered, partial(function, *args, **kwargs))


def _metered(function: Callable[[], R]) -> R:
    started = time.thread_time()
    try:
        return function()
    finally:
        current = _current.get()
        if current is not None:
            current[0].add_cpu(current[1], time.thread_time() - started)
