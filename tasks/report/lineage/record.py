"""What is told of a run and its stages, as plain values: a sink's library makes events of them later."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal
from uuid import UUID

from tasks.report.lineage.location import Location

State = Literal["START", "COMPLETE", "FAIL", "ABORT"]
JobKind = Literal["FLOW", "TASK", "VIEW"]


@dataclass(frozen=True)
class DatasetRecord:
    """A dataset that a job read or wrote.

    Attributes:
        kind: Its name in ``columns.DATASETS``; empty for one whose columns are not told.
        location: Where it is.
        version: Its version: of a delivery the SHA-256, of an output its name, of a table the run.
        rows: Rows read or written.
        size: Bytes.
        files: Number of files.
        violations: Lines that break a rule, by its name, with 0 for rules that all lines keep; None if not validated.
    """

    kind: str
    location: Location
    version: str = ""
    rows: int | None = None
    size: int | None = None
    files: int | None = None
    violations: Mapping[str, int] | None = None


@dataclass(frozen=True)
class JobRun:
    """A run of a job: its id, and the job's name."""

    run_id: UUID
    job: str


@dataclass(frozen=True)
class RunFacts:
    """What all events of a flow run share.

    Attributes:
        run: The flow run.
        namespace: Namespace of the jobs.
        parent: The flow run that called it; None if no other did.
        nominal_start: Time it was scheduled for; None for a run that somebody started.
        tags: Such as feed, deployment and name of the run.
        parameters: Its parameters without secrets, as text.
        versions: Versions of Prefect and of this package.
    """

    run: JobRun
    namespace: str
    parent: JobRun | None = None
    nominal_start: datetime | None = None
    tags: Mapping[str, str] = field(default_factory=dict)
    parameters: Mapping[str, str] = field(default_factory=dict)
    versions: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class EventRecord:
    """A change of state of a job's run.

    Attributes:
        facts: The flow run.
        state: The new state.
        time: When, with time zone.
        run: The job's run: the flow run itself, or one of its stages.
        kind: ``FLOW``, ``TASK`` for a stage, ``VIEW`` for the views.
        inputs: Datasets it read.
        outputs: Datasets it wrote.
        locations: Where the datasets are that columns are made of, by their names in ``columns.DATASETS``.
        is_composed: Whether the columns of the outputs lead straight to those of the deliveries.
        error: Why it failed, without secrets.
    """

    facts: RunFacts
    state: State
    time: datetime
    run: JobRun
    kind: JobKind
    inputs: tuple[DatasetRecord, ...] = ()
    outputs: tuple[DatasetRecord, ...] = ()
    locations: Mapping[str, tuple[Location, ...]] = field(default_factory=dict)
    is_composed: bool = False
    error: str = ""
