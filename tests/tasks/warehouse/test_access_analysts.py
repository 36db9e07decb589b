"""RETAIL_ANALYST_ROLES grants reading the warehouse and nothing else; a loader needs few privileges."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import asyncpg
import pytest

from tasks.errors import RightsMissing, SettingsError
from tasks.postgres.connect import ConnectionSettings, connected
from tasks.postgres.embedded.server import EmbeddedServer
from tasks.warehouse.grants import grant_read_access
from tasks.warehouse.migrate import migrate
from tests.support.plain_run import run, state
from tests.support.servers import PASSWORD, TcpServer, debian_binaries, tcp_server


@pytest.fixture(scope="module", params=["newest", pytest.param("oldest", marks=pytest.mark.slow)])
def cluster(request: pytest.FixtureRequest, server: EmbeddedServer) -> Iterator[TcpServer]:
    """A cluster with two analysts, one of them NOINHERIT, which grants override only from Postgres 16 on."""
    with tcp_server(server.psql().parent if request.param == "newest" else debian_binaries()) as tcp:
        tcp.sql(f"create role \"Ann O'Hara\" login password '{PASSWORD}'")
        tcp.sql(f"create role bob login noinherit password '{PASSWORD}'")
        yield tcp


@pytest.fixture
async def owner(cluster: TcpServer) -> ConnectionSettings:
    await migrate(cluster.settings())
    return cluster.settings()


async def count_as(cluster: TcpServer, role: str, table: str) -> int:
    async with connected(cluster.settings(user=role)) as connection:
        return int(await connection.fetchval(f"select count(*) from {table}"))


async def test_analysts_read_only_the_warehouse(owner: ConnectionSettings, cluster: TcpServer) -> None:
    roles = ["Ann O'Hara", "bob"]
    for role in roles:
        with pytest.raises(RightsMissing):
            await count_as(cluster, role, "retail_dwh.dim_date")
    assert await grant_read_access(owner, roles) == tuple(roles)
    for role in roles:
        assert await count_as(cluster, role, "retail_dwh.dim_date") > 0
        assert await count_as(cluster, role, "retail_dwh.sale_line") == 0
        with pytest.raises(RightsMissing):
            await count_as(cluster, role, "retail_ops.delivery")
    assert await grant_read_access(owner, roles) == ()


async def test_a_missing_role_is_named(owner: ConnectionSettings) -> None:
    with pytest.raises(SettingsError, match="RETAIL_ANALYST_ROLES.*no role 'carol'"):
        await grant_read_access(owner, ["carol"])


async def test_an_owner_who_cannot_grant_gets_the_statement(cluster: TcpServer) -> None:
    cluster.sql(f"create role loader login password '{PASSWORD}'")
    cluster.sql(f"create role dora login password '{PASSWORD}'")
    cluster.sql("create database shop owner loader")
    loader = cluster.settings(user="loader", database="shop")
    await migrate(cluster.settings())  # creates the role retail_reader, which belongs to the cluster
    await migrate(loader)
    with pytest.raises(
        RightsMissing, match="Have an administrator run once: grant retail_reader to dora"
    ) as caught:
        await grant_read_access(loader, ["dora"])
    cluster.sql(caught.value.message.split("once: ")[1].split(";")[0], "shop")
    assert await grant_read_access(loader, ["dora"]) == ()


async def test_the_documented_loader_role_can_load(
    cluster: TcpServer, warehouse: ConnectionSettings, days: Path, tmp_path: Path
) -> None:
    """Run the statements of docs/supabase.md as an administrator."""
    text = (Path(__file__).parents[3] / "docs/supabase.md").read_text()
    script = text.split("<!-- loader -->")[1].split("```sql")[1].split("```")[0]
    cluster.sql("create database store")
    script = script.replace("A-LONG-RANDOM-PASSWORD", PASSWORD).replace(
        "on database postgres", "on database store"
    )
    cluster.sql(script, "store")
    loader = cluster.settings(user="retail_loader", database="store")
    await migrate(loader)
    sources = sorted(days.iterdir())[:2]
    await run(loader, tmp_path / "loader", sources)
    await run(warehouse, tmp_path / "owner", sources)
    assert await state(loader) == await state(warehouse)

    cluster.sql("create table public.private (secret text)", "store")
    async with connected(loader) as connection:
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await connection.fetch("select * from public.private")
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await connection.execute("create role another")
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await connection.execute("create table public.mine (one integer)")
