"""Bytes that another feed has loaded are refused unless they are accepted."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from tasks.errors import BytesOfOtherFeed
from tasks.postgres.connect import ConnectionSettings, connected
from tasks.postgres.queries import sql
from tests.support.deliveries import as_csv, row
from tests.support.deliveries import write as write_text
from tests.support.plain_run import assert_accounted, run, state, take_out
from tests.support.slices import invoices, write


async def test_they_are_refused_and_the_others_load(warehouse: ConnectionSettings, tmp_path: Path) -> None:
    day = write(tmp_path / "in" / "day.csv", invoices()["536365"])
    await run(warehouse, tmp_path / "w", [day], feed="paris")
    other = write(tmp_path / "in" / "other.csv", invoices()["536366"])
    for _ in range(2):  # refused in every run
        outcome = await run(warehouse, tmp_path / "w", [tmp_path / "in"], feed="pariss")
        refused = outcome.of("day.csv")
        assert (refused.outcome, refused.rows_in, refused.rows_loaded) == ("refused", 7, 0)
        assert isinstance(refused.refusal, BytesOfOtherFeed)
        assert f"feed paris has loaded the same bytes, as {day}" in str(refused.refusal)
        assert "--accept-known-bytes" in str(refused.refusal)
    assert (await state(warehouse)).lines == 9
    assert str(other) in outcome.unchanged

    outcome = await run(warehouse, tmp_path / "w", [tmp_path / "in"], feed="pariss", accept_known_bytes=True)
    assert outcome.of("day.csv").outcome == "loaded"
    assert (await state(warehouse)).lines == 16
    await assert_accounted(warehouse)
    again = await run(warehouse, tmp_path / "w", [tmp_path / "in"], feed="pariss")
    assert again.loaded == ()


async def test_a_replacement_with_bytes_of_another_feed(
    warehouse: ConnectionSettings, tmp_path: Path
) -> None:
    first = write(tmp_path / "a" / "day.csv", invoices()["536365"])
    await run(warehouse, tmp_path / "w", [first], feed="paris")
    mine = write(tmp_path / "b" / "day.csv", invoices()["536366"])
    await run(warehouse, tmp_path / "w", [mine])
    mine.write_bytes(first.read_bytes())
    outcome = await run(warehouse, tmp_path / "w", [mine], replace_anyway=True)
    assert outcome.of("day.csv").outcome == "refused"
    await take_out(warehouse, str(first), "paris")
    outcome = await run(warehouse, tmp_path / "w", [mine], replace_anyway=True)
    assert outcome.of("day.csv").outcome == "replaced"


async def test_the_same_feed_under_another_name(warehouse: ConnectionSettings, tmp_path: Path) -> None:
    for name in ("a.csv", "b.csv"):
        outcome = await run(warehouse, tmp_path / "w", [write(tmp_path / name, invoices()["536365"])])
        assert outcome.loaded[0].outcome == "loaded"
    assert (await state(warehouse)).lines == 7


async def test_deliveries_without_a_line_that_counts(warehouse: ConnectionSettings, tmp_path: Path) -> None:
    nothing = write_text(tmp_path / "closed.csv", as_csv([row(quantity="0")]))
    for feed in ("paris", "lyon"):
        outcome = await run(warehouse, tmp_path / "w", [nothing], feed=feed)
        assert outcome.loaded[0].outcome == "loaded"


async def test_of_two_runs_at_once_one_is_refused(warehouse: ConnectionSettings, tmp_path: Path) -> None:
    day = write(tmp_path / "day.csv", invoices()["536365"])
    outcomes = await asyncio.gather(
        *(run(warehouse, tmp_path / feed, [day], feed=feed, finished=False) for feed in ("paris", "lyon"))
    )
    assert sorted(outcome.loaded[0].outcome for outcome in outcomes) == ["loaded", "refused"]
    assert (await state(warehouse)).lines == 7


@pytest.mark.slow
async def test_they_are_looked_up_by_the_index(warehouse: ConnectionSettings) -> None:
    lookup = sql("create_load_plan", "tasks.warehouse.load")
    lookup = lookup[lookup.index("select feed as other_feed") : lookup.index(") as o")]
    lookup = lookup.replace("n.content_hash", "'h77'").replace("q.feed", "'paris'")
    async with connected(warehouse) as connection:
        await connection.execute(
            "insert into retail_ops.feed (feed, timezone, currency, identical_lines) values ('f', 'UTC', 'EUR', 'keep');"
            "insert into retail_ops.run (run_id, started_at, status, parameters, versions) "
            "values ('00000000-0000-0000-0000-000000000001', now(), 'completed', '{}', '{}');"
            "insert into retail_ops.delivery_attempt (run_id, feed, name, outcome) "
            "select '00000000-0000-0000-0000-000000000001', 'f', n::text, 'loaded' from generate_series(1, 20000) as n;"
            "insert into retail_ops.delivery (delivery_key, feed, name, content_hash, reading_settings, run_id, "
            "contract_version, rows_in, rows_loaded, rows_duplicate, rows_quarantined, quality_score, attempt_id) "
            "select a.attempt_id, 'f', a.name, 'h' || a.name, '{}', a.run_id, '3', 1, 1, 0, 0, 100, a.attempt_id "
            "from retail_ops.delivery_attempt as a; analyze retail_ops.delivery"
        )
        plan = await connection.fetch(f"explain {lookup}")
    assert "delivery_content_hash_idx" in "\n".join(line[0] for line in plan)
