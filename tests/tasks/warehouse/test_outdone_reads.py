"""Known lines with other details are compared with their own further sources, not with those of one another."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from tasks.postgres.connect import ConnectionSettings, connected
from tasks.warehouse.indexes import complete_indexes
from tasks.warehouse.load.merge import merge_script
from tasks.warehouse.load.parts import PartReader
from tasks.warehouse.load.refusals import Overrides
from tasks.warehouse.load.staging import stage
from tests.support.any_lines import AnyLine, Details, load_lines, silver_of_lines
from tests.support.plain_run import new_run, start_run

_FEED = "north"
_READ = """
select sum(coalesce(seq_tup_read, 0) + coalesce(idx_tup_fetch, 0)) from pg_stat_xact_user_tables where relname = $1
"""


async def test_further_sources_of_the_load(warehouse: ConnectionSettings, tmp_path: Path) -> None:
    many, few = 10_000, 50
    lines = tuple(AnyLine(str(number // 10), f"A{number % 10}") for number in range(many))
    await load_lines(warehouse, tmp_path, _FEED, {"a": lines, "b": lines})
    await complete_indexes(warehouse)
    greater = tuple(replace(line, details=Details('{"Note": "z"}')) for line in lines[:few])
    silver = silver_of_lines(_FEED, {"c": greater}, tmp_path)
    started = new_run()
    await start_run(warehouse, started, _FEED)
    async with connected(warehouse) as connection:
        await connection.execute("analyze")
        columns = await stage(
            connection,
            warehouse,
            silver,
            silver.deliveries,
            started,
            parts := PartReader(silver, {"c": 0}),
            known={},
            overrides=Overrides(),
        )
        await parts.close()
        script = merge_script(warehouse, 1, may_replace=False, line_columns=columns)
        # Temporary tables and their statistics are gone after the commit.
        await connection.execute(script.removesuffix("commit"))
        assert await connection.fetchval("select count(*) from pg_temp.outdone_line") == few
        further = await connection.fetchval(_READ, "further_source")
        await connection.execute("rollback")
    # Once to find the outdone ones, and when they are stored and counted.
    assert few <= further <= 4 * few
