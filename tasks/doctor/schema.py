"""The schema's revision against that of this release, and who may read what it holds."""

from __future__ import annotations

from collections.abc import Sequence

import asyncpg

from tasks.doctor.finding import Finding, ok, problem, skipped, warning
from tasks.postgres.connect import ConnectionSettings
from tasks.postgres.queries import sql
from tasks.warehouse.migrate import revisions, version_on

_ANONYMOUS = "anon"


async def examine_schema(connection: asyncpg.Connection, settings: ConnectionSettings) -> list[Finding]:
    """Whether the schema is there, and not newer than this release."""
    newest, *older = revisions()
    present = await version_on(connection)
    if present is None and await connection.fetchval(
        "select to_regclass('retail_ops.schema_version') is not null"
    ):
        return [skipped("schema", "it is there, but its revision is hidden from this role")]
    if present is None:
        return [ok("schema", f"not there yet: the first run makes it ({newest})")]
    if present == newest:
        return [ok("schema", f"at the newest revision, {newest}")]
    if present in older:
        return [ok("schema", f"at {present}: the next run brings it to {newest}")]
    return [
        problem(
            "schema",
            f"at revision {present}, which this release does not know (newest here: {newest}).",
            "Install the release that wrote it, or a newer one.",
        )
    ]


async def examine_readers(
    connection: asyncpg.Connection, settings: ConnectionSettings, analyst_roles: Sequence[str] = ()
) -> list[Finding]:
    """Who may read the star schema, and whether those who shall may."""
    # What SET ROLE can reach counts too; before 16 that is every member.
    how = "set" if connection.get_server_version().major >= 16 else "member"
    rows = await connection.fetch(sql("select_who_reads", "tasks.doctor"), how)
    known = {row["role"] for row in rows}
    reading = sorted(row["role"] for row in rows if row["reads"])
    missing = [role for role in analyst_roles if role not in known]
    findings = []
    if missing:
        findings.append(
            problem(
                "readers",
                f"RETAIL_ANALYST_ROLES names roles that are not there: {', '.join(missing)}.",
                "Create them first, or take them off the list.",
            )
        )
    open_to_all = [row for row in rows if row["role"] == _ANONYMOUS and (row["reads"] or row["enters"])]
    if open_to_all:
        what = f"{_ANONYMOUS}, everyone who knows the project's address, may read retail_dwh."
        fix = f"If that is not meant: revoke retail_reader from {_ANONYMOUS}; revoke all on schema retail_dwh from {_ANONYMOUS};"
        return [*findings, warning("readers", what, fix)]
    to_come = [role for role in analyst_roles if role in known and role not in reading]
    said = f"beside the owner: {', '.join(reading) or 'nobody'}"
    said += f"; the next run adds {', '.join(to_come)}" if to_come else ""
    return [*findings, ok("readers", said)]
