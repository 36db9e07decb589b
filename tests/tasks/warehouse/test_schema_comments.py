"""Every schema, table, view and column has a comment."""

from __future__ import annotations

from tasks.postgres.connect import ConnectionSettings, connected
from tasks.warehouse.indexes import complete_indexes

WITHOUT_COMMENT = """
select format('schema %s', nspname) as name from pg_namespace
where nspname like 'retail_%' and coalesce(obj_description(oid, 'pg_namespace'), '') = ''
union all
select format('%s %s', c.relkind, c.oid::regclass) from pg_class c
where relnamespace in ('retail_dwh'::regnamespace, 'retail_ops'::regnamespace) and relkind in ('r', 'v', 'm', 'p')
    and coalesce(obj_description(c.oid, 'pg_class'), '') = ''
union all
select format('column %s.%s', c.oid::regclass, a.attname) from pg_class c
join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
where relnamespace in ('retail_dwh'::regnamespace, 'retail_ops'::regnamespace) and relkind in ('r', 'v', 'm', 'p')
    and coalesce(col_description(c.oid, a.attnum), '') = ''
"""


async def test_every_object_has_a_comment(warehouse: ConnectionSettings) -> None:
    await complete_indexes(warehouse)
    async with connected(warehouse) as connection:
        assert [row["name"] for row in await connection.fetch(WITHOUT_COMMENT)] == []
        await connection.execute("comment on column retail_dwh.sale_line.quantity is null")
        assert [row["name"] for row in await connection.fetch(WITHOUT_COMMENT)] == [
            "column retail_dwh.sale_line.quantity"
        ]
