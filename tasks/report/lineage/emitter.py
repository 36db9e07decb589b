"""Sends events beside the work: each sink has a thread of its own, and the end of a run waits 2 s for them at most.

The OpenLineage client is imported by those threads, so that a run begins without waiting for it.
"""

from __future__ import annotations

import importlib
import queue
import threading
import time
from dataclasses import dataclass, field

from tasks.report.lineage.record import EventRecord
from tasks.report.lineage.sinks.sink import SECONDS, LineageNotDelivered, LineageSink
from tasks.report.lineage.targets import LineageTargets, Target

_OPENING = "tasks.report.lineage.sinks.open"
_EXTRA = "the extra lineage is not installed. Run pip install 'prefect-retail[lineage]'."


@dataclass(frozen=True)
class LineageDelivery:
    """What became of a run's events, counted by sink.

    Attributes:
        delivered: Events that a sink took.
        not_delivered: Events that a sink did not take.
        reasons: Why not, the first reason of each sink.
    """

    delivered: int = 0
    not_delivered: int = 0
    reasons: tuple[str, ...] = ()

    @property
    def summary(self) -> str:
        """As a line of text."""
        text = f"{self.delivered} events delivered"
        if not self.not_delivered:
            return text
        return f"{text}, {self.not_delivered} not delivered. {' '.join(self.reasons)}"


@dataclass
class _Worker:
    """A sink's thread, its events, and what became of them."""

    target: Target
    events: queue.SimpleQueue[EventRecord | None] = field(default_factory=queue.SimpleQueue)
    accepted: int = 0
    delivered: int = 0
    failed: int = 0
    reason: str = ""
    is_abandoned: bool = False
    counted: threading.Condition = field(default_factory=threading.Condition)

    def start(self) -> None:
        threading.Thread(target=self._run, name=f"{self.target.name} sink", daemon=True).start()

    def put(self, record: EventRecord) -> None:
        self.accepted += 1
        if not self.is_abandoned:
            self.events.put(record)

    def wait(self, seconds: float) -> None:
        """Wait until all events are sent; those that are not by then are abandoned."""
        with self.counted:
            if not self.counted.wait_for(lambda: self.delivered + self.failed >= self.accepted, seconds):
                self.is_abandoned = True

    def _run(self) -> None:
        sink: LineageSink | None = None
        try:
            while (record := self.events.get()) is not None and not self.is_abandoned:
                reason = ""
                try:
                    opening = importlib.import_module(_OPENING)
                    sink = sink or opening.open_sink(self.target)
                    sink.send(opening.build_event(record))
                except LineageNotDelivered as error:
                    reason = str(error)
                except ImportError:
                    reason = f"{self.target.name}: {_EXTRA}"
                except Exception as error:  # noqa: BLE001 - no run fails because of it; its text may hold a secret
                    reason = f"{self.target.name}: unexpected {type(error).__name__}."
                self._count(reason)
        finally:
            if sink is not None:
                sink.close()

    def _count(self, reason: str) -> None:
        with self.counted:
            if self.is_abandoned:  # it is told as not delivered by now
                return
            self.delivered += not reason
            self.failed += bool(reason)
            self.reason = self.reason or reason
            self.counted.notify_all()


class Emitter:
    """Takes the events of a run and sends them to every sink; without a target it does nothing.

    Args:
        targets: The sinks' settings.
        seconds: The longest that the run waits for all of them, over its whole time.
    """

    def __init__(self, targets: LineageTargets, seconds: float = SECONDS) -> None:
        self._left = seconds
        self._seconds = seconds
        self._workers = [_Worker(target) for target in targets.places]
        for worker in self._workers:
            worker.start()

    def emit(self, record: EventRecord) -> None:
        """Hand over an event; returns at once."""
        for worker in self._workers:
            worker.put(record)

    def flush(self) -> LineageDelivery:
        """Wait until the events are sent, as long as the run may still wait; the others are abandoned."""
        end = time.monotonic() + self._left
        for worker in self._workers:
            worker.wait(max(0.0, end - time.monotonic()))
        self._left = max(0.0, end - time.monotonic())
        late = f"not sent within the {self._seconds:g} s that a run waits."
        missing = [worker for worker in self._workers if worker.delivered < worker.accepted]
        return LineageDelivery(
            sum(worker.delivered for worker in self._workers),
            sum(worker.accepted - worker.delivered for worker in missing),
            tuple(worker.reason or f"{worker.target.name}: {late}" for worker in missing),
        )

    def stop(self) -> None:
        """End the threads, each after its current request."""
        for worker in self._workers:
            worker.events.put(None)
