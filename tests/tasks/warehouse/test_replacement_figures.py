"""The figures that a load returns for each delivery equal the ledger."""

from __future__ import annotations

from pathlib import Path

from tasks.postgres.connect import ConnectionSettings, connected
from tests.support.expected import Feed, assert_exactly
from tests.support.plain_run import run
from tests.support.slices import invoices, write

FEED = Feed()
SHARED = [*invoices()["536365"], *invoices()["536446"]]
REST = list(invoices()["536366"])


async def test_lines_that_pass_on_within_a_load_are_counted_once(
    warehouse: ConnectionSettings, tmp_path: Path
) -> None:
    first = write(tmp_path / "in" / "a.csv", SHARED + REST)
    await run(warehouse, tmp_path / "workspace", [first])

    # In one load, a loses the lines that z has for the first time.
    write(first, REST)
    last = write(tmp_path / "in" / "z.csv", SHARED)
    outcome = await run(warehouse, tmp_path / "workspace", [tmp_path / "in"], replace_anyway=True)
    await assert_exactly(warehouse, {(FEED, str(first)): REST, (FEED, str(last)): SHARED})
    async with connected(warehouse) as connection:
        ledger = await connection.fetch("select name, rows_loaded, rows_duplicate from retail_ops.delivery")
    returned = {(delivery.name, delivery.rows_loaded, delivery.rows_duplicate) for delivery in outcome.loaded}
    assert returned == {tuple(row) for row in ledger}
    assert returned == {(str(first), len(REST), 0), (str(last), len(SHARED), 0)}
    assert (outcome.of("a.csv").outcome, outcome.of("a.csv").lines_withdrawn) == ("replaced", len(SHARED))
    assert outcome.of("z.csv").outcome == "loaded"
