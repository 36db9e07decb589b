"""A backup is restored into servers of its own and of other major versions, over TCP with a password."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tasks.errors import RestoreFailed
from tasks.postgres.connect import connected
from tests.support.everything import create_everything
from tests.support.restores import back_up, differences_of, restore
from tests.support.servers import TcpServer
from tests.tasks.backup.conftest import server_of_major

ROLES = (
    'create role everything_reader; create role everything_clerk; create role "everything ""Quoted"" rôle"; '
    'grant everything_reader, everything_clerk, "everything ""Quoted"" rôle" to retail'
)


@pytest.fixture(scope="module")
def servers() -> Iterator[dict[int, TcpServer]]:
    with ExitStack() as stack:
        yield {major: stack.enter_context(server_of_major(major)) for major in (15, 17)}


async def _round_trip(source: TcpServer, target: TcpServer, folder: Path) -> None:
    database = f"from_{folder.name.replace('-', '_')}"[:60]
    for server, name in ((source, f"{database}_s"), (target, f"{database}_t")):
        server.sql(f'create database "{name}" owner retail template template0')
    before, after = source.settings(database=f"{database}_s"), target.settings(database=f"{database}_t")
    await create_everything(before)
    backup = await back_up(before, folder, big=("shop.every_type",))
    if target.sql("select count(*) from pg_roles where rolname = 'everything_clerk'") == "0":
        target.sql(ROLES)
    async with connected(after) as connection:
        major = connection.get_server_version().major
    result = await restore(backup, after)
    assert await differences_of(backup, after) == []
    lost = [remark for remark in result.remarks if "MAINTAIN" not in remark]
    assert (lost, result.plan.target_facts.major) == ([], major)


@pytest.mark.parametrize(
    "majors", [(15, 17), *(pytest.param(both, marks=pytest.mark.slow) for both in [(15, 15), (17, 17)])]
)
async def test_a_database_with_everything(
    servers: dict[int, TcpServer], tmp_path: Path, majors: tuple[int, int]
) -> None:
    await _round_trip(servers[majors[0]], servers[majors[1]], tmp_path)


@pytest.mark.slow
async def test_to_an_older_server_whose_tools_would_write_a_setting_that_it_lacks(
    servers: dict[int, TcpServer], tmp_path: Path
) -> None:
    await _round_trip(servers[17], servers[15], tmp_path)


async def test_what_an_older_server_refuses_is_told_by_psql(
    servers: dict[int, TcpServer], tmp_path: Path
) -> None:
    for server in servers.values():
        server.sql("create database refusing owner retail template template0")
    before, after = (servers[major].settings(database="refusing") for major in (17, 15))
    async with connected(before) as connection:
        await connection.execute(
            "create schema shop; create function shop.fits(n text) returns boolean language sql return n <> 'x'; "
            "create table shop.strict (secret text, check (shop.fits(secret))); "
            "insert into shop.strict values ('SET transaction_timeout = 0;'), ('hunter2'); "
            "create or replace function shop.fits(n text) returns boolean language sql return n <> 'hunter2'"
        )
    backup = await back_up(before, tmp_path)
    with pytest.raises(RestoreFailed) as caught:
        await restore(backup, after)
    assert caught.value.what.startswith(
        'psql failed: new row for relation "strict" violates check constraint "strict_secret_check". State'
    )
    async with connected(before) as connection:
        await connection.execute("update shop.strict set secret = 'a' where secret = 'hunter2'")
    await restore(await back_up(before, tmp_path), after, confirmed="refusing")
    async with connected(after) as connection:
        assert (
            await connection.fetchval("select min(secret) from shop.strict") == "SET transaction_timeout = 0;"
        )


@pytest.mark.slow
@pytest.mark.parametrize("majors", [(17, 18), (18, 17), (18, 15)])
async def test_to_and_from_18(servers: dict[int, TcpServer], tmp_path: Path, majors: tuple[int, int]) -> None:
    with server_of_major(18) as newest:
        both = {**servers, 18: newest}
        await _round_trip(both[majors[0]], both[majors[1]], tmp_path)
