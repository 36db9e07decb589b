"""A warehouse of the revision before gets the largest content of each delivery from its attempts."""

from __future__ import annotations

from tasks.postgres.connect import ConnectionSettings, connected
from tasks.warehouse.migrate import migrate
from tests.support.older_schema import create_schema_at

_DATA = """
insert into retail_ops.feed (feed, timezone, currency, identical_lines)
values ('till', 'Europe/London', 'GBP', 'keep'), ('drop', 'Europe/London', 'GBP', 'drop');
insert into retail_ops.run (run_id, started_at, status, parameters, versions)
values
    ('00000000-0000-0000-0000-000000000001', now(), 'completed', '{"replace": false}', '{}'),
    ('00000000-0000-0000-0000-000000000002', now(), 'completed', '{"replace": true}', '{}');
insert into retail_ops.delivery_attempt
    (attempt_id, run_id, feed, name, outcome, rows_in, rows_loaded, rows_duplicate, rows_quarantined)
overriding system value
select attempt, ('00000000-0000-0000-0000-00000000000' || run)::uuid, feed, name, outcome, rows, rows - bad, 0, bad
from (values
    (1, 1, 'till', 'shrunk', 'loaded', 100, 10), (2, 1, 'till', 'shrunk', 'replaced', 81, 0),
    (3, 1, 'till', 'shrunk', 'refused', 500, 0), (4, 1, 'till', 'shrunk', 'replaced', 75, 0),
    (5, 1, 'till', 'accepted', 'loaded', 100, 0), (6, 2, 'till', 'accepted', 'replaced', 60, 0),
    (7, 1, 'till', 'accepted', 'replaced', 55, 0),
    (8, 1, 'till', 'withdrawn once', 'loaded', 100, 0), (9, 1, 'till', 'withdrawn once', 'withdrawn', null, null),
    (10, 1, 'till', 'withdrawn once', 'loaded', 7, 0),
    (11, 1, 'till', 'older than attempts', 'loaded', null, null),
    (12, 1, 'drop', 'shrunk', 'loaded', 100, 0)
) as a (attempt, run, feed, name, outcome, rows, bad);
insert into retail_ops.delivery (
    delivery_key, feed, name, content_hash, reading_settings, run_id, contract_version, rows_in, rows_loaded,
    rows_duplicate, rows_quarantined, quality_score, attempt_id)
select attempt, feed, name, name, '{}', '00000000-0000-0000-0000-000000000001', '2', rows, rows - more, more, 0, 95, attempt
from (values
    (4, 'till', 'shrunk', 75, 5), (7, 'till', 'accepted', 55, 0), (10, 'till', 'withdrawn once', 7, 7),
    (11, 'till', 'older than attempts', 9, 0), (12, 'drop', 'shrunk', 100, 20)
) as d (attempt, feed, name, rows, more);
"""


async def test_an_older_warehouse(empty: ConnectionSettings) -> None:
    await create_schema_at(empty, "0015_reading_settings")
    async with connected(empty) as connection:
        await connection.execute(_DATA)
    await migrate(empty)
    async with connected(empty) as connection:
        rows = await connection.fetch("select feed, name, rows_peak, vanished_at from retail_ops.delivery")
        vanished = await connection.fetch("select distinct vanished from retail_ops.feed")
    assert {(row["feed"], row["name"]): row["rows_peak"] for row in rows} == {
        ("till", "shrunk"): 90,
        ("till", "accepted"): 60,
        ("till", "withdrawn once"): 7,
        ("till", "older than attempts"): 9,
        ("drop", "shrunk"): 80,
    }
    assert all(row["vanished_at"] is None for row in rows)
    assert [row["vanished"] for row in vanished] == ["report"]
