"""Read the metrics of a warehouse from its ledger and catalogue."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from importlib.metadata import version
from math import nan
from typing import Any

from tasks.outside_text import displayable
from tasks.postgres.pool import QueryPool
from tasks.postgres.queries import compact_sql, inlined
from tasks.postgres.questions import ask
from tasks.report.metrics.catalogue import BY_NAME, MAX_CHECKS, MAX_FEEDS, OTHER
from tasks.report.metrics.exposition import Sample, exposition
from tasks.warehouse.questions import reading

_QUESTIONS = (
    "count_runs",
    "count_deliveries",
    "sum_resource_use",
    "select_last_times",
    "select_backups",
    "select_quality",
    "select_integrity",
    "select_open_refusals",
    "select_sizes",
)
# The pool's own limit of a statement counts.
_SECONDS = 60.0
_REVISION = "select to_json(min(version_num::text)) from retail_ops.schema_version"


async def warehouse_metrics(
    pool: QueryPool, *, open_alerts: Iterable[str] | None = None, disk_bytes: int | None = None
) -> bytes:
    """Read all metrics of the catalogue in one turn, of one snapshot.

    Args:
        pool: Pool of the warehouse.
        open_alerts: Kinds of the alerts that are open; None if they are not known.
        disk_bytes: Disk of the database's plan; None if unknown.

    Returns:
        Prometheus text, to be sent with ``CONTENT_TYPE``.

    Raises:
        WarehouseError: the schema has another revision than this release.
        RetailError: the warehouse did not answer.
    """
    queries = {name: compact_sql(name, "tasks.report") for name in _QUESTIONS}
    queries["lines"] = inlined(compact_sql("count_lines", "tasks.report"), MAX_FEEDS)
    queries["revision"] = _REVISION
    async with reading(pool, _SECONDS) as connection:
        answers = await ask(connection, queries)
    revision = answers.pop("revision")
    samples = [_sample(row) for rows in answers.values() for row in rows]
    return exposition(
        [
            *_with_few_checks(sample for sample in samples if _is_ours(sample)),
            *_alerts(open_alerts),
            Sample("retail_disk_size_bytes", (), nan if disk_bytes is None else disk_bytes),
            Sample("retail_schema_info", (version("prefect-retail"), str(revision)), 1),
        ]
    )


def _sample(row: Sequence[Any]) -> Sample:
    name, labels, value = row
    return Sample(name, tuple(displayable(label) for label in labels), float(value or 0))


def _is_ours(sample: Sample) -> bool:
    """Whether the sample is not of a table that somebody has added to our schemas."""
    tables = BY_NAME[sample.name].labels.get("table")
    return tables is None or sample.labels[0] in tables


def _with_few_checks(samples: Iterable[Sample]) -> Iterator[Sample]:
    """Fold the checks of a user's own beyond ``MAX_CHECKS`` into one by severity."""
    built_in = set(BY_NAME["retail_integrity_violations"].combinations())
    own: set[tuple[str, ...]] = set()
    for sample in sorted(samples, key=lambda sample: (sample.name, sample.labels)):
        if "check" not in BY_NAME[sample.name].labels or sample.labels in built_in:
            yield sample
        elif sample.labels in own or len(own) < MAX_CHECKS:
            own.add(sample.labels)
            yield sample
        else:
            yield Sample(sample.name, (OTHER, sample.labels[1]), sample.value)


def _alerts(kinds: Iterable[str] | None) -> Iterator[Sample]:
    known = [kind for (kind,) in BY_NAME["retail_open_alerts"].combinations()]
    if kinds is None:
        yield from (Sample("retail_open_alerts", (kind,), nan) for kind in known)
        return
    counts = Counter(kinds)
    yield from (Sample("retail_open_alerts", (kind,), counts[kind]) for kind in known)
