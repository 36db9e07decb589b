"""Keys, indexes and statistics of fact_sale in the catalog."""

from __future__ import annotations

from dataclasses import dataclass, field

from tasks.postgres.connect import ConnectionSettings, connected

_QUERY = """
select
    (select count(*) from pg_constraint where conrelid = c.oid and contype = 'p' and convalidated) as primary_keys,
    (select count(*) from pg_constraint where conrelid = c.oid and contype = 'f' and convalidated) as foreign_keys,
    (select count(*) from pg_index where indrelid = c.oid and indisvalid) as indexes,
    exists (select from pg_stats where schemaname = 'retail_dwh' and tablename = 'fact_sale') as analysed
from pg_class as c
where c.oid = 'retail_dwh.fact_sale'::regclass
"""


@dataclass(frozen=True)
class Keys:
    """Counts of valid keys and indexes, and whether fact_sale has statistics.

    ``analysed`` is left out of comparisons, because autovacuum can analyse at any time.
    """

    primary_keys: int
    foreign_keys: int
    indexes: int
    analysed: bool = field(default=False, compare=False)


ALL = Keys(1, 6, 6)
NONE = Keys(0, 0, 0)


async def keys_of(warehouse: ConnectionSettings) -> Keys:
    """Read the keys of a warehouse."""
    async with connected(warehouse) as connection:
        row = await connection.fetchrow(_QUERY)
    assert row is not None
    return Keys(*row)
