"""What the main job tells at its end: the datasets of its stages, and the run from the deliveries to the tables."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path, PurePosixPath

from tasks.ingest.ingested import Bronze
from tasks.postgres.settings import ConnectionSettings
from tasks.report.lineage.location import Location, file_location, folder_of, output_location, table_location
from tasks.report.lineage.record import DatasetRecord, State
from tasks.report.lineage.run import JobData, LineageRun
from tasks.report.lineage.stages import BRONZE_NAME, DELIVERY, FEED, QUARANTINE_NAME, SILVER_NAME
from tasks.report.lineage.star_schema import LEDGER, LOADED, TABLES
from tasks.report.lineage.views import VIEWS
from tasks.report.run_report import RunReport
from tasks.validate.score import DeliveryQuality
from tasks.validate.silver import Silver
from tasks.warehouse.ledger import RunStatus

# With more, their folders are told instead: an event has to stay small enough for every server.
DELIVERIES_IN_AN_EVENT = 50
_FACT = "retail_dwh.fact_sale"
_STATES: Mapping[RunStatus, State] = {"completed": "COMPLETE", "cancelled": "ABORT"}
_ERRORS_SHOWN = 3
_NOT_LOADED = ("failed", "refused")


@dataclass(frozen=True)
class Places:
    """Where the run reads and writes; no warehouse in a dry run."""

    workspace: Path
    warehouse: ConnectionSettings | None


def end_etl(lineage: LineageRun, places: Places, report: RunReport, *, in_the_middle: bool = False) -> None:
    """Send the ends of the stages and of the run.

    Args:
        lineage: The run's lineage.
        places: Where it reads and writes.
        report: Its report, or what there is of it.
        in_the_middle: Whether the run ends before its stages are through: those that started end as it does.
    """
    if not lineage.is_on:
        return
    state = _STATES.get(report.status, "FAIL")
    error = report.error or " ".join(
        delivery.message
        for delivery in [each for each in report.deliveries if each.outcome in _NOT_LOADED][:_ERRORS_SHOWN]
    )
    error = "" if state == "COMPLETE" else error
    data = _Data(places, report, lineage.bronze, lineage.silver)
    stages = {"ingest": data.ingest, "validate": data.validate, "load": data.load}
    for name, failure in lineage.stages.items():
        own = failure or (error if in_the_middle else "")
        ended: State = state if in_the_middle and not failure else "FAIL" if failure else "COMPLETE"
        lineage.end_stage(name, ended, stages[name](), own)
    if data.has_loaded and not in_the_middle:
        lineage.start_stage("views", "VIEW")
        lineage.end_stage("views", "COMPLETE", data.views(), kind="VIEW")
    lineage.end(state, data.run(), error)


@dataclass(frozen=True)
class _Data:
    """The datasets of a run."""

    places: Places
    report: RunReport
    bronze: Sequence[Bronze]
    silver: Sequence[Silver]

    @property
    def has_loaded(self) -> bool:
        """Whether the run changed the star schema."""
        changed = {"loaded", "replaced"}
        return any(delivery.outcome in changed for delivery in self.report.deliveries)

    def ingest(self) -> JobData:
        return self._job(self._deliveries(), (self._bronze(),) if self.bronze else ())

    def validate(self) -> JobData:
        if not self.silver:
            return self._job((self._bronze(),), ())
        violations = _sum_violations(self._qualities.values())
        return self._job(
            (replace(self._bronze(), violations=violations), *self._ledger(FEED)),
            (self._silver(), self._quarantine()),
        )

    def load(self) -> JobData:
        inputs = (self._silver(), *self._ledger(*(dataset.name for dataset in LEDGER)))
        return self._job(inputs, self._tables() if self.has_loaded else ())

    def views(self) -> JobData:
        views = tuple(self._table(view.name) for view in VIEWS)
        return self._job(tuple(self._table(table.name) for table in TABLES), views)

    def run(self) -> JobData:
        deliveries = self._deliveries(with_quality=True)
        data = self._job(
            (*deliveries, *self._ledger(FEED)) if deliveries else (),
            self._tables() if self.has_loaded else (),
        )
        return replace(data, is_composed=True)

    def _job(self, inputs: tuple[DatasetRecord, ...], outputs: tuple[DatasetRecord, ...]) -> JobData:
        locations: dict[str, tuple[Location, ...]] = {}
        for dataset in (*inputs, *outputs):
            locations[dataset.kind] = (*locations.get(dataset.kind, ()), dataset.location)
        return JobData(inputs, outputs, locations)

    @property
    def _qualities(self) -> dict[str, DeliveryQuality]:
        return {quality.name: quality for silver in self.silver for quality in silver.deliveries}

    def _deliveries(self, *, with_quality: bool = False) -> tuple[DatasetRecord, ...]:
        qualities = self._qualities if with_quality else {}
        records = [
            DatasetRecord(
                DELIVERY,
                file_location(file.name),
                file.content_hash,
                file.rows,
                file.size,
                1,
                _violations(qualities[file.name]) if file.name in qualities else None,
            )
            for bronze in self.bronze
            for file in bronze.deliveries
        ]
        return tuple(records) if len(records) <= DELIVERIES_IN_AN_EVENT else _by_folder(records)

    def _bronze(self) -> DatasetRecord:
        files = [file for bronze in self.bronze for file in bronze.deliveries]
        return DatasetRecord(
            BRONZE_NAME,
            output_location(self.places.workspace, BRONZE_NAME),
            _version(bronze.folder for bronze in self.bronze),
            sum(file.rows for file in files),
            sum(file.size for file in files),
            sum(bronze.parts for bronze in self.bronze),
        )

    def _silver(self) -> DatasetRecord:
        qualities = self._qualities.values()
        return DatasetRecord(
            SILVER_NAME,
            output_location(self.places.workspace, SILVER_NAME),
            _version(silver.folder for silver in self.silver),
            sum(quality.lines - quality.rows_quarantined for quality in qualities),
            files=sum(silver.parts for silver in self.silver),
        )

    def _quarantine(self) -> DatasetRecord:
        return DatasetRecord(
            QUARANTINE_NAME,
            output_location(self.places.workspace, QUARANTINE_NAME),
            _version(silver.folder for silver in self.silver),
            sum(quality.rows_quarantined for quality in self._qualities.values()),
        )

    def _tables(self) -> tuple[DatasetRecord, ...]:
        return tuple(
            replace(
                self._table(table.name),
                version=self.report.run_id,
                rows=self.report.rows_loaded if table.name == _FACT else None,
            )
            for table in LOADED
            if self.places.warehouse is not None
        )

    def _ledger(self, *names: str) -> tuple[DatasetRecord, ...]:
        return tuple(self._table(name) for name in names) if self.places.warehouse is not None else ()

    def _table(self, name: str) -> DatasetRecord:
        if self.places.warehouse is None:
            raise ValueError(f"{name}: a dry run has no warehouse")
        return DatasetRecord(name, table_location(self.places.warehouse, name))


def _violations(quality: DeliveryQuality) -> Mapping[str, int]:
    return dict(quality.rules)


def _sum_violations(qualities: Iterable[DeliveryQuality]) -> dict[str, int]:
    summed: dict[str, int] = {}
    for quality in qualities:
        for rule, count in quality.rules.items():
            summed[rule] = summed.get(rule, 0) + count
    return summed


def _by_folder(records: Sequence[DatasetRecord]) -> tuple[DatasetRecord, ...]:
    """Sum up deliveries by folder; the version is that of all their contents."""
    folders: dict[Location, list[DatasetRecord]] = {}
    for record in records:
        folders.setdefault(folder_of(record.location), []).append(record)
    return tuple(
        DatasetRecord(
            DELIVERY,
            location,
            _version(member.version for member in members),
            sum(member.rows or 0 for member in members),
            sum(member.size or 0 for member in members),
            len(members),
            _merged([member.violations for member in members]),
        )
        for location, members in folders.items()
    )


def _merged(violations: Sequence[Mapping[str, int] | None]) -> dict[str, int] | None:
    known = [counts for counts in violations if counts is not None]
    if not known:
        return None
    return {rule: sum(counts.get(rule, 0) for counts in known) for counts in known for rule in counts}


def _version(parts: Iterable[str]) -> str:
    """The name of the one output, or a hash over several."""
    names = sorted(PurePosixPath(part).name for part in parts)
    return names[0] if len(names) == 1 else sha256("\n".join(names).encode()).hexdigest()
