"""Lines that two deliveries of one load bring are found in one pass, not by comparing each with all."""

from __future__ import annotations

from pathlib import Path

from tasks.postgres.connect import ConnectionSettings, connected
from tasks.warehouse.load.merge import merge_script
from tasks.warehouse.load.parts import PartReader
from tasks.warehouse.load.refusals import Overrides
from tasks.warehouse.load.staging import stage
from tests.support.any_lines import AnyLine, silver_of_lines
from tests.support.plain_run import new_run, start_run

_READ = "select seq_tup_read from pg_stat_xact_user_tables where relname = 'compared_line'"


async def test_compared_lines(warehouse: ConnectionSettings, tmp_path: Path) -> None:
    many = 200
    lines = tuple(AnyLine(str(number), "A") for number in range(many))
    silver = silver_of_lines("north", {"a": lines, "b": lines}, tmp_path)
    started = new_run()
    await start_run(warehouse, started, "north")
    parts = PartReader(silver, {"a": 0, "b": 1})
    async with connected(warehouse) as connection:
        columns = await stage(
            connection,
            warehouse,
            silver,
            silver.deliveries,
            started,
            parts,
            known={},
            overrides=Overrides(accept_known_bytes=True),
        )
        await parts.close()
        script = merge_script(warehouse, 1, may_replace=False, line_columns=columns)
        # Temporary tables and their statistics are gone after the commit.
        await connection.execute(script.removesuffix("commit"))
        assert await connection.fetchval("select count(*) from pg_temp.further_source") == many
        read = await connection.fetchval(_READ)
        await connection.execute("rollback")
    assert read < 10 * 2 * many
