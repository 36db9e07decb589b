"""Sizes and rows of the warehouse, its growth, and what is wrong with its indexes and schemas."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

import asyncpg

from tasks.errors import ReadOnlyWarehouse
from tasks.postgres.connect import ConnectionSettings
from tasks.postgres.errors import DRIVER_ERRORS, map_driver_error
from tasks.postgres.queries import compact_sql
from tasks.postgres.questions import ask
from tasks.warehouse.indexes import keys_query, missing_keys
from tasks.warehouse.questions import Warehouse, address_of, reading
from tasks.warehouse.schema_lint import lint_query

_SECONDS = 300.0
# Growth is measured from the oldest look within this time.
_GROWTH_DAYS = 30.0
_SHORTEST_DAYS = 1 / 24
TABLES = (
    *(
        f"retail_dwh.{name}"
        for name in ("dim_country", "dim_customer", "dim_date", "dim_invoice", "dim_product", "fact_sale")
    ),
    *(
        f"retail_ops.{name}"
        for name in (
            "api_request",
            "backup",
            "backup_lock",
            "backup_operation",
            "backup_proof",
            "delivery",
            "delivery_attempt",
            "feed",
            "health",
            "integrity_result",
            "line_source",
            "load_lock",
            "quality_score",
            "quarantine",
            "run",
            "run_end",
            "schema_version",
            "size_history",
        )
    ),
)


@dataclass(frozen=True)
class TableStatistics:
    """A table. Sizes are bytes, times ISO 8601; what was never counted, vacuumed or analysed is None.

    ``table_bytes`` is the heap alone, ``total_bytes`` all of it. ``bloat_bytes_estimated`` compares the heap with the
    average width of its rows, as ANALYZE saw it; None for a table that was not analysed.
    """

    table_name: str
    rows: int
    rows_estimated: int | None
    table_bytes: int
    index_bytes: int
    toast_bytes: int
    total_bytes: int
    bloat_bytes_estimated: int | None
    dead_rows: int | None
    last_vacuum: str | None
    last_analyze: str | None


@dataclass(frozen=True)
class IndexFault:
    """An index that is ``unused``, ``duplicate`` (``covered_by`` another), ``invalid`` or ``missing``."""

    fault: str
    index_name: str
    table_name: str
    covered_by: str | None = None
    bytes: int = 0


@dataclass(frozen=True)
class Growth:
    """Growth of the database.

    Attributes:
        last_look: Time of the look before, ISO 8601; None if this is the first.
        bytes_since: Growth since then.
        bytes_per_day: Mean of the last 30 days, as far as there are looks; None after less than an hour.
        days_until_full: Days until the disk is full at that pace; None if it is unknown or does not grow.
    """

    last_look: str | None
    bytes_since: int | None
    bytes_per_day: float | None
    days_until_full: float | None


@dataclass(frozen=True)
class Statistics:
    """Statistics of the warehouse; ``lints`` has the violating objects by lint."""

    database_bytes: int
    disk_bytes: int | None
    growth: Growth
    tables: tuple[TableStatistics, ...]
    indexes: tuple[IndexFault, ...]
    lints: Mapping[str, Sequence[str]]

    def as_json(self) -> dict[str, Any]:
        """Return the statistics as JSON values."""
        return asdict(self)


async def read_statistics(
    warehouse: Warehouse, disk_bytes: int | None = None, *, store: bool = True
) -> Statistics:
    """Read the statistics of the warehouse: one turn, and two to store the size for the growth.

    Args:
        warehouse: The warehouse, or a pool of connections to it.
        disk_bytes: Disk of the plan; None if unknown.
        store: Store the size of the database. A database that is read-only does without.

    Raises:
        WarehouseError: the schema has another revision than this release.
    """
    async with reading(warehouse, _SECONDS) as connection:
        answers = await ask(connection, statistics_queries())
        if store:
            await _store(connection, address_of(warehouse))
    return statistics_of(answers, disk_bytes)


def statistics_queries() -> dict[str, str]:
    """Return the queries of the statistics by name, for ``ask``; ``statistics_of`` reads their answers."""
    counts = ", ".join(f"'{table}', (select count(*) from {table})" for table in TABLES)
    return {
        "tables": compact_sql("select_table_statistics"),
        "rows": f"select json_build_object({counts})",
        "size": compact_sql("select_database_size"),
        "indexes": compact_sql("select_index_statistics"),
        "keys": keys_query(),
        "lints": lint_query(),
    }


def statistics_of(answers: Mapping[str, Any], disk_bytes: int | None = None) -> Statistics:
    """Return the statistics in the answers to ``statistics_queries``.

    Args:
        answers: The answers by name.
        disk_bytes: Disk of the plan; None if unknown.
    """
    rows = answers["rows"]
    missing = missing_keys(answers["keys"]).indexes
    return Statistics(
        answers["size"]["database_bytes"],
        disk_bytes,
        growth_of(answers["size"], disk_bytes),
        tuple(
            TableStatistics(**table, rows=rows[table["table_name"]])
            for table in answers["tables"]
            if table["table_name"] in rows
        ),
        (
            *(IndexFault("missing", f"retail_dwh.{name}", "retail_dwh.fact_sale") for name in missing),
            *(IndexFault(**fault) for fault in answers["indexes"]),
        ),
        answers["lints"],
    )


def growth_of(size: Mapping[str, Any], disk_bytes: int | None) -> Growth:
    """Return the growth by the answer to ``select_database_size.sql``."""
    earlier = [
        (datetime.fromisoformat(look["examined_at"]), look["database_bytes"]) for look in size["earlier"]
    ]
    if not earlier:
        return Growth(None, None, None, None)
    now, bytes_now = datetime.fromisoformat(size["asked_at"]), size["database_bytes"]
    oldest = [look for look in earlier if now - look[0] <= timedelta(days=_GROWTH_DAYS)][-1:] or earlier[:1]
    days = (now - oldest[0][0]) / timedelta(days=1)
    pace = (bytes_now - oldest[0][1]) / days if days >= _SHORTEST_DAYS else None
    left = max(0.0, (disk_bytes - bytes_now) / pace) if disk_bytes and pace and pace > 0 else None
    return Growth(earlier[0][0].isoformat(), bytes_now - earlier[0][1], pace, left)


async def _store(connection: asyncpg.Connection, settings: ConnectionSettings) -> None:
    try:
        await connection.execute(compact_sql("insert_database_size"))
    except DRIVER_ERRORS as error:
        if not isinstance(map_driver_error(error, settings.display), ReadOnlyWarehouse):
            raise
