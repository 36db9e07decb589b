"""A table beside the live one, filled from the archives and compared with the manifest; nobody else may read it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import asyncpg

from tasks.backup.catalogue.fingerprints import RULE, count_rows, row_differences
from tasks.backup.catalogue.identifiers import quoted
from tasks.backup.catalogue.scope import Scope
from tasks.backup.manifest import Manifest
from tasks.backup.table.archive import TableArchives
from tasks.backup.table.plan import TableRestorePlan
from tasks.backup.table.swap import side_columns
from tasks.postgres.queries import inlined

# As pg_dump writes values; a role may have set them otherwise.
_INPUT = (
    "set local datestyle = 'ISO, MDY'; set local intervalstyle = 'postgres'; set local xmloption = 'content'; "
    "set local lc_monetary = 'C'; set local row_security = off"
)
_REVOKE = """
do $revoke$
declare name text;
begin
    for name in
        select distinct case when a.grantee = 0 then 'public' else format('%I', pg_get_userbyid(a.grantee)) end
        from pg_class as c cross join lateral aclexplode(c.relacl) as a
        where c.oid = to_regclass($1) and a.grantee <> c.relowner
    loop
        execute format('revoke all on %s from %s cascade', to_regclass($1), name);
    end loop;
end $revoke$
"""


async def fill_side_table(
    connection: asyncpg.Connection, plan: TableRestorePlan, archives: TableArchives
) -> None:
    """Create and fill the side table of a plan in the open transaction, and compare it with the manifest.

    Raises:
        RestoreRefused: its rows are not those of the manifest.
        RestoreFailed: pg_restore failed.
    """
    side = plan.side
    persistence = "unlogged " if plan.way == "exchange rows" else ""  # it goes again
    await connection.execute(
        f"{_INPUT}; create {persistence}table {side} ({side_columns(plan)}); {inlined(_REVOKE, side)}; "
        f"grant all on {side} to current_user; alter table {side} enable row level security"
    )
    into = (plan.table.schema, plan.made)
    await archives.copy_rows(connection, plan.table.name, into)
    await ensure_rows(connection, plan, into, archives.source.manifest.fingerprint_rule)
    await connection.execute(f"analyze {side}")


async def ensure_rows(
    connection: asyncpg.Connection, plan: TableRestorePlan, table: tuple[str, str], rule: int
) -> None:
    """Compare the rows of a restored table with the manifest.

    Args:
        connection: Connection of the open transaction.
        plan: The plan.
        table: Plain names of the schema and the table.
        rule: Version of the rule of the manifest's fingerprints; of another one only the number of rows is compared.

    Raises:
        RestoreRefused: they differ.
    """
    name = await connection.fetchval("select format('%I.%I', $1::text, $2::text)", *table)
    (rows,) = await count_rows(connection, Scope(tables=(name,)))
    expected = plan.table.rows
    restored = replace(rows, name=expected.name)
    if rule != RULE:
        restored = replace(restored, fingerprint=expected.fingerprint)
    differing = row_differences([expected], [restored])
    if differing:
        raise plan.refused(
            "\n".join(("the rows in its archives are not those of its manifest:", *differing)),
            "The target was not touched. Take another backup: retail backups.",
        )


def finish_side_table(plan: TableRestorePlan, manifest: Manifest) -> Iterator[str]:
    """Yield the statements that give a table beside the live one its primary key and comments."""
    table = plan.table
    for constraint in manifest.catalogue.get("constraints", {}).values():
        if constraint["on"] == table.name and constraint["kind"] == "primary key":
            yield f"alter table {plan.side} add {constraint['definition']}"
    comment = table.relation.get("comment")
    if comment is not None:
        yield f"comment on table {plan.side} is {inlined('$1', comment)}"
    for column in table.columns:
        if column.get("comment") is not None:
            text = inlined("$1", column["comment"])
            yield f"comment on column {plan.side}.{quoted(column['name'])} is {text}"
