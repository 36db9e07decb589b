"""A warehouse that is gone for good costs a run one wait, not one for each of its later steps."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from tasks.postgres.settings import ConnectionSettings

_QUICK_SECONDS = 5.0
_unreachable: ContextVar[set[str] | None] = ContextVar("unreachable_warehouses", default=None)


@contextmanager
def one_wait() -> Iterator[None]:
    """Within the block, also in its tasks and threads, a warehouse that was waited for in vain is tried once only."""
    token = _unreachable.set(set())
    try:
        yield
    finally:
        _unreachable.reset(token)


def is_gone(settings: ConnectionSettings) -> bool:
    """Whether it was waited for in vain."""
    return settings.display in (_unreachable.get() or ())


def patience(settings: ConnectionSettings) -> float:
    """Seconds for all attempts of a connection."""
    return min(settings.connect_seconds, _QUICK_SECONDS) if is_gone(settings) else settings.connect_seconds


def mark_gone(settings: ConnectionSettings) -> None:
    """Record that the warehouse was waited for in vain."""
    gone = _unreachable.get()
    if gone is not None:
        gone.add(settings.display)


def mark_reached(settings: ConnectionSettings) -> None:
    """Record that it answers."""
    gone = _unreachable.get()
    if gone is not None:
        gone.discard(settings.display)
