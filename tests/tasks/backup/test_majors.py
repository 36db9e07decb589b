"""What a backup compares is the same on every major version of Postgres."""

from __future__ import annotations

from contextlib import ExitStack
from itertools import pairwise

import pytest

from tasks.backup.catalogue.catalogue import read_catalogue
from tasks.backup.catalogue.differences import differences
from tasks.backup.catalogue.fingerprints import count_rows, row_differences
from tasks.postgres.connect import ConnectionSettings, connected
from tasks.postgres.embedded.server import OWNER, SUPERUSER
from tests.support.everything import create_everything, dump_and_restore
from tests.support.servers import TcpServer
from tests.tasks.backup.conftest import Databases, server_of_major

_ROLES = (
    'create role everything_reader; create role everything_clerk; create role "everything ""Quoted"" rôle"'
)


def _superuser(server: TcpServer) -> ConnectionSettings:
    return server.settings(
        host=str(server.folder / "socket"), user=SUPERUSER, password=None, database=OWNER, sslmode="disable"
    )


async def _assert_same(
    source: ConnectionSettings, target: ConnectionSettings, majors: tuple[int, int]
) -> None:
    async with connected(source) as before, connected(target) as after:
        rows = await count_rows(before)
        assert sum(table.rows for table in rows) > 1000
        assert row_differences(rows, await count_rows(after)) == []
        catalogues = await read_catalogue(before), await read_catalogue(after)
    assert differences(*catalogues, majors=majors) == []


async def test_a_database_of_15_is_the_same_on_18(databases: Databases, restored: ConnectionSettings) -> None:
    with server_of_major(15) as old:
        await create_everything(old.settings())
        async with connected(databases.server.settings()) as connection:
            if not await connection.fetchval(
                "select count(*) from pg_roles where rolname = 'everything_clerk'"
            ):
                await connection.execute(_ROLES)
        dump_and_restore(_superuser(old), databases.superuser(restored), old.binaries, databases.binaries)
        await _assert_same(_superuser(old), databases.superuser(restored), (15, 18))


@pytest.mark.slow
@pytest.mark.parametrize("path", [(15, 17, 18), (17, 17), (15, 15)])
async def test_a_database_is_the_same_after_each_restore(path: tuple[int, ...]) -> None:
    with ExitStack() as stack:
        servers = [stack.enter_context(server_of_major(major)) for major in path]
        await create_everything(servers[0].settings())
        for majors, (source, target) in zip(pairwise(path), pairwise(servers), strict=True):
            target.sql(_ROLES)
            dump_and_restore(_superuser(source), _superuser(target), source.binaries, target.binaries)
            await _assert_same(_superuser(source), _superuser(target), majors)
