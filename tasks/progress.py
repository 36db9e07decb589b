"""Progress of long work: named steps, reported to every registered listener.

The command line prints them, the flow turns them into a progress artifact, and fault tests kill the process
at one of them. Reporting never fails the work, and without a listener it costs nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
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
_listeners: list[tuple[Listener, object]] = []
# The run that this code belongs to, where a process has several; threads of a run get it with its context.
_run: ContextVar[object] = ContextVar("progress_of_run", default=None)


def report(step: str, detail: str = "", done: int | None = None, total: int | None = None) -> None:
    """Report to all listeners that the work reached ``step``; for the arguments see ``Progress``."""
    run = _run.get()
    for listener, heard in tuple(_listeners):
        if run is None or heard is None or heard is run:
            listener(Progress(step, detail, done, total))


@contextmanager
def listening(listener: Listener) -> Iterator[None]:
    """Call ``listener`` for each step that any thread reports inside the block, but not for those of another run."""
    entry = (listener, _run.get())
    _listeners.append(entry)
    try:
        yield
    finally:
        _listeners.remove(entry)


@contextmanager
def separate_run() -> Iterator[None]:
    """Keep the steps of the block, and of what it starts, from listeners of other such blocks."""
    token = _run.set(object())
    try:
        yield
    finally:
        _run.reset(token)
