"""A warehouse of the revision before passed no rows over, as far as its ledger tells."""

from __future__ import annotations

from tasks.postgres.connect import ConnectionSettings, connected
from tasks.warehouse.deliveries import list_deliveries
from tasks.warehouse.migrate import migrate
from tests.support.older_schema import create_schema_at

_DATA = """
insert into retail_ops.feed (feed, timezone, currency, identical_lines)
values ('till', 'Europe/London', 'GBP', 'keep');
insert into retail_ops.run (run_id, started_at, status, parameters, versions)
values ('00000000-0000-0000-0000-000000000001', now(), 'completed', '{}', '{}');
insert into retail_ops.delivery_attempt (run_id, feed, name, outcome, rows_in, rows_loaded, rows_duplicate, rows_quarantined)
values ('00000000-0000-0000-0000-000000000001', 'till', 'day', 'loaded', 9, 5, 3, 1);
insert into retail_ops.delivery (
    delivery_key, feed, name, content_hash, reading_settings, run_id, contract_version, rows_in, rows_loaded,
    rows_duplicate, rows_quarantined, attempt_id)
select 1, feed, name, 'x', '{}', run_id, '2', rows_in, rows_loaded, rows_duplicate, rows_quarantined, attempt_id
from retail_ops.delivery_attempt;
"""


async def test_an_older_warehouse(empty: ConnectionSettings) -> None:
    await create_schema_at(empty, "0022_decimal_of_loaded_feeds")
    async with connected(empty) as connection:
        await connection.execute(_DATA)
    await migrate(empty)
    (row,) = (await list_deliveries(empty)).deliveries
    assert (row.rows_in, row.rows_passed_over, row.passed_over, row.notes) == (9, 0, {}, ())
