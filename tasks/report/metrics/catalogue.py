"""The metrics: names, types, help texts, and the label values that are exported even before anything happened.

Runs are short processes, so that all of it is read from ``retail_ops`` at scrape time. A counter counts rows that
nothing deletes: it falls only when the warehouse is restored from a backup, which Prometheus handles as
the restart of a counter. What can fall otherwise is a gauge.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import product
from math import nan
from typing import Literal, get_args

from tasks.alerts.kinds import KINDS
from tasks.validate.score import DIMENSIONS
from tasks.warehouse.integrity.check import built_in_checks
from tasks.warehouse.ledger import RunStatus
from tasks.warehouse.statistics import TABLES

# The label of all feeds beyond the first ones.
OTHER = "other"
MAX_FEEDS = 50
MAX_CHECKS = 100
_ENDS = tuple(status for status in get_args(RunStatus) if status != "running")
_KINDS = ("full", "table")
_FEEDS = {"feed": (OTHER,)}
_STAGES = {"stage": ("prepare", "ingest", "validate", "load", "finish")}


@dataclass(frozen=True)
class Metric:
    """A metric.

    Attributes:
        name: Name, with its base unit, and ``_total`` for a counter.
        kind: Type in Prometheus.
        help: What it counts or measures.
        labels: Names of its labels, each with the values that are always exported.
        absent: Value of these without a row: 0, or NaN where 0 would be a figure.
    """

    name: str
    kind: Literal["counter", "gauge"]
    help: str
    labels: Mapping[str, Sequence[str]] = field(default_factory=dict)
    absent: float = 0.0

    def combinations(self) -> Iterator[tuple[str, ...]]:
        """The label values that are always exported."""
        if "check" in self.labels:
            return iter([(check.name, check.severity) for check in built_in_checks()])
        return product(*self.labels.values())


_CHECKS: Mapping[str, Sequence[str]] = {"check": (), "severity": ("error", "warning")}

_USE: tuple[Metric, ...] = (
    Metric("retail_run_seconds_total", "counter", "Duration of all runs."),
    Metric("retail_run_cpu_seconds_total", "counter", "CPU time of all runs."),
    Metric("retail_run_read_bytes_total", "counter", "Bytes read from deliveries and the workspace."),
    Metric("retail_run_written_bytes_total", "counter", "Bytes written to the workspace."),
    Metric("retail_run_connections_total", "counter", "Connections of runs to the warehouse."),
    Metric("retail_run_turns_total", "counter", "Round trips of runs to the warehouse."),
    Metric("retail_run_sent_bytes_total", "counter", "Bytes that runs sent to the warehouse."),
    Metric("retail_run_received_bytes_total", "counter", "Bytes that runs received from the warehouse."),
    Metric("retail_last_run_duration_seconds", "gauge", "Duration of the last run; NaN before.", absent=nan),
    Metric("retail_last_run_cpu_seconds", "gauge", "CPU time of the last run; NaN before.", absent=nan),
    Metric(
        "retail_last_run_peak_memory_bytes",
        "gauge",
        "Peak memory of the process of the last run; NaN before.",
        absent=nan,
    ),
    Metric("retail_stage_seconds_total", "counter", "Busy time by stage; stages overlap.", _STAGES),
    Metric("retail_stage_cpu_seconds_total", "counter", "CPU time of the threads of a stage.", _STAGES),
    Metric("retail_stage_lines_total", "counter", "Lines that went through a stage.", _STAGES),
    Metric(
        "retail_cost_total",
        "counter",
        "Cost of all runs at the prices of their time, in the currency; none before a price was set.",
        {"currency": (), "kind": ("cpu", "traffic")},
    ),
    Metric(
        "retail_storage_cost_per_month",
        "gauge",
        "Cost of the database for a month at the last run, in the currency; none before a price was set.",
        {"currency": ()},
    ),
    Metric(
        "retail_last_run_cost_ratio",
        "gauge",
        "Cost of the last run, divided by the mean of the ten comparable ones before; NaN without them.",
        absent=nan,
    ),
)
METRICS: tuple[Metric, ...] = (
    Metric("retail_runs_total", "counter", "Runs that ended, by status.", {"status": _ENDS}),
    Metric("retail_running_runs", "gauge", "Runs that the ledger has as running."),
    Metric("retail_last_run_timestamp_seconds", "gauge", "Start of the last run; 0 if there was none."),
    Metric(
        "retail_last_good_run_timestamp_seconds",
        "gauge",
        "End of the last completed run; 0 if there was none.",
    ),
    Metric(
        "retail_deliveries_total",
        "counter",
        "Attempts to load or withdraw a delivery, by outcome; unchanged deliveries do not count.",
        {"outcome": ("loaded", "replaced", "withdrawn", "refused", "failed", "unfinished")},
    ),
    Metric(
        "retail_open_refusals",
        "gauge",
        "Deliveries whose last attempt was refused or failed, apart from files that were still being written.",
        {"outcome": ("refused", "failed")},
    ),
    Metric("retail_lines_read_total", "counter", "Lines of the deliveries that were loaded.", _FEEDS),
    Metric(
        "retail_lines_total",
        "counter",
        "Lines of the deliveries that were loaded, by what became of them then.",
        _FEEDS | {"outcome": ("loaded", "duplicate", "quarantined")},
    ),
    Metric(
        "retail_rows_passed_over_total",
        "counter",
        "Rows of the deliveries that were loaded that are no lines or were never sold.",
        _FEEDS,
    ),
    Metric(
        "retail_feed_last_load_timestamp_seconds",
        "gauge",
        "Time of the feed's last load; other has that of the feed that is latest, NaN without such feeds.",
        _FEEDS,
        nan,
    ),
    Metric("retail_warehouse_lines", "gauge", "Lines in fact_sale."),
    Metric(
        "retail_quality_ratio",
        "gauge",
        "Quality score, 0 to 1, of the last run that validated anything; NaN before.",
        {"dimension": DIMENSIONS},
        nan,
    ),
    Metric(
        "retail_last_run_quality_ratio",
        "gauge",
        "Overall quality score, 0 to 1, of the same run; NaN without one.",
        absent=nan,
    ),
    Metric(
        "retail_integrity_violations", "gauge", "Violations at the last look, by check; 0 before.", _CHECKS
    ),
    Metric(
        "retail_integrity_check_failed",
        "gauge",
        "Whether the check could not run at the last look (1) or could (0).",
        _CHECKS,
    ),
    Metric(
        "retail_last_integrity_timestamp_seconds",
        "gauge",
        "Time of the last look of the integrity checks; 0 if there was none.",
    ),
    Metric("retail_backups_total", "counter", "Backups that were recorded, by kind.", {"kind": _KINDS}),
    Metric(
        "retail_last_backup_timestamp_seconds",
        "gauge",
        "Snapshot of the last backup, by kind; 0 if there was none.",
        {"kind": _KINDS},
    ),
    Metric(
        "retail_last_backup_size_bytes",
        "gauge",
        "Size of the last backup in the vault, by kind.",
        {"kind": _KINDS},
    ),
    Metric(
        "retail_proofs_total",
        "counter",
        "Test restores of backups, by outcome.",
        {"outcome": ("passed", "failed", "incomplete")},
    ),
    Metric(
        "retail_last_proof_timestamp_seconds",
        "gauge",
        "Time of the last test restore that passed; 0 if there was none.",
    ),
    Metric(
        "retail_last_proof_passed",
        "gauge",
        "Whether the last test restore passed (1) or not (0); NaN if there was none.",
        absent=nan,
    ),
    Metric("retail_database_size_bytes", "gauge", "Size of the whole database.", absent=nan),
    Metric(
        "retail_disk_size_bytes",
        "gauge",
        "Disk of the database's plan (RETAIL_DISK_MB); NaN if not set.",
        absent=nan,
    ),
    Metric("retail_table_size_bytes", "gauge", "Size of a table with indexes and TOAST.", {"table": TABLES}),
    Metric("retail_table_rows", "gauge", "Rows of a table, as the planner estimates.", {"table": TABLES}),
    *_USE,
    Metric(
        "retail_open_alerts",
        "gauge",
        "Alerts that are not resolved, by kind; NaN if Prefect, which keeps them, did not answer.",
        {"kind": tuple(kind for kind in KINDS if kind != "recovered")},
    ),
    Metric(
        "retail_schema_info",
        "gauge",
        "Always 1: version of the package, revision of the schema.",
        {"version": (), "revision": ()},
    ),
)
BY_NAME: Mapping[str, Metric] = {metric.name: metric for metric in METRICS}
