"""Read access for the roles in RETAIL_ANALYST_ROLES, as members of retail_reader."""

from __future__ import annotations

from collections.abc import Sequence

import asyncpg

from tasks import progress
from tasks.errors import RightsMissing, SettingsError
from tasks.postgres.connect import ConnectionSettings, connected
from tasks.postgres.queries import sql


async def grant_read_access(settings: ConnectionSettings, roles: Sequence[str]) -> tuple[str, ...]:
    """Grant roles read access to ``retail_dwh``, and nothing else.

    Removing a role from the list revokes nothing; ``revoke retail_reader from ROLE`` does.

    Returns:
        The roles that had no access before.

    Raises:
        SettingsError: a role does not exist.
        RightsMissing: the connection's role cannot grant; the message has the statements for an administrator.
    """
    if not roles:
        return ()
    granted = []
    async with connected(settings) as connection:
        for row in await connection.fetch(sql("select_readers"), list(roles)):
            if not row["role_exists"]:
                raise SettingsError(
                    f"RETAIL_ANALYST_ROLES: {settings.display} has no role {row['role']!r}.",
                    "Create the role, or remove it from the list.",
                    setting="RETAIL_ANALYST_ROLES",
                )
            if not row["can_read"]:
                await _grant(connection, settings, row)
                progress.report("schema.reader", f"{row['role']} can read retail_dwh")
                granted.append(str(row["role"]))
    return tuple(granted)


async def _grant(connection: asyncpg.Connection, settings: ConnectionSettings, row: asyncpg.Record) -> None:
    statements = await _grant_statements(connection, row)
    try:
        async with connection.transaction():
            for statement in statements:
                await connection.execute(statement)
    except asyncpg.InsufficientPrivilegeError:
        raise RightsMissing(
            f"the role {settings.user} cannot grant {row['quoted']} read access.",
            f"Have an administrator run once: {'; '.join(statements)}; Then run again.",
            warehouse=settings.display,
        ) from None


async def _grant_statements(connection: asyncpg.Connection, row: asyncpg.Record) -> list[str]:
    """Return the statements that grant a role read access.

    NOINHERIT roles, such as Supabase's anon and authenticated, gain nothing from a plain membership. From
    Postgres 16 on the grant itself says that they inherit; before, they need grants and policies of their own.
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
            f"alter policy retail_reader_reads on {policy['relation']} to {policy['roles']}, {role}"
            for policy in policies
        ),
    ]
