"""The oldest supported major version gives the same schema, lines and privileges."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tasks.postgres.connect import ConnectionSettings, connected
from tasks.warehouse.indexes import complete_indexes
from tasks.warehouse.migrate import migrate
from tests.support.access import privileges_of, relations
from tests.support.plain_run import assert_accounted, run, state, take_out
from tests.support.servers import TcpServer, debian_binaries, tcp_server
from tests.support.slices import days, write

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def older() -> Iterator[TcpServer]:
    with tcp_server(debian_binaries()) as tcp:
        yield tcp


async def test_loads_replaces_and_withdraws_as_the_newest_does(
    older: TcpServer, warehouse: ConnectionSettings, tmp_path: Path
) -> None:
    old = older.settings()
    await migrate(old)
    path = tmp_path / "day.csv"
    for lines in (days(1, 2), days(2, 2), days(1, 1)):
        write(path, lines)
        for place in (old, warehouse):
            await run(place, tmp_path / place.host.strip("/"), [path], replace_anyway=True)
        assert await state(old) == await state(warehouse)
    await assert_accounted(old)
    assert (await complete_indexes(old)).changed is False
    async with connected(old) as connection:
        for name in await relations(connection, "retail_dwh"):
            assert await connection.fetchval(f"select count(*) from {name}") > 0, name
        assert await privileges_of(connection, "retail_reader") == {
            "USAGE on schema retail_dwh",
            *(f"SELECT on {name}" for name in await relations(connection, "retail_dwh")),
        }
    await take_out(old, str(path))
    assert (await state(old)).lines == 0
