"""The schema's revision compared with this release, and the roles that may read the star schema."""

from __future__ import annotations

from collections.abc import Sequence

import asyncpg

from tasks.doctor.finding import Finding, ok, problem, skipped, warning
from tasks.postgres.connect import ConnectionSettings
from tasks.postgres.queries import sql
from tasks.warehouse.migrate import revisions, version_on

_ANONYMOUS = "anon"


async def examine_schema(connection: asyncpg.Connection, settings: ConnectionSettings) -> list[Finding]:
    """Check that the schema is not newer than this release; a missing or older one is fine."""
    newest, *older = revisions()
    present = await version_on(connection)
    if present is None and await connection.fetchval(
        "select to_regclass('retail_ops.schema_version') is not null"
    ):
        return [skipped("schema", "it exists, but its revision is hidden from this role")]
    if present is None:
        return [ok("schema", f"does not exist yet: the first run creates it ({newest})")]
    if present == newest:
        return [ok("schema", f"at the latest revision, {newest}")]
    if present in older:
        return [ok("schema", f"at revision {present}: the next run upgrades it to {newest}")]
    return [
        problem(
            "schema",
            f"at revision {present}, which this release does not know (latest here: {newest}).",
            "Install the release that wrote it, or a newer one.",
        )
    ]


async def examine_public_schema(
    connection: asyncpg.Connection, settings: ConnectionSettings
) -> list[Finding]:
    """List the roles that may create objects in the schema public; databases from before 15 allow every role."""
    roles = [
        row["role"] for row in await connection.fetch(sql("select_public_schema_creators", "tasks.doctor"))
    ]
    if not roles:
        return [ok("schema public", "only its owner may create objects there")]
    return [
        warning(
            "schema public",
            f"{', '.join(roles)} may create objects there, such as operators that sessions of others then call; ours "
            "do not look there.",
            "If nobody needs it: "
            + " ".join(f"revoke create on schema public from {role};" for role in roles),
        )
    ]


async def examine_readers(
    connection: asyncpg.Connection, settings: ConnectionSettings, analyst_roles: Sequence[str] = ()
) -> list[Finding]:
    """List the roles that may read the star schema, and check RETAIL_ANALYST_ROLES and the role anon."""
    # Includes roles that can SET ROLE to a reader; before Postgres 16 that is every member.
    privilege = "set" if connection.get_server_version().major >= 16 else "member"
    rows = await connection.fetch(sql("select_readers", "tasks.doctor"), privilege)
    known = {row["role"] for row in rows}
    reading = sorted(row["role"] for row in rows if row["reads"])
    missing = [role for role in analyst_roles if role not in known]
    findings = []
    if missing:
        findings.append(
            problem(
                "readers",
                f"RETAIL_ANALYST_ROLES names roles that do not exist: {', '.join(missing)}.",
                "Create them, or remove them from the setting.",
            )
        )
    open_to_public = [row for row in rows if row["role"] == _ANONYMOUS and (row["reads"] or row["enters"])]
    if open_to_public:
        what = f"{_ANONYMOUS}, that is anyone with the project's URL, may read retail_dwh."
        fix = f"If this is not intended: revoke retail_reader from {_ANONYMOUS}; revoke all on schema retail_dwh from {_ANONYMOUS};"
        return [*findings, warning("readers", what, fix)]
    to_add = [role for role in analyst_roles if role in known and role not in reading]
    what = f"besides the owner: {', '.join(reading) or 'nobody'}"
    what += f"; the next run adds {', '.join(to_add)}" if to_add else ""
    return [*findings, ok("readers", what)]
