"""The finishing step of a load: keys, indexes and statistics of fact_sale, added while they are missing.

A fresh warehouse is loaded without them, which is 30 times faster; once there they are never dropped.
"""

from __future__ import annotations

import asyncio

import asyncpg

from tasks import progress
from tasks.warehouse.connect import ConnectionSettings, connected
from tasks.warehouse.ledger import lock_loads

INDEXES = {
    "fact_sale_pkey": "create unique index fact_sale_pkey on retail_dwh.fact_sale (invoice_key, line_id)",
    "fact_sale_product_key_idx": "create index fact_sale_product_key_idx on retail_dwh.fact_sale (product_key)",
    "fact_sale_customer_key_idx": "create index fact_sale_customer_key_idx on retail_dwh.fact_sale (customer_key)",
    "fact_sale_date_key_idx": "create index fact_sale_date_key_idx on retail_dwh.fact_sale (date_key)",
    "fact_sale_country_key_idx": "create index fact_sale_country_key_idx on retail_dwh.fact_sale (country_key)",
    "fact_sale_delivery_key_idx": (
        "create index fact_sale_delivery_key_idx on retail_dwh.fact_sale using brin (delivery_key)"
    ),
}
CONSTRAINTS = {
    "fact_sale_pkey": "primary key using index fact_sale_pkey",
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
_MEMORY = "select set_config('maintenance_work_mem', '256MB', false)"


async def _missing(connection: asyncpg.Connection) -> tuple[list[str], list[str], bool]:
    """Names of the indexes and constraints that fact_sale lacks, and whether it was never analysed."""
    indexes = {
        row[0]
        for row in await connection.fetch(
            "select c.relname from pg_index i join pg_class c on c.oid = i.indexrelid "
            "where i.indrelid = 'retail_dwh.fact_sale'::regclass and i.indisvalid"
        )
    }
    constraints = {
        row[0]
        for row in await connection.fetch(
            "select conname from pg_constraint where conrelid = 'retail_dwh.fact_sale'::regclass"
        )
    }
    never_analysed = await connection.fetchval(
        "select reltuples < 0 from pg_class where oid = 'retail_dwh.fact_sale'::regclass"
    )
    return (
        [name for name in INDEXES if name not in indexes],
        [name for name in CONSTRAINTS if name not in constraints],
        bool(never_analysed),
    )


async def finish(settings: ConnectionSettings) -> bool:
    """Add the keys and indexes of fact_sale that are missing, and analyse; False if nothing was missing.

    Indexes are built over two connections, all constraints are added in one ALTER. Loads wait meanwhile;
    readers wait only for the last moment of a fresh warehouse's first load.
    """
    async with connected(settings) as connection:
        indexes, constraints, never_analysed = await _missing(connection)
        if not (indexes or constraints or never_analysed):
            return False
        await connection.execute(_MEMORY)
        async with connection.transaction():
            await lock_loads(connection)
            indexes, constraints, _ = await _missing(connection)
            progress.report("finish.indexes", f"{len(indexes)} indexes")
            await _build(settings, connection, [INDEXES[name] for name in indexes])
            if constraints:
                progress.report("finish.constraints", f"{len(constraints)} constraints")
                clauses = ", ".join(f"add constraint {name} {CONSTRAINTS[name]}" for name in constraints)
                await connection.execute(f"alter table retail_dwh.fact_sale {clauses}")
        progress.report("finish.analyse")
        await connection.execute(f"analyze {_TABLES}")
        progress.report("finish.done")
    return True


async def _build(settings: ConnectionSettings, connection: asyncpg.Connection, statements: list[str]) -> None:
    queue = list(reversed(statements))

    async def work(worker: asyncpg.Connection) -> None:
        while queue:
            await worker.execute(queue.pop())

    if len(statements) < 2:
        await work(connection)
        return
    async with connected(settings) as second:
        await second.execute(_MEMORY)
        await asyncio.gather(work(connection), work(second))
