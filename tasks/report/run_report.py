"""The run report: every figure of a run, as one frozen value that is printed, stored and returned."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

import polars as pl

from tasks.errors import escape_unprintable
from tasks.ingest.bronze import IngestedFile
from tasks.report.frame import deliveries_frame
from tasks.report.markdown import as_markdown
from tasks.report.timings import StageTime
from tasks.validate.score import DIMENSIONS, DeliveryQuality
from tasks.warehouse.ledger import Outcome, Refusal, RunStatus
from tasks.warehouse.load.transaction import LoadedDelivery
from tasks.warehouse.statistics import CountryRevenue
from tasks.workspace.outputs import workspace_errors_mapped, write_text

TAKEN = ("loaded", "replaced")


@dataclass(frozen=True)
class DeliveryReport:
    """A delivery's accounting.

    ``outcome`` is judged if nothing was to be loaded. ``refusal`` names what refused it; ``reason`` is why it was
    refused or failed, with the next step. Money is a decimal as text.
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

    @property
    def message(self) -> str:
        """Why it was refused or failed, after its name."""
        return f"{escape_unprintable(self.name)}: {self.reason}"


@dataclass(frozen=True)
class RunReport:
    """A run's report. Rows are sums over the deliveries that were taken; scores are means over all that were
    judged, weighted by lines; money is a decimal as text by currency; times are ISO 8601 with zone."""

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

    def to_json(self) -> str:
        """The report as one line of JSON."""
        return json.dumps(asdict(self), separators=(",", ":"))

    def to_frame(self) -> pl.DataFrame:
        """The deliveries as a frame, one row each.

        Returns:
            Columns ``name``, ``outcome``, ``reason``, ``refusal`` and ``content_hash`` (SHA-256); the counts
            ``rows_in``, ``rows_loaded``, ``rows_duplicate``, ``rows_quarantined``, ``lines_withdrawn`` and ``identical_lines``;
            ``identical_amount``, a decimal in the feed's currency; ``quality_score`` and a column per quality
            dimension, 0 to 100, null where the delivery was not scored; ``rules``, a list of the broken rules with
            their lines; ``ignored_columns`` and ``encodings``, lists of names.
        """
        return deliveries_frame(self.deliveries)

    def _repr_markdown_(self) -> str:
        # What a notebook shows; the text escapes what comes from files.
        return as_markdown(self)

    @property
    def nothing_new(self) -> bool:
        """True if every delivery was there already."""
        return bool(self.outcomes) and set(self.outcomes) == {"unchanged"}


def delivery_report(
    quality: DeliveryQuality,
    received: IngestedFile,
    loaded: LoadedDelivery | None,
    score: float | None,
    rejection: str | None = None,
) -> DeliveryReport:
    """Bring together what the stages know of one delivery."""
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
        quality_score=None if score is None else round(score, 2),
        dimensions={}
        if score is None
        else {name: round(value, 2) for name, value in quality.scores().items()},
        rules=dict(quality.rules),
        ignored_columns=received.ignored_columns,
        encodings=received.encodings,
        reason=rejection or (loaded.refusal.reason if loaded and loaded.refusal else ""),
        refusal="quality_gate" if rejection else "replacement_guard" if loaded and loaded.refusal else None,
    )


def totals(deliveries: tuple[DeliveryReport, ...], currency: str) -> dict[str, Any]:
    """The report's sums and means over its deliveries."""
    taken = [one for one in deliveries if one.outcome in {*TAKEN, "judged"}]
    scored = [one for one in deliveries if one.quality_score is not None and one.rows_in]
    rows = sum(one.rows_in for one in scored)
    outcomes: dict[str, int] = {}
    for one in deliveries:
        outcomes[one.outcome] = outcomes.get(one.outcome, 0) + 1
    amount = sum((Decimal(one.identical_amount) for one in taken), Decimal(0))
    return {
        "rows_in": sum(one.rows_in for one in taken),
        "rows_loaded": sum(one.rows_loaded for one in taken),
        "rows_duplicate": sum(one.rows_duplicate for one in taken),
        "rows_quarantined": sum(one.rows_quarantined for one in taken),
        "rows_refused": sum(one.rows_in for one in deliveries if one.outcome == "refused"),
        "identical_lines": sum(one.identical_lines for one in taken),
        "identical_amount": {currency: str(amount)} if amount else {},
        "quality_score": round(sum((one.quality_score or 0) * one.rows_in for one in scored) / rows, 2)
        if rows
        else None,
        "dimensions": {
            name: round(sum(one.dimensions[name] * one.rows_in for one in scored) / rows, 2)
            for name in DIMENSIONS
        }
        if rows
        else {},
        "outcomes": outcomes,
    }


def save(report: RunReport) -> None:
    """Write the report as JSON to its ``report_path``, readable by its owner only. Raises WorkspaceFull."""
    path = Path(report.report_path)
    with workspace_errors_mapped(path.parents[1]):
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_text(path, json.dumps(asdict(report), indent=2) + "\n")
