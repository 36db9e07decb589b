"""The finishing step of a load: keys, indexes and statistics of fact_sale, added while they are missing.

A fresh warehouse is loaded without them, which is 30 times faster; once there they are never dropped.
"""

from __future__ import annotations

import asyncio
import time

import asyncpg

from tasks import progress
from tasks.warehouse.connect import ConnectionSettings, connected
from tasks.warehouse.ledger import lock_loads
from tasks.warehouse.statements import sql

_FACT = "retail_dwh.fact_sale"
PRIMARY_KEY = "fact_sale_pkey"
INDEXES = {
    PRIMARY_KEY: f"create unique index {PRIMARY_KEY} on {_FACT} (invoice_key, line_id)",
    "fact_sale_product_key_idx": f"create index fact_sale_product_key_idx on {_FACT} (product_key)",
    "fact_sale_customer_key_idx": f"create index fact_sale_customer_key_idx on {_FACT} (customer_key)",
    "fact_sale_date_key_idx": f"create index fact_sale_date_key_idx on {_FACT} (date_key)",
    "fact_sale_country_key_idx": f"create index fact_sale_country_key_idx on {_FACT} (country_key)",
    "fact_sale_delivery_key_idx": (
        f"create index fact_sale_delivery_key_idx on {_FACT} using brin (delivery_key)"
    ),
}
FOREIGN_KEYS = {
    "fact_sale_date_key_fkey": "foreign key (date_key) references retail_dwh.dim_date",
    "fact_sale_product_key_fkey": "foreign key (product_key) references retail_dwh.dim_product",
    "fact_sale_customer_key_fkey": "foreign key (customer_key) references retail_dwh.dim_customer",
    "fact_sale_country_key_fkey": "foreign key (country_key) references retail_dwh.dim_country",
    "fact_sale_invoice_key_fkey": "foreign key (invoice_key) references retail_dwh.dim_invoice",
    "fact_sale_delivery_key_fkey": "foreign key (delivery_key) references retail_ops.delivery",
}
_TABLES = (
    "retail_dwh.fact_sale, retail_dwh.dim_product, retail_dwh.dim_customer, retail_dwh.dim_country, "
    "retail_dwh.dim_invoice, retail_dwh.dim_date, retail_ops.line_voucher"
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


async def finish(settings: ConnectionSettings) -> bool:
    """Add the keys and indexes of fact_sale that are missing, and analyse; False if nothing was missing.

    Other loads wait meanwhile, readers do not, but for the moment in which a built index becomes the
    primary key. Killed, it goes on where it was when it is called again.
    Raises WarehouseBusy if readers leave no such moment within ``lock_timeout``.
    """
    async with connected(settings) as connection:
        indexes, constraints, lacks_statistics = await _missing(connection)
        if not (indexes or constraints or lacks_statistics):
            return False
        await connection.execute(_BUILD_SETTINGS)
        async with connection.transaction():
            await lock_loads(connection)
            indexes, constraints, _ = await _missing(connection)
            progress.report("finish.indexes", f"{len(indexes)} indexes")
            await _build(settings, connection, [INDEXES[name] for name in indexes])
            foreign_keys = [name for name in constraints if name in FOREIGN_KEYS]
            if foreign_keys:
                progress.report("finish.constraints", f"{len(foreign_keys)} constraints")
                clauses = ", ".join(f"add constraint {name} {FOREIGN_KEYS[name]}" for name in foreign_keys)
                await connection.execute(f"alter table {_FACT} {clauses}")
        await _add_primary_key(connection, settings.lock_timeout)
        progress.report("finish.analyse")
        await connection.execute(f"analyze {_TABLES}")
        progress.report("finish.done")
    return True


async def _build(settings: ConnectionSettings, connection: asyncpg.Connection, statements: list[str]) -> None:
    """Build the indexes over two connections; if one fails, what the other is at ends first."""
    queue = list(reversed(statements))

    async def work(worker: asyncpg.Connection) -> None:
        try:
            while queue:
                await worker.execute(queue.pop())
        except BaseException:
            queue.clear()
            raise

    if len(statements) < 2:
        await work(connection)
        return
    async with connected(settings) as second:
        await second.execute(_BUILD_SETTINGS)
        ends = await asyncio.gather(work(connection), work(second), return_exceptions=True)
        for failure in ends:
            if isinstance(failure, BaseException):
                raise failure


async def _add_primary_key(connection: asyncpg.Connection, patience: float) -> None:
    """Wait for a moment without a reader in short turns: who waits for this lock holds up new readers."""
    end = time.monotonic() + patience
    while True:
        try:
            async with connection.transaction():
                await lock_loads(connection)
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
