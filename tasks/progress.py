"""What long work reports to: named steps, heard by whoever listens.

The command line draws them, the flow turns them into a progress artifact, and fault tests
kill the process at one of them. Reporting never fails the work and costs nothing when nobody listens.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass


@dataclass(frozen=True)
class Progress:
    """One step: a dotted name, what it works on, and how far (``done`` of ``total``) where known."""

    step: str
    detail: str = ""
    done: int | None = None
    total: int | None = None


Listener = Callable[[Progress], None]
_listeners: list[Listener] = []


def report(step: str, detail: str = "", done: int | None = None, total: int | None = None) -> None:
    """Tell every listener that ``step`` has been reached."""
    for listener in tuple(_listeners):
        listener(Progress(step, detail, done, total))


@contextmanager
def listening(listener: Listener) -> Iterator[None]:
    """Call ``listener`` for each step reported inside the block, from whichever thread."""
    _listeners.append(listener)
    try:
        yield
    finally:
        _listeners.remove(listener)
