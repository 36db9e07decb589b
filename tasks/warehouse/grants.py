"""Who may read the warehouse: the roles of RETAIL_ANALYST_ROLES, as members of retail_reader."""

from __future__ import annotations

from collections.abc import Sequence

import asyncpg

from tasks import progress
from tasks.errors import RightsMissing, SettingsError
from tasks.postgres.connect import ConnectionSettings, connected
from tasks.postgres.queries import sql


async def grant_read_access(settings: ConnectionSettings, roles: Sequence[str]) -> tuple[str, ...]:
    """Let these roles read ``retail_dwh``, and return those that could not yet; nothing else is granted.

    A role that is taken off the list keeps what it has: ``revoke retail_reader from ROLE`` ends it.
    Raises SettingsError for a role that is missing, RightsMissing with the lines an administrator runs.
    """
    if not roles:
        return ()
    granted = []
    async with connected(settings) as connection:
        for row in await connection.fetch(sql("select_readers"), list(roles)):
            if not row["is_there"]:
                raise SettingsError(
                    f"RETAIL_ANALYST_ROLES: {settings.display} has no role {row['role']!r}.",
                    "Create it first, or take it off the list.",
                    setting="RETAIL_ANALYST_ROLES",
                )
            if not row["reads"]:
                await _grant(connection, settings, row)
                progress.report("schema.reader", f"{row['role']} may read retail_dwh")
                granted.append(str(row["role"]))
    return tuple(granted)


async def _grant(connection: asyncpg.Connection, settings: ConnectionSettings, row: asyncpg.Record) -> None:
    lines = await _lines(connection, row)
    try:
        async with connection.transaction():
            for line in lines:
                await connection.execute(line)
    except asyncpg.InsufficientPrivilegeError:
        raise RightsMissing(
            f"the role {settings.user} may not let {row['quoted']} read the warehouse.",
            f"An administrator runs once: {'; '.join(lines)}; Then run again.",
            warehouse=settings.display,
        ) from None


async def _lines(connection: asyncpg.Connection, row: asyncpg.Record) -> list[str]:
    """The statements that let a role read.

    Roles made with NOINHERIT, such as Supabase's anon and authenticated, are members in name only: from 16 on
    the grant itself says that they inherit, before that they need rights and policies of their own.
    """
    role = row["quoted"]
    if connection.get_server_version().major >= 16:
        return [f"grant retail_reader to {role} with inherit true"]
    if row["inherits"]:
        return [f"grant retail_reader to {role}"]
    policies = await connection.fetch(sql("select_reader_policies"))
    return [
        f"grant usage on schema retail_dwh to {role}",
        f"grant select on all tables in schema retail_dwh to {role}",
        *(
            f"alter policy retail_reader_reads on {one['relation']} to {one['roles']}, {role}"
            for one in policies
        ),
    ]
