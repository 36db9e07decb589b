"""The finishing step of a load: keys, indexes and statistics of fact_sale, added while they are missing.

A fresh warehouse is loaded without them, which is 30 times faster; once there they are never dropped.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable

import asyncpg

from tasks import progress
from tasks.postgres.connect import ConnectionSettings, connected
from tasks.postgres.queries import sql
from tasks.warehouse.load_lock import lock_loads

_FACT = "retail_dwh.fact_sale"
# Of 32 pages (2,000 lines) the few days and deliveries in them, or the ranges that hold those: a page that a
# later load fills among older ones spoils no range, as it would with the smallest and greatest alone.
_BRIN = "int4_minmax_multi_ops (values_per_range = 16)) with (pages_per_range = 32, autosummarize = on)"
PRIMARY_KEY = "fact_sale_pkey"
# The longest first, so that two connections end at about the same time. Lines come by delivery and by day, and a
# day has few countries, so BRINs find those in a hundredth of a B-tree's pages, and are built in a third of its time.
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
# Nothing else locks these, so they are analysed beside the indexes. A calendar is the same all over.
_ANALYSE_OTHERS = (
    "set default_statistics_target = 10; analyze retail_dwh.dim_date; reset default_statistics_target",
    "analyze retail_dwh.dim_invoice, retail_dwh.dim_product, retail_dwh.dim_customer, retail_dwh.dim_country, "
    "retail_ops.line_source",
)
# What queries join, filter and sum by. Given columns, ANALYZE leaves the count of changes as it is, so
# autovacuum soon takes the full sample of all of them; until then a smaller one serves.
_ANALYSE_FACTS = (
    "set default_statistics_target = 50",
    f"analyze {_FACT} (date_key, product_key, customer_key, country_key, invoice_key, delivery_key, sold_at, "
    "quantity, unit_price, total_amount, currency)",
)
# Memory for sorting; no parallel workers, since two connections build side by side already.
_BUILD_SETTINGS = (
    "select set_config('maintenance_work_mem', '256MB', false), "
    "set_config('max_parallel_maintenance_workers', '0', false)"
)
_PAUSE = 2.0


async def _missing(connection: asyncpg.Connection) -> tuple[list[str], list[str], bool]:
    """Names of the indexes and constraints that fact_sale lacks, and whether it lacks statistics."""
    row = await connection.fetchrow(sql("select_fact_keys"))
    assert row is not None  # noqa: S101 - for the type checker: a row without a table
    return (
        [name for name in INDEXES if name not in row["indexes"]],
        [name for name in (*FOREIGN_KEYS, PRIMARY_KEY) if name not in row["constraints"]],
        bool(row["lacks_statistics"]),
    )


async def complete_indexes(
    settings: ConnectionSettings, beside: Callable[[], Awaitable[None]] | None = None
) -> bool:
    """Add the keys and indexes of fact_sale that are missing, and analyse; False if nothing was missing.

    Other loads wait meanwhile, readers do not, but for the moment in which a built index becomes the
    primary key. Killed, it goes on where it was when it is called again. ``beside`` is reading that is done
    in any case, while the foreign keys are checked if they are missing: that keeps one core busy only.
    Raises WarehouseBusy if readers leave no such moment within ``lock_timeout``.
    """
    async with connected(settings) as connection:
        indexes, constraints, lacks_statistics = await _missing(connection)
        if not (indexes or constraints or lacks_statistics):
            if beside:
                await beside()
            return False
        await connection.execute(_BUILD_SETTINGS)
        async with connection.transaction():
            await lock_loads(connection, settings)
            indexes, constraints, _ = await _missing(connection)
            progress.report("finish.indexes", f"{len(indexes)} indexes")
            await _build(settings, connection, [*(INDEXES[name] for name in indexes), *_ANALYSE_OTHERS])
            foreign_keys = [name for name in constraints if name in FOREIGN_KEYS]
            work: list[Awaitable[object]] = [beside()] if beside else []
            if foreign_keys:
                progress.report("finish.constraints", f"{len(foreign_keys)} constraints")
                clauses = ", ".join(f"add constraint {name} {FOREIGN_KEYS[name]}" for name in foreign_keys)
                work.append(connection.execute(f"alter table {_FACT} {clauses}"))
            await _all(work)
        await _add_primary_key(connection, settings)
        progress.report("finish.analyse")
        for statement in _ANALYSE_FACTS:
            await connection.execute(statement)
        progress.report("finish.done")
    return True


async def _build(settings: ConnectionSettings, connection: asyncpg.Connection, statements: list[str]) -> None:
    """Run the statements, each by itself, over two connections."""
    queue = list(reversed(statements))

    async def work(worker: asyncpg.Connection) -> None:
        try:
            while queue:
                await worker.execute(queue.pop())
        finally:
            queue.clear()  # if this one failed, the other begins nothing more

    async with connected(settings) as second:
        await second.execute(_BUILD_SETTINGS)
        await _all([work(connection), work(second)])


async def _all(work: Iterable[Awaitable[object]]) -> None:
    """Do everything side by side; if some of it fails, what the others are at ends first."""
    for end in await asyncio.gather(*work, return_exceptions=True):
        if isinstance(end, BaseException):
            raise end


async def _add_primary_key(connection: asyncpg.Connection, settings: ConnectionSettings) -> None:
    """Wait for a moment without a reader in short turns: who waits for this lock holds up new readers."""
    end = time.monotonic() + settings.lock_timeout
    while True:
        try:
            async with connection.transaction():
                await lock_loads(connection, settings)
                if PRIMARY_KEY in (await _missing(connection))[1]:
                    await connection.execute("set local lock_timeout = '1s'")
                    await connection.execute(
                        f"alter table {_FACT} add constraint {PRIMARY_KEY} primary key using index {PRIMARY_KEY}"
                    )
            return
        except asyncpg.LockNotAvailableError:
            if time.monotonic() + _PAUSE > end:
                raise
            progress.report("finish.waiting", "readers of fact_sale hold it; the primary key waits for them")
            await asyncio.sleep(_PAUSE)
