"""Keys, indexes and planner statistics of fact_sale, added after a load while they are missing.

The first load runs without them, which is 30 times faster; afterwards they are never dropped.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import asyncpg

from tasks import progress
from tasks.postgres.connect import ConnectionSettings, connected
from tasks.postgres.connection_limit import connection_limit
from tasks.postgres.copy import answers, fetch_json
from tasks.postgres.queries import compact_sql
from tasks.warehouse.load_lock import locked_transaction
from tasks.warehouse.primary_key import MISSING_KEY, PRIMARY_KEY, add_primary_key, attempt_script

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
# The other indexes are built over a second connection, for about as long.
_FIRST_CONNECTION = {
    "fact_sale_product_key_idx",
    "fact_sale_country_key_idx",
    "fact_sale_delivery_key_idx",
    "fact_sale_date_key_idx",
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
    "set local default_statistics_target = 10; analyze retail_dwh.dim_date; "
    "set local default_statistics_target to default; "
    "analyze retail_dwh.dim_invoice, retail_dwh.dim_product, retail_dwh.dim_customer, retail_dwh.dim_country, "
    "retail_ops.line_source"
)
# Columns that queries join, filter and sum by. ANALYZE with a column list keeps the count of changes, so
# autovacuum soon samples all columns in full; a smaller sample is enough until then.
_ANALYSE_FACTS = (
    "begin; set local default_statistics_target = 50; "
    f"analyze {_FACT} (date_key, product_key, customer_key, country_key, invoice_key, delivery_key, sold_at, "
    "quantity, unit_price, total_amount, currency); commit"
)
# Memory for sorting; no parallel workers, because two connections build in parallel.
_BUILD_SETTINGS = "set local maintenance_work_mem = '256MB'; set local max_parallel_maintenance_workers = 0"


@dataclass(frozen=True)
class Completion:
    """Result of completing the keys and indexes: whether anything was added, and why something is still missing."""

    changed: bool
    degraded_reasons: tuple[str, ...] = ()


@dataclass(frozen=True)
class MissingKeys:
    """What fact_sale lacks: indexes, constraints, planner statistics; and invalid indexes of ours."""

    indexes: tuple[str, ...]
    constraints: tuple[str, ...]
    statistics: bool
    invalid: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.indexes or self.constraints or self.statistics)


def keys_query() -> str:
    """Return a query of the keys that fact_sale has; ``missing_keys`` reads its answer."""
    return f"select row_to_json(keys) from ({compact_sql('select_fact_keys')}) as keys"


def missing_keys(answer: Mapping[str, Any]) -> MissingKeys:
    """Return what is missing by an answer to ``keys_query``."""
    is_valid = answer["indexes"] or {}
    return MissingKeys(
        tuple(name for name in INDEXES if not is_valid.get(name)),
        tuple(name for name in (*FOREIGN_KEYS, PRIMARY_KEY) if name not in answer["constraints"]),
        bool(answer["lacks_statistics"]),
        tuple(name for name in INDEXES if is_valid.get(name) is False),
    )


def keys_script() -> str:
    """Return statements that give an empty fact_sale its keys and indexes."""
    clauses = ", ".join(f"add constraint {name} {clause}" for name, clause in FOREIGN_KEYS.items())
    primary_key = f"alter table {_FACT} add constraint {PRIMARY_KEY} primary key using index {PRIMARY_KEY}"
    return ";\n".join((*INDEXES.values(), f"alter table {_FACT} {clauses}", primary_key, "")).strip()


async def _missing(connection: asyncpg.Connection) -> MissingKeys:
    (answer,) = await fetch_json(connection, keys_query())
    return missing_keys(answer)


async def complete_indexes(
    settings: ConnectionSettings,
    concurrent_read: Callable[[], Awaitable[None]] | None = None,
    *,
    is_incomplete: bool = False,
) -> Completion:
    """Add missing keys and indexes of fact_sale, and analyse the tables.

    Other loads wait meanwhile. Readers wait only for the moment in which an index becomes the primary key. After
    a kill, the next call continues with the keys that are still missing.

    Args:
        settings: The warehouse.
        concurrent_read: Queries to run in any case, in parallel with the validation of missing foreign keys, which
            keeps only one core busy.
        is_incomplete: The caller has just seen that something is missing.

    Returns:
        The result. It is degraded if readers locked fact_sale for longer than ``lock_timeout``, so that its primary key is
        missing; the next call adds it, and until then its unique index keeps duplicates out.

    Raises:
        WarehouseBusy: another load held the load lock for longer than ``load_lock_timeout``.
    """
    async with connected(settings) as connection:
        if not is_incomplete and not await _missing(connection):
            if concurrent_read:
                await concurrent_read()
            return Completion(changed=False)
        async with locked_transaction(connection, settings, keys_query()) as answer:
            missing = missing_keys(answer)
            progress.report("finish.indexes", f"{len(missing.indexes)} indexes")
            await _build(settings, connection, missing)
            is_alone = connection_limit(settings).size < 2
            reading: list[Awaitable[object]] = [concurrent_read()] if concurrent_read and not is_alone else []
            foreign_keys = [name for name in missing.constraints if name in FOREIGN_KEYS]
            progress.report("finish.constraints", f"{len(foreign_keys)} constraints")
            with answers(connection) as collected:
                await _run_all([connection.execute(_last_script(foreign_keys)), *reading])
        has_key = collected[0] or await add_primary_key(connection, settings)
        progress.report("finish.done")
    if concurrent_read and is_alone:
        await concurrent_read()
    return Completion(changed=True, degraded_reasons=() if has_key else (MISSING_KEY,))


async def _build(settings: ConnectionSettings, connection: asyncpg.Connection, missing: MissingKeys) -> None:
    """Build the missing indexes over two connections in parallel, each with one script."""
    # What an interrupted CREATE INDEX CONCURRENTLY or REINDEX left is built again.
    drops = [f"drop index retail_dwh.{name}" for name in missing.invalid]
    if drops:  # readers would queue behind a drop that waits for a backup
        drops.insert(0, "lock table retail_ops.backup_lock in access exclusive mode")
    ours = [INDEXES[name] for name in missing.indexes if name in _FIRST_CONNECTION]
    others = [INDEXES[name] for name in missing.indexes if name not in _FIRST_CONNECTION]
    here = "; ".join((_BUILD_SETTINGS, *drops, *ours, _ANALYSE_OTHERS))
    if not others or drops or connection_limit(settings).size < 2:
        await connection.execute("; ".join((here, *others)))
        return
    async with connected(settings) as second:
        there = "; ".join(("begin", _BUILD_SETTINGS, *others, "commit"))
        await _run_all([connection.execute(here), second.execute(there)])


def _last_script(foreign_keys: Sequence[str]) -> str:
    """Return statements that add foreign keys, commit, add the primary key if nothing is in the way, and analyse.

    They answer whether there is a primary key.
    """
    clauses = ", ".join(f"add constraint {name} {FOREIGN_KEYS[name]}" for name in foreign_keys)
    add_foreign_keys = (f"alter table {_FACT} {clauses}",) if foreign_keys else ()
    return ";\n".join((*add_foreign_keys, "commit", attempt_script(), _ANALYSE_FACTS))


async def _run_all(work: Iterable[Awaitable[object]]) -> None:
    """Run everything concurrently and wait for all of it, then raise the first error."""
    for result in await asyncio.gather(*work, return_exceptions=True):
        if isinstance(result, BaseException):
            raise result
