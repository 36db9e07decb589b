"""Privileges of a role on the schemas, from the server's catalog."""

from __future__ import annotations

import asyncpg

_PRIVILEGES = """
select format('%s on schema %s', privilege, nspname) as privilege_name
from pg_namespace, unnest(array['USAGE', 'CREATE']) as privilege
where nspname like 'retail_%' and has_schema_privilege($1, oid, privilege)
union all
select format('%s on %s', privilege, oid::regclass)
from pg_class, unnest(array['SELECT', 'INSERT', 'UPDATE', 'DELETE', 'TRUNCATE', 'REFERENCES', 'TRIGGER']) as privilege
where relnamespace in ('retail_dwh'::regnamespace, 'retail_ops'::regnamespace) and relkind in ('r', 'v')
    and has_table_privilege($1, oid, privilege)
union all
select format('%s on %s', privilege, oid::regclass)
from pg_class, unnest(array['SELECT', 'INSERT', 'UPDATE', 'REFERENCES']) as privilege
where relnamespace in ('retail_dwh'::regnamespace, 'retail_ops'::regnamespace) and relkind in ('r', 'v')
    and not has_table_privilege($1, oid, privilege) and has_any_column_privilege($1, oid, privilege)
union all
select format('%s on %s', privilege, oid::regclass) from pg_class, unnest(array['SELECT', 'USAGE', 'UPDATE']) as privilege
where relnamespace in ('retail_dwh'::regnamespace, 'retail_ops'::regnamespace) and relkind = 'S'
    and has_sequence_privilege($1, oid, privilege)
"""


async def privileges_of(connection: asyncpg.Connection, role: str) -> set[str]:
    """Return all privileges of a role on the project's schemas, tables, views, columns and sequences."""
    return {row["privilege_name"] for row in await connection.fetch(_PRIVILEGES, role)}


async def relations(connection: asyncpg.Connection, schema: str) -> list[str]:
    """Return the tables and views of a schema, qualified."""
    rows = await connection.fetch(
        "select oid::regclass::text as name from pg_class "
        "where relnamespace = $1::regnamespace and relkind in ('r', 'v') order by 1",
        schema,
    )
    return [row["name"] for row in rows]
