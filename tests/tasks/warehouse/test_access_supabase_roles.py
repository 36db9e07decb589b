"""Supabase's API roles get no privileges despite default privileges, and are not required."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tasks.postgres.connect import ConnectionSettings, connected
from tasks.postgres.embedded.server import EmbeddedServer
from tasks.warehouse.indexes import complete_indexes
from tasks.warehouse.migrate import migrate
from tests.support.access import privileges_of
from tests.support.servers import TcpServer, tcp_server

API_ROLES = ("anon", "authenticated", "service_role")
DEFAULT_PRIVILEGES = """
create role anon nologin; create role authenticated nologin; create role service_role nologin bypassrls;
alter default privileges for role retail grant all on tables to anon, authenticated, service_role, public;
alter default privileges for role retail grant all on sequences to anon, authenticated, service_role, public;
alter default privileges for role retail grant all on functions to anon, authenticated, service_role;
alter default privileges for role retail grant all on schemas to anon, authenticated, service_role, public;
"""


@pytest.fixture(scope="module")
def supabase_like(server: EmbeddedServer) -> Iterator[TcpServer]:
    with tcp_server(server.psql().parent) as tcp:
        tcp.sql(DEFAULT_PRIVILEGES, "retail")
        yield tcp


async def test_api_roles_get_no_privileges(supabase_like: TcpServer) -> None:
    warehouse = supabase_like.settings()
    await migrate(warehouse)
    await complete_indexes(warehouse)
    async with connected(warehouse) as connection:
        for role in (*API_ROLES, "public"):
            assert await privileges_of(connection, role) == set(), role
        await connection.execute("grant select on retail_dwh.dim_date to anon")
        assert await privileges_of(connection, "anon") == {"SELECT on retail_dwh.dim_date"}


async def test_without_the_api_roles(warehouse: ConnectionSettings) -> None:
    async with connected(warehouse) as connection:
        roles = await connection.fetch(
            "select rolname from pg_roles where rolname = any($1)", list(API_ROLES)
        )
        assert roles == []
        assert await privileges_of(connection, "public") == set()
