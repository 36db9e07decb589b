"""A warehouse at the revision before attempts had figures keeps its scores and quarantined lines."""

from __future__ import annotations

from pathlib import Path

from tasks.postgres.connect import ConnectionSettings, connected
from tasks.warehouse.migrate import migrate
from tests.support.older_schema import create_schema_at
from tests.support.plain_run import assert_accounted, run
from tests.support.slices import invoices, write

_DATA = """
insert into retail_ops.feed (feed, timezone, currency, identical_lines) values ('till', 'Europe/London', 'GBP', 'keep');
insert into retail_ops.run (run_id, started_at, status, parameters, versions)
values ('00000000-0000-0000-0000-000000000001', now(), 'completed', '{}', '{}');
insert into retail_ops.delivery_attempt (run_id, feed, name, content_hash, outcome, quality_score, attempted_at)
select '00000000-0000-0000-0000-000000000001', 'till', name, hash, outcome, score, '2026-01-01'
from (values
    ('a.csv', 'h1', 'loaded', 90), ('a.csv', 'h2', 'replaced', 95), ('b.csv', 'h3', 'refused', 20),
    ('a.csv', 'h4', 'refused', 10)
) as a (name, hash, outcome, score);
insert into retail_ops.delivery (
    delivery_key, feed, name, content_hash, reading_settings, run_id, contract_version, rows_in, rows_loaded,
    rows_duplicate, rows_quarantined, quality_score)
select key, 'till', name, hash, '{}', '00000000-0000-0000-0000-000000000001', '2', 1, 0, 0, 1, 95
from (values (1, 'a.csv', 'h2'), (7, 'without attempt.csv', 'h9')) as d (key, name, hash);
insert into retail_ops.quarantine (delivery_key, line_no, rules, contract_version, raw)
values (1, 4, '{quantity_readable,sold_at_readable}', '2', '{"Quantity":"x"}'), (7, 9, '{row_complete}', '2', 'torn');
insert into retail_ops.quality_score (delivery_key, dimension, score, error_lines, warning_lines)
values (1, 'validity', 75, 1, 0), (7, 'validity', 80, 2, 0);
"""


async def test_an_older_warehouse(empty: ConnectionSettings, tmp_path: Path) -> None:
    await create_schema_at(empty, "0008_backups")
    async with connected(empty) as connection:
        await connection.execute(_DATA)
    await migrate(empty)
    async with connected(empty) as connection:
        lines = await connection.fetch(
            "select delivery, line, rule, value, raw, outcome, is_current from retail_ops.rejected_line "
            "order by delivery, rule"
        )
        scores = await connection.fetch(
            "select a.name, a.content_hash, a.rows_in, a.rows_quarantined, s.score from retail_ops.quality_score s "
            "join retail_ops.delivery_attempt a using (attempt_id) order by a.name"
        )
        refused = await connection.fetchval(
            "select count(*) from retail_ops.delivery_attempt where outcome = 'refused' and rows_in is null"
        )
    raw = '{"Quantity":"x"}'
    assert [tuple(row) for row in lines] == [
        ("a.csv", 4, "quantity_readable", None, raw, "replaced", True),
        ("a.csv", 4, "sold_at_readable", None, raw, "replaced", True),
        ("without attempt.csv", 9, "row_complete", None, "torn", "loaded", True),
    ]
    assert [tuple(row) for row in scores] == [
        ("a.csv", "h2", 1, 1, 75),
        ("without attempt.csv", "h9", 1, 1, 80),
    ]
    assert refused == 2

    source = write(tmp_path / "day.csv", invoices()["536365"])
    await run(empty, tmp_path / "workspace", [source], feed="till")
    await assert_accounted(empty)
