"""Progress of long work: named steps, reported to every registered listener.

The command line prints them, the flow turns them into a progress artifact, and fault tests kill the process
at one of them. Reporting never fails the work, and without a listener it costs nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass


@dataclass(frozen=True)
class Progress:
    """One step of the work.

    Attributes:
        step: Dotted name, such as ``load.committed``.
        detail: The object worked on, such as a batch or a warehouse.
        done: Finished units, if countable.
        total: All units, if known.
    """

    step: str
    detail: str = ""
    done: int | None = None
    total: int | None = None


Listener = Callable[[Progress], None]
_listeners: list[Listener] = []


def report(step: str, detail: str = "", done: int | None = None, total: int | None = None) -> None:
    """Report to all listeners that the work reached ``step``; for the arguments see ``Progress``."""
    for listener in tuple(_listeners):
        listener(Progress(step, detail, done, total))


@contextmanager
def listening(listener: Listener) -> Iterator[None]:
    """Call ``listener`` for each step that any thread reports inside the block."""
    _listeners.append(listener)
    try:
        yield
    finally:
        _listeners.remove(listener)
