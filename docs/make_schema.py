"""Write docs/schema.md from the catalogue: ``python docs/make_schema.py``.

Migrates a new embedded Postgres in a temporary folder to the newest revision and reads its catalogue.
"""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from tasks.postgres.connect import ConnectionSettings, connected
from tasks.postgres.embedded.server import EmbeddedServer
from tasks.warehouse.indexes import complete_indexes
from tasks.warehouse.migrate import migrate

PAGE = Path(__file__).with_name("schema.md")
_SCHEMAS = """
select nspname as name, obj_description(oid, 'pg_namespace') as comment
from pg_namespace where nspname in ('retail_dwh', 'retail_ops') order by nspname
"""
_RELATIONS = """
select c.relname as name, c.relkind = 'v' as is_view, obj_description(c.oid, 'pg_class') as comment,
    (select string_agg(format('%s (%s)', policyname, lower(cmd)), ', ' order by policyname)
     from pg_policies where schemaname = $1 and tablename = c.relname) as policies
from pg_class c
where c.relnamespace = $1::regnamespace and c.relkind in ('r', 'v')
order by c.relkind, c.relname !~ '^fact', c.relname
"""
_COLUMNS = """
select a.attname as name, format_type(a.atttypid, a.atttypmod) as type, t.typname as plain_type,
    a.attnotnull as required, col_description(c.oid, a.attnum) as comment,
    exists (select from pg_constraint p where p.conrelid = c.oid and p.contype = 'p' and a.attnum = any(p.conkey))
        as in_primary_key,
    (select f.confrelid::regclass::text from pg_constraint f
     where f.conrelid = c.oid and f.contype = 'f' and f.conkey = array[a.attnum]) as refers_to,
    exists (select from pg_constraint u where u.conrelid = c.oid and u.contype = 'u' and u.conkey = array[a.attnum])
        as is_unique
from pg_class c
join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
join pg_type t on t.oid = a.atttypid
where c.oid = format('%I.%I', $1::text, $2::text)::regclass
order by a.attnum
"""
_SHORT_TYPES = {
    "int2": "smallint",
    "int4": "integer",
    "int8": "bigint",
    "bool": "boolean",
    "bpchar": "char",
    "_text": "text[]",
}
_HEAD = """\
# The schema

Generated from the catalogue by `python docs/make_schema.py`; do not edit it. The revisions in
`tasks/warehouse/schema/versions` create the schema; `tasks/warehouse/indexes.py` adds the keys and indexes of
`fact_sale` after the first load.

All views are `security_invoker`, and row-level security is enabled on every table. The role `retail_reader` may read
`retail_dwh` and nothing else; `anon`, `authenticated` and `service_role` may read nothing.
"""


@dataclass(frozen=True)
class Column:
    """A column in the catalogue."""

    name: str
    type: str
    plain_type: str
    required: bool
    comment: str | None
    in_primary_key: bool
    refers_to: str | None
    is_unique: bool

    @property
    def key(self) -> str:
        """Its keys: primary key, unique, and the table it refers to."""
        parts = ["primary key"] if self.in_primary_key else []
        parts += ["unique"] if self.is_unique else []
        parts += [f"→ {self.refers_to}"] if self.refers_to else []
        return ", ".join(parts)


@dataclass(frozen=True)
class Relation:
    """A table or view."""

    schema: str
    name: str
    is_view: bool
    comment: str | None
    policies: str | None
    columns: tuple[Column, ...]


async def describe(settings: ConnectionSettings) -> str:
    """Describe the schema of a database as Markdown."""
    async with connected(settings) as connection:
        schemas = await connection.fetch(_SCHEMAS)
        relations = [
            Relation(
                schema["name"],
                **row,
                columns=tuple(
                    Column(**column)
                    for column in await connection.fetch(_COLUMNS, schema["name"], row["name"])
                ),
            )
            for schema in schemas
            for row in await connection.fetch(_RELATIONS, schema["name"])
        ]
    lines = [_HEAD, "## Entities", "", "```mermaid", "erDiagram", *_diagram(relations), "```", ""]
    for schema in schemas:
        lines += [f"## {schema['name']}", "", schema["comment"] or "", ""]
        for relation in relations:
            if relation.schema == schema["name"]:
                lines += _section(relation)
    return "\n".join(lines).rstrip() + "\n"


def _diagram(relations: Sequence[Relation]) -> Iterator[str]:
    tables = [relation for relation in relations if not relation.is_view]
    for table in tables:
        yield f"    {table.name} {{"
        for column in table.columns:
            key = ", ".join(["PK"] * column.in_primary_key + ["FK"] * bool(column.refers_to))
            kind = _SHORT_TYPES.get(column.plain_type, column.plain_type)
            yield f"        {kind} {column.name} {key}".rstrip()
        yield "    }"
    for table in tables:
        for column in table.columns:
            if column.refers_to:
                yield f"    {column.refers_to.split('.')[-1]} ||--o{{ {table.name} : {column.name}"


def _section(relation: Relation) -> Iterator[str]:
    kind = "view" if relation.is_view else "table"
    yield from (f"### {relation.name} ({kind})", "", relation.comment or "", "")
    if relation.policies:
        yield from (f"Policies: {relation.policies}.", "")
    if relation.is_view:
        yield from ("| column | type | |", "| --- | --- | --- |")
        yield from (
            f"| {column.name} | {column.type} | {_cell(column.comment)} |" for column in relation.columns
        )
    else:
        yield from ("| column | type | null | key | |", "| --- | --- | --- | --- | --- |")
        for column in relation.columns:
            nullable = "" if column.required else "yes"
            yield f"| {column.name} | {column.type} | {nullable} | {column.key} | {_cell(column.comment)} |"
    yield ""


def _cell(text: str | None) -> str:
    return (text or "").replace("|", "\\|")


async def _migrate_and_describe(settings: ConnectionSettings) -> str:
    await migrate(settings)
    await complete_indexes(settings)
    return await describe(settings)


def main() -> None:
    """Write the page."""
    folder = Path(tempfile.mkdtemp(prefix="retail-schema-"))
    folder.chmod(0o755)  # started by root, the server runs as another user, who needs access
    server = EmbeddedServer(folder, {"fsync": "off"})
    try:
        PAGE.write_text(asyncio.run(_migrate_and_describe(server.start())), encoding="utf-8")
    finally:
        server.stop()
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()
