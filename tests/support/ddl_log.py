"""A log of a database's DDL, by event triggers that only a superuser can create."""

from __future__ import annotations

from dataclasses import replace

from tasks.postgres.connect import ConnectionSettings, connected
from tasks.postgres.embedded.server import SUPERUSER

_CREATE_LOG = """
create schema watched;
grant usage on schema watched to public;
create table watched.log (tag text, identity text);
create function watched.note() returns event_trigger language plpgsql security definer as $$
begin
    insert into watched.log
    select command_tag, object_identity from pg_event_trigger_ddl_commands()
    where schema_name is distinct from 'pg_temp';
end
$$;
create function watched.note_dropped() returns event_trigger language plpgsql security definer as $$
begin
    insert into watched.log
    select tg_tag, object_identity from pg_event_trigger_dropped_objects() where not is_temporary;
end
$$;
create event trigger watched_ends on ddl_command_end execute function watched.note();
create event trigger watched_drops on sql_drop execute function watched.note_dropped();
"""


async def log_ddl(warehouse: ConnectionSettings) -> None:
    """Log all DDL of the database from now on, except for temporary tables."""
    async with connected(replace(warehouse, user=SUPERUSER)) as connection:
        await connection.execute(_CREATE_LOG)


async def logged_ddl(warehouse: ConnectionSettings) -> list[tuple[str, str]]:
    """Return the logged commands with their objects."""
    async with connected(replace(warehouse, user=SUPERUSER)) as connection:
        return [tuple(row) for row in await connection.fetch("select tag, identity from watched.log")]
