"""A warehouse at an earlier revision, with analysts who have views on it."""

from __future__ import annotations

from typing import Any

from tasks.postgres.connect import ConnectionSettings, connected

# Everything that a view may have: its text, owner, grants, options, comments, indexes, statistics targets.
CATALOGUE = """
select c.oid::regclass::text, c.relkind::text, pg_get_userbyid(c.relowner)::text, c.reloptions, c.relispopulated,
    pg_get_viewdef(c.oid), array(select a::text from unnest(c.relacl) as a order by 1),
    array(select pg_get_indexdef(i.indexrelid) || i.indisclustered || coalesce(obj_description(i.indexrelid, 'pg_class'), '')
        from pg_index i where i.indrelid = c.oid order by 1),
    obj_description(c.oid, 'pg_class'),
    array(select concat_ws(' ', a.attname, a.attacl::text, col_description(c.oid, a.attnum), nullif(a.attstattarget, -1))
        from pg_attribute a where a.attrelid = c.oid and a.attnum > 0 order by a.attnum)
from pg_class c
where c.relnamespace::regnamespace::text in ('reports', 'retail_dwh') and c.relkind in ('v', 'm')
order by c.relnamespace::regnamespace::text, c.relname
"""


class Older:
    """A warehouse at the revision before, and its analysts: the owner may act as ``ana``, not as ``bob``."""

    def __init__(self, settings: ConnectionSettings, superuser: ConnectionSettings, number: int) -> None:
        self.settings = settings
        self.superuser = superuser
        self.ana, self.bob = f'"ana {number}"', f'"bob {number}"'

    async def as_superuser(self, script: str) -> None:
        async with connected(self.superuser) as connection:
            await connection.execute(script.format(ana=self.ana, bob=self.bob))

    async def rows(self, query: str) -> list[tuple[Any, ...]]:
        async with connected(self.superuser) as connection:
            return [tuple(row) for row in await connection.fetch(query)]
