"""What a role may do with the schemas, as the server itself says."""

from __future__ import annotations

import asyncpg

_HELD = """
select format('%s on schema %s', right_, nspname) as held
from pg_namespace, unnest(array['USAGE', 'CREATE']) as right_
where nspname like 'retail_%' and has_schema_privilege($1, oid, right_)
union all
select format('%s on %s', right_, oid::regclass)
from pg_class, unnest(array['SELECT', 'INSERT', 'UPDATE', 'DELETE', 'TRUNCATE', 'REFERENCES', 'TRIGGER']) as right_
where relnamespace in ('retail_dwh'::regnamespace, 'retail_ops'::regnamespace) and relkind in ('r', 'v')
    and has_table_privilege($1, oid, right_)
union all
select format('%s on %s', right_, oid::regclass)
from pg_class, unnest(array['SELECT', 'INSERT', 'UPDATE', 'REFERENCES']) as right_
where relnamespace in ('retail_dwh'::regnamespace, 'retail_ops'::regnamespace) and relkind in ('r', 'v')
    and not has_table_privilege($1, oid, right_) and has_any_column_privilege($1, oid, right_)
union all
select format('%s on %s', right_, oid::regclass) from pg_class, unnest(array['SELECT', 'USAGE', 'UPDATE']) as right_
where relnamespace in ('retail_dwh'::regnamespace, 'retail_ops'::regnamespace) and relkind = 'S'
    and has_sequence_privilege($1, oid, right_)
"""


async def rights_of(connection: asyncpg.Connection, role: str) -> set[str]:
    """Every right that a role holds on our schemas, tables, views, columns and sequences."""
    return {row["held"] for row in await connection.fetch(_HELD, role)}


async def relations(connection: asyncpg.Connection, schema: str) -> list[str]:
    """The tables and views of a schema, with its name before theirs."""
    rows = await connection.fetch(
        "select oid::regclass::text as name from pg_class "
        "where relnamespace = $1::regnamespace and relkind in ('r', 'v') order by 1",
        schema,
    )
    return [row["name"] for row in rows]
