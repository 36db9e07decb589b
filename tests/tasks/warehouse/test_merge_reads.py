"""A load of few invoices looks its own up, however many the warehouse has, on the newest Postgres and the oldest."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable
from pathlib import Path

import pytest

from tasks.postgres.connect import ConnectionSettings, connected
from tasks.warehouse.load.merge import merge
from tasks.warehouse.load.parts import PartReader
from tasks.warehouse.load.refusals import Overrides
from tasks.warehouse.load.staging import stage
from tasks.warehouse.migrate import migrate
from tests.support.plain_run import new_run, run, start_run
from tests.support.servers import debian_binaries, tcp_server
from tests.support.silvers import silver_of

_HEADER = "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country\n"
_READ = """
select sum(coalesce(seq_tup_read, 0) + coalesce(idx_tup_fetch, 0))
from pg_stat_user_tables
where relname in ('dim_invoice', 'dim_customer')
"""


def _write(file: Path, numbers: Iterable[int]) -> Path:
    file.parent.mkdir(exist_ok=True)
    lines = (f"{500_000 + n},A{n % 50},MUG,1,2010-12-01 08:26:00,2.55,{10_000 + n},France\n" for n in numbers)
    file.write_text(_HEADER + "".join(lines))
    return file


@pytest.fixture(params=["newest", pytest.param("oldest", marks=pytest.mark.slow)])
async def any_warehouse(
    warehouse: ConnectionSettings, request: pytest.FixtureRequest
) -> AsyncIterator[ConnectionSettings]:
    if request.param == "newest":
        yield warehouse
        return
    with tcp_server(debian_binaries()) as older:
        await migrate(older.settings())
        yield older.settings()


async def test_invoices_and_customers_are_not_all_read(
    any_warehouse: ConnectionSettings, tmp_path: Path
) -> None:
    warehouse = any_warehouse
    many, few = 40_000, 20
    await run(warehouse, tmp_path / "first", [_write(tmp_path / "many" / "a.csv", range(many))])
    silver = silver_of([_write(tmp_path / "few" / "b.csv", range(many, many + few)).parent], tmp_path)
    (delivery,) = silver.deliveries
    started = new_run()
    await start_run(warehouse, started)
    async with connected(warehouse) as connection:
        await connection.execute("analyze")
        parts = PartReader(silver, {delivery.name: 0})
        columns = await stage(
            connection, warehouse, silver, [delivery], started, parts, known={}, overrides=Overrides()
        )
        await parts.close()
        await connection.execute("select pg_stat_force_next_flush()")
        before = await connection.fetchval(_READ)
        (row,) = await merge(connection, warehouse, may_replace=False, line_columns=columns)
        await connection.execute("select pg_stat_force_next_flush()")
        read = await connection.fetchval(_READ) - before
    assert row["rows_loaded"] == few
    assert 0 < read < 10 * few
