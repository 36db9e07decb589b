"""Keys, indexes and planner statistics of fact_sale, added after a load while they are missing.

The first load runs without them, which is 30 times faster; afterwards they are never dropped.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass

import asyncpg

from tasks import progress
from tasks.postgres.connect import ConnectionSettings, connected
from tasks.postgres.queries import sql
from tasks.warehouse.load_lock import lock_loads
from tasks.warehouse.primary_key import MISSING_KEY, PRIMARY_KEY, add_primary_key

_FACT = "retail_dwh.fact_sale"
# multi-minmax keeps the ranges of 32 pages (2,000 lines) tight when later loads reuse free space in them.
_BRIN = "int4_minmax_multi_ops (values_per_range = 16)) with (pages_per_range = 32, autosummarize = on)"
# Slowest first, so that two connections finish at about the same time. Lines are stored by delivery and day, and a
# day has few countries: there a BRIN index has a hundredth of a B-tree's pages and builds in a third of the time.
INDEXES = {
    "fact_sale_product_key_idx": f"create index fact_sale_product_key_idx on {_FACT} (product_key)",
    PRIMARY_KEY: f"create unique index {PRIMARY_KEY} on {_FACT} (invoice_key, line_id)",
    "fact_sale_customer_key_idx": f"create index fact_sale_customer_key_idx on {_FACT} (customer_key)",
    "fact_sale_country_key_idx": (
        f"create index fact_sale_country_key_idx on {_FACT} using brin (country_key {_BRIN}"
    ),
    "fact_sale_delivery_key_idx": (
        f"create index fact_sale_delivery_key_idx on {_FACT} using brin (delivery_key {_BRIN}"
    ),
    "fact_sale_date_key_idx": f"create index fact_sale_date_key_idx on {_FACT} using brin (date_key {_BRIN}",
}
FOREIGN_KEYS = {
    "fact_sale_date_key_fkey": "foreign key (date_key) references retail_dwh.dim_date",
    "fact_sale_product_key_fkey": "foreign key (product_key) references retail_dwh.dim_product",
    "fact_sale_customer_key_fkey": "foreign key (customer_key) references retail_dwh.dim_customer",
    "fact_sale_country_key_fkey": "foreign key (country_key) references retail_dwh.dim_country",
    "fact_sale_invoice_key_fkey": "foreign key (invoice_key) references retail_dwh.dim_invoice",
    "fact_sale_delivery_key_fkey": "foreign key (delivery_key) references retail_ops.delivery",
}
# Analysed in parallel with the index builds, which lock only fact_sale. A calendar needs few statistics.
_ANALYSE_OTHERS = (
    "set default_statistics_target = 10; analyze retail_dwh.dim_date; reset default_statistics_target",
    "analyze retail_dwh.dim_invoice, retail_dwh.dim_product, retail_dwh.dim_customer, retail_dwh.dim_country, "
    "retail_ops.line_source",
)
# Columns that queries join, filter and sum by. ANALYZE with a column list keeps the count of changes, so
# autovacuum soon samples all columns in full; a smaller sample is enough until then.
_ANALYSE_FACTS = (
    "set default_statistics_target = 50",
    f"analyze {_FACT} (date_key, product_key, customer_key, country_key, invoice_key, delivery_key, sold_at, "
    "quantity, unit_price, total_amount, currency)",
)
# Memory for sorting; no parallel workers, because two connections build in parallel.
_BUILD_SETTINGS = (
    "select set_config('maintenance_work_mem', '256MB', false), "
    "set_config('max_parallel_maintenance_workers', '0', false)"
)


@dataclass(frozen=True)
class Completion:
    """Result of completing the keys and indexes: whether anything was added, and why something is still missing."""

    changed: bool
    degraded_reasons: tuple[str, ...] = ()


async def _missing(connection: asyncpg.Connection) -> tuple[list[str], list[str], bool]:
    """Return missing indexes and missing constraints of fact_sale, and whether its statistics are missing."""
    row = await connection.fetchrow(sql("select_fact_keys"))
    assert row is not None  # noqa: S101 - for the type checker: the query returns one row
    return (
        [name for name in INDEXES if name not in row["indexes"]],
        [name for name in (*FOREIGN_KEYS, PRIMARY_KEY) if name not in row["constraints"]],
        bool(row["lacks_statistics"]),
    )


async def complete_indexes(
    settings: ConnectionSettings, concurrent_read: Callable[[], Awaitable[None]] | None = None
) -> Completion:
    """Add missing keys and indexes of fact_sale, and analyse the tables.

    Other loads wait meanwhile. Readers wait only for the moment in which an index becomes the primary key. After
    a kill, the next call continues with the keys that are still missing.

    Args:
        settings: The warehouse.
        concurrent_read: Queries to run in any case, in parallel with the validation of missing foreign keys, which
            keeps only one core busy.

    Returns:
        The result. It is degraded if readers locked fact_sale for longer than ``lock_timeout``, so that its primary key is
        missing; the next call adds it, and until then its unique index keeps duplicates out.

    Raises:
        WarehouseBusy: another load held the load lock for longer than ``load_lock_timeout``.
    """
    async with connected(settings) as connection:
        indexes, constraints, lacks_statistics = await _missing(connection)
        if not (indexes or constraints or lacks_statistics):
            if concurrent_read:
                await concurrent_read()
            return Completion(changed=False)
        await connection.execute(_BUILD_SETTINGS)
        async with connection.transaction():
            await lock_loads(connection, settings)
            await _drop_invalid(connection)
            indexes, constraints, _ = await _missing(connection)
            progress.report("finish.indexes", f"{len(indexes)} indexes")
            await _build(settings, connection, [*(INDEXES[name] for name in indexes), *_ANALYSE_OTHERS])
            foreign_keys = [name for name in constraints if name in FOREIGN_KEYS]
            work: list[Awaitable[object]] = [concurrent_read()] if concurrent_read else []
            if foreign_keys:
                progress.report("finish.constraints", f"{len(foreign_keys)} constraints")
                clauses = ", ".join(f"add constraint {name} {FOREIGN_KEYS[name]}" for name in foreign_keys)
                work.append(connection.execute(f"alter table {_FACT} {clauses}"))
            await _run_all(work)
        has_key = await add_primary_key(connection, settings)
        progress.report("finish.analyse")
        for statement in _ANALYSE_FACTS:
            await connection.execute(statement)
        progress.report("finish.done")
    return Completion(changed=True, degraded_reasons=() if has_key else (MISSING_KEY,))


async def _drop_invalid(connection: asyncpg.Connection) -> None:
    """Drop indexes of ours that an interrupted CREATE INDEX CONCURRENTLY or REINDEX left invalid; they are built again."""
    row = await connection.fetchrow(sql("select_fact_keys"))
    assert row is not None  # noqa: S101 - for the type checker: the query returns one row
    for name in INDEXES:
        if name in row["invalid_indexes"]:
            await connection.execute(f"drop index retail_dwh.{name}")


async def _build(settings: ConnectionSettings, connection: asyncpg.Connection, statements: list[str]) -> None:
    """Run the statements over two connections in parallel."""
    queue = list(reversed(statements))

    async def run_queue(worker: asyncpg.Connection) -> None:
        try:
            while queue:
                await worker.execute(queue.pop())
        finally:
            queue.clear()  # after a failure the other worker starts no further statement

    async with connected(settings) as second:
        await second.execute(_BUILD_SETTINGS)
        await _run_all([run_queue(connection), run_queue(second)])


async def _run_all(work: Iterable[Awaitable[object]]) -> None:
    """Run everything concurrently and wait for all of it, then raise the first error."""
    for result in await asyncio.gather(*work, return_exceptions=True):
        if isinstance(result, BaseException):
            raise result
