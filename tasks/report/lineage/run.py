"""The lineage of a flow run: its start, its stages, its end. Without a target every call returns at once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from uuid import uuid5

from tasks.errors import RetailError
from tasks.ingest.ingested import Bronze
from tasks.report.lineage.emitter import Emitter, LineageDelivery
from tasks.report.lineage.location import Location
from tasks.report.lineage.record import DatasetRecord, EventRecord, JobKind, JobRun, RunFacts, State
from tasks.report.lineage.targets import LineageTargets
from tasks.validate.silver import Silver


@dataclass(frozen=True)
class JobData:
    """What a job read and wrote, and where the datasets are that its outputs are made of."""

    inputs: tuple[DatasetRecord, ...] = ()
    outputs: tuple[DatasetRecord, ...] = ()
    locations: Mapping[str, tuple[Location, ...]] = field(default_factory=dict)
    is_composed: bool = False


class LineageRun:
    """Collects what a flow run did and sends its events.

    Attributes:
        bronze: The outputs of ingest so far.
        silver: The outputs of validate so far.
        is_ended: Whether the end of the run was sent.
    """

    def __init__(self, facts: RunFacts, targets: LineageTargets) -> None:
        self._facts = facts
        self._emitter = Emitter(targets) if targets.places else None
        self._started: dict[str, str] = {}
        self.bronze: list[Bronze] = []
        self.silver: list[Silver] = []
        self.is_ended = False

    @property
    def is_on(self) -> bool:
        """Whether anybody is told."""
        return self._emitter is not None

    @property
    def stages(self) -> Mapping[str, str]:
        """The stages that started, each with the first error of its work; empty if it had none."""
        return dict(self._started)

    def start(self) -> None:
        """Send the start of the run."""
        self._emit("START", self._facts.run, "FLOW")

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Send the start of a stage, once, and keep the first error of the work inside."""
        self.start_stage(name)
        try:
            yield
        except RetailError as error:
            self._started[name] = self._started[name] or error.message
            raise

    def start_stage(self, name: str, kind: JobKind = "TASK") -> None:
        """Send the start of a stage, once."""
        if name not in self._started:
            self._started[name] = ""
            self._emit("START", self._stage_run(name), kind)

    def end_stage(
        self, name: str, state: State, data: JobData, error: str = "", kind: JobKind = "TASK"
    ) -> None:
        """Send the end of a stage."""
        self._emit(state, self._stage_run(name), kind, data, error)

    def end(self, state: State, data: JobData, error: str = "") -> None:
        """Send the end of the run."""
        self.is_ended = True
        self._emit(state, self._facts.run, "FLOW", data, error)

    def flush(self) -> LineageDelivery | None:
        """Wait until the events are sent, as long as the run may still wait; None without a target."""
        return self._emitter.flush() if self._emitter is not None else None

    def stop(self) -> None:
        """Send nothing any more."""
        if self._emitter is not None:
            self._emitter.stop()

    def _stage_run(self, name: str) -> JobRun:
        run = self._facts.run
        return JobRun(uuid5(run.run_id, name), f"{run.job}.{name}")

    def _emit(
        self, state: State, run: JobRun, kind: JobKind, data: JobData | None = None, error: str = ""
    ) -> None:
        if self._emitter is None:
            return
        data = data or JobData()
        self._emitter.emit(
            EventRecord(
                self._facts,
                state,
                datetime.now(UTC),
                run,
                kind,
                data.inputs,
                data.outputs,
                data.locations,
                data.is_composed,
                error,
            )
        )
