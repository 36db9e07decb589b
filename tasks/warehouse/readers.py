"""Who may read the warehouse: the roles of RETAIL_ANALYST_ROLES, as members of retail_reader."""

from __future__ import annotations

from collections.abc import Sequence

import asyncpg

from tasks import progress
from tasks.errors import RightsMissing, SettingsError
from tasks.warehouse.connect import ConnectionSettings, connected
from tasks.warehouse.statements import sql


async def grant_reading(settings: ConnectionSettings, roles: Sequence[str]) -> tuple[str, ...]:
    """Let these roles read ``retail_dwh``, and return those that could not yet; nothing else is granted.

    A role that is taken off the list keeps what it has: ``revoke retail_reader from ROLE`` ends it.
    Raises SettingsError for a role that is missing, RightsMissing with the line an administrator runs.
    """
    if not roles:
        return ()
    granted = []
    async with connected(settings) as connection:
        rows = await connection.fetch(sql("select_readers"), list(roles))
        for row in rows:
            if not row["is_there"]:
                raise SettingsError(
                    f"RETAIL_ANALYST_ROLES: {settings.display} has no role {row['role']!r}. "
                    "Create it first, or take it off the list.",
                    setting="RETAIL_ANALYST_ROLES",
                )
            if row["reads"]:
                continue
            await _grant(connection, settings, str(row["quoted"]))
            progress.report("schema.reader", f"{row['role']} may read retail_dwh")
            granted.append(str(row["role"]))
    return tuple(granted)


async def _grant(connection: asyncpg.Connection, settings: ConnectionSettings, quoted: str) -> None:
    # From 16 on a role made with NOINHERIT, such as Supabase's authenticator, would be a member in name only.
    inherit = " with inherit true" if connection.get_server_version().major >= 16 else ""
    line = f"grant retail_reader to {quoted}{inherit}"
    try:
        await connection.execute(line)
    except asyncpg.InsufficientPrivilegeError:
        raise RightsMissing(
            f"{settings.display}: the role {settings.user} may not let {quoted} read the warehouse. "
            f"An administrator runs once: {line}; Then run again.",
            warehouse=settings.display,
        ) from None
