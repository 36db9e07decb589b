"""Supabase's API roles get nothing, whatever the database gives them by default; and need not be there."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tasks.postgres.connect import ConnectionSettings, connected
from tasks.postgres.embedded.server import EmbeddedServer
from tasks.warehouse.indexes import complete_indexes
from tasks.warehouse.migrate import migrate
from tests.support.access import rights_of
from tests.support.servers import TcpServer, tcp_server

QUIET = ("anon", "authenticated", "service_role")
GENEROUS = """
create role anon nologin; create role authenticated nologin; create role service_role nologin bypassrls;
alter default privileges for role retail grant all on tables to anon, authenticated, service_role, public;
alter default privileges for role retail grant all on sequences to anon, authenticated, service_role, public;
alter default privileges for role retail grant all on functions to anon, authenticated, service_role;
alter default privileges for role retail grant all on schemas to anon, authenticated, service_role, public;
"""


@pytest.fixture(scope="module")
def supabase_like(server: EmbeddedServer) -> Iterator[TcpServer]:
    with tcp_server(server.psql().parent) as one:
        one.sql(GENEROUS, "retail")
        yield one


async def test_they_get_nothing(supabase_like: TcpServer) -> None:
    warehouse = supabase_like.settings()
    await migrate(warehouse)
    await complete_indexes(warehouse)
    async with connected(warehouse) as connection:
        for role in (*QUIET, "public"):
            assert await rights_of(connection, role) == set(), role
        await connection.execute("grant select on retail_dwh.dim_date to anon")
        assert await rights_of(connection, "anon") == {"SELECT on retail_dwh.dim_date"}


async def test_without_them(warehouse: ConnectionSettings) -> None:
    async with connected(warehouse) as connection:
        there = await connection.fetch("select rolname from pg_roles where rolname = any($1)", list(QUIET))
        assert there == []
        assert await rights_of(connection, "public") == set()
