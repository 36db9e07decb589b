"""The run report: every figure of a run as one frozen value, which is printed, saved and returned."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import polars as pl

from tasks.errors import BytesOfOtherFeed
from tasks.ingest.ingested import IngestedFile
from tasks.outside_text import displayable
from tasks.postgres.traffic import Network
from tasks.report.frame import deliveries_frame
from tasks.report.lineage.emitter import LineageDelivery
from tasks.report.markdown import as_markdown
from tasks.report.timings import StageTime
from tasks.validate.score import DeliveryQuality, FaultyLine
from tasks.warehouse.ledger import Outcome, Refusal, RunStatus
from tasks.warehouse.load.transaction import LoadedDelivery
from tasks.warehouse.warehouse_figures import CountryRevenue
from tasks.workspace.integrity import make_folder
from tasks.workspace.outputs import checked_workspace, write_text

LOADED = ("loaded", "replaced")
_FAILURES = ("refused", "failed")
# Of a value in a message; the report itself has more.
_VALUE_CHARACTERS = 120


@dataclass(frozen=True)
class DeliveryReport:
    """The figures of one delivery.

    ``outcome`` is ``judged`` in a dry run, and ``unfinished`` for a file that is still being written. ``refusal`` says
    which check rejected the delivery; ``reason`` says why it was rejected, failed or unfinished, with the next step.
    Rows are counts of rows, scores per cent, amounts decimals as text in the feed's currency, ``identical_amounts`` in each
    currency that the copies have. ``samples`` are the first of the quarantined lines, with the values as delivered.
    ``notes`` are findings about the delivery as a whole, each a sentence. ``passed_over`` has the rows that are no sales or
    no lines by reason, as ``IngestedFile.passed_over``.
    """

    name: str
    outcome: Outcome
    content_hash: str | None = None
    rows_in: int = 0
    rows_loaded: int = 0
    rows_duplicate: int = 0
    rows_quarantined: int = 0
    lines_withdrawn: int = 0
    identical_lines: int = 0
    identical_amount: str = "0"
    quality_score: float | None = None
    dimensions: Mapping[str, float] = field(default_factory=dict)
    rules: Mapping[str, int] = field(default_factory=dict)
    ignored_columns: tuple[str, ...] = ()
    encodings: tuple[str, ...] = ()
    reason: str = ""
    refusal: Refusal | None = None
    samples: tuple[FaultyLine, ...] = ()
    notes: tuple[str, ...] = ()
    identical_amounts: Mapping[str, str] = field(default_factory=dict)
    rows_passed_over: int = 0
    passed_over: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    @property
    def is_failure(self) -> bool:
        """Whether the run fails with it: it was rejected, or failed."""
        return self.outcome in _FAILURES

    @property
    def lines(self) -> int:
        """Number of its lines: its rows, without those that are none."""
        return self.rows_in - self.rows_passed_over

    @property
    def message(self) -> str:
        """Name of the delivery and why it was rejected or failed; of one with too many faulty lines, some of them."""
        shown = f" {samples_text(self.samples)}" if self.refusal == "quality_gate" and self.samples else ""
        return f"{displayable(self.name)}: {self.reason}{shown}"


@dataclass(frozen=True)
class RunReport:
    """The report of a run.

    Rows are sums over loaded deliveries (validated ones in a dry run). Scores are per cent, means over all validated
    deliveries weighted by lines. Amounts are decimals as text by currency. Times are ISO 8601 with time zone.
    ``passed_over_by_reason`` sums up the deliveries' ``passed_over``, while ``passed_over`` has paths: of files in the
    sources that are no deliveries. ``links_out`` maps links that lead out of a source to their targets. ``vanished``
    names the loaded deliveries that a folder or glob no longer has, and ``newly_vanished`` those that no earlier run has
    missed. ``without_columns`` names those whose currency, store and line number count only when they come again.
    ``settings`` maps the settings that are not the default to where they come from: the path of a file,
    environment, a block or parameter. ``network`` is what went
    to and from the warehouse until the report was made; None without a warehouse. ``lineage`` is what became of the
    events of lineage; None if nobody is told. ``bytes_read`` are those of deliveries and the workspace, ``bytes_written``
    those of the workspace. ``cost`` maps cpu, traffic and total to decimals as text, and currency to its code; empty
    without prices. ``notes`` are findings about the run as a whole, each a sentence.
    """

    run_id: str
    status: RunStatus
    feed: Mapping[str, Any]
    warehouse: str
    started_at: str
    finished_at: str
    rows_in: int
    rows_loaded: int
    rows_duplicate: int
    rows_quarantined: int
    rows_passed_over: int
    passed_over_by_reason: Mapping[str, Mapping[str, Any]]
    rows_refused: int
    identical_lines: int
    identical_amount: Mapping[str, str]
    quality_score: float | None
    quality_threshold: float
    dimensions: Mapping[str, float]
    deliveries: tuple[DeliveryReport, ...]
    outcomes: Mapping[str, int]
    passed_over: tuple[str, ...]
    tables: Mapping[str, int]
    top_countries: tuple[CountryRevenue, ...]
    stages: tuple[StageTime, ...]
    seconds: float
    cpu_seconds: float
    peak_memory_mb: float
    parameters: Mapping[str, Any]
    versions: Mapping[str, str]
    report_path: str
    error: str = ""
    links_out: Mapping[str, str] = field(default_factory=dict)
    vanished: tuple[str, ...] = ()
    newly_vanished: tuple[str, ...] = ()
    without_columns: tuple[str, ...] = ()
    settings: Mapping[str, str] = field(default_factory=dict)
    degraded: bool = False
    degraded_reasons: tuple[str, ...] = ()
    network: Network | None = None
    lineage: LineageDelivery | None = None
    bytes_read: int = 0
    bytes_written: int = 0
    cost: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    def to_json(self) -> str:
        """The report as one line of JSON."""
        return json.dumps(asdict(self), separators=(",", ":"))

    def to_frame(self) -> pl.DataFrame:
        """The deliveries as a frame, one row each.

        Returns:
            Columns ``name``, ``outcome``, ``reason``, ``refusal`` and ``content_hash`` (SHA-256); the counts
            ``rows_in``, ``rows_loaded``, ``rows_duplicate``, ``rows_quarantined``, ``rows_passed_over``,
            ``lines_withdrawn`` and ``identical_lines``;
            ``identical_amount``, a decimal in the feed's currency; ``quality_score`` and a column per quality
            dimension, 0 to 100, null where the delivery was not scored; ``rules``, a list of the broken rules with
            their lines; ``ignored_columns`` and ``encodings``, lists of names; ``samples``, a list of the first
            faulty lines with line, rule and value; ``notes``, a list of sentences; ``identical_amounts``, a list of
            currencies with the amount; ``passed_over``, a list of reasons with their rows and such a list of amounts.
        """
        return deliveries_frame(self.deliveries)

    def _repr_markdown_(self) -> str:
        # What a notebook shows; the text escapes what comes from files.
        return as_markdown(self)

    @property
    def nothing_new(self) -> bool:
        """Whether every delivery was already loaded unchanged, is an empty part, or is still being written."""
        return bool(self.outcomes) and set(self.outcomes) <= {"unchanged", "empty", "unfinished"}


@dataclass(frozen=True)
class RefusedDelivery:
    """A delivery that was refused: its counts, and the path of the quarantined lines of its batch."""

    quality: DeliveryQuality
    quarantine: str


@dataclass(frozen=True)
class Rejection:
    """Why a delivery is refused before the load, and by which check."""

    refusal: Refusal
    reason: str


def delivery_report(
    quality: DeliveryQuality,
    ingested: IngestedFile,
    loaded: LoadedDelivery | None,
    score: float | None,
    rejection: Rejection | None = None,
) -> DeliveryReport:
    """Combine the figures of all stages for one delivery.

    Args:
        quality: Result of the validation.
        ingested: The ingested file.
        loaded: Result of the load; None if the delivery was rejected or in a dry run.
        score: Overall quality score in per cent; None if quality checks are off.
        rejection: Why it was rejected before the load, or None.
    """
    return DeliveryReport(
        name=quality.name,
        outcome=loaded.outcome if loaded else "refused" if rejection else "judged",
        content_hash=quality.content_hash,
        rows_in=quality.rows_in,
        rows_loaded=loaded.rows_loaded if loaded else 0,
        rows_duplicate=loaded.rows_duplicate if loaded else 0,
        rows_quarantined=quality.rows_quarantined,
        lines_withdrawn=loaded.lines_withdrawn if loaded else 0,
        identical_lines=quality.rows_identical,
        identical_amount=quality.identical_amount,
        identical_amounts=quality.identical_amounts,
        quality_score=None if score is None else round(score, 2),
        dimensions={}
        if score is None
        else {name: round(value, 2) for name, value in quality.scores().items()},
        rules=dict(quality.rules),
        ignored_columns=ingested.ignored_columns,
        encodings=ingested.encodings,
        reason=rejection.reason if rejection else _reason(loaded),
        refusal=rejection.refusal if rejection else _refusal(loaded),
        samples=quality.samples,
        notes=quality.notes,
        rows_passed_over=quality.rows_passed_over,
        passed_over=quality.passed_over,
    )


def samples_text(samples: Sequence[FaultyLine]) -> str:
    """Name faulty lines in a sentence, with their values, which a message shows in part."""
    named = (f"line {sample.line} {sample.rule} {_quoted(sample.value)}" for sample in samples)
    return f"The first: {'; '.join(named)}."


def _quoted(value: str | None) -> str:
    if value is None:
        return "(missing)"
    shown = displayable(value)
    return f"'{shown[:_VALUE_CHARACTERS]}{'…' if len(shown) > _VALUE_CHARACTERS else ''}'"


def _refusal(loaded: LoadedDelivery | None) -> Refusal | None:
    if loaded is None or loaded.refusal is None:
        return None
    return "other_feed" if isinstance(loaded.refusal, BytesOfOtherFeed) else "replacement_guard"


def _reason(loaded: LoadedDelivery | None) -> str:
    error = (loaded.refusal or loaded.error) if loaded else None
    return error.reason if error else ""


def save(report: RunReport) -> None:
    """Write the report as JSON to its ``report_path``, readable by the owner only.

    Raises:
        WorkspaceFull: The workspace cannot be written.
    """
    path = Path(report.report_path)
    with checked_workspace(path.parents[1]):
        make_folder(path.parent)
        write_text(path, json.dumps(asdict(report), indent=2) + "\n")
