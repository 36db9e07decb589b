"""Several currencies in one warehouse."""

from __future__ import annotations

from pathlib import Path

from tasks.postgres.connect import ConnectionSettings, connected
from tasks.warehouse.migrate import migrate
from tests.support.deliveries import NAMES, as_csv, row, write
from tests.support.older_schema import create_schema_at
from tests.support.plain_run import assert_accounted, run, state

_TOLD = (*NAMES, "Currency")


def _deliver(path: Path, *currencies: str | None) -> Path:
    lines = [(*row(invoice_no=str(536365 + n)), currency) for n, currency in enumerate(currencies)]
    return write(path, as_csv(lines, _TOLD))


async def _amounts(warehouse: ConnectionSettings) -> dict[str, str]:
    async with connected(warehouse) as connection:
        rows = await connection.fetch(
            "select currency, sum(total_amount)::text as amount from retail_dwh.fact_sale group by currency"
        )
    return {row["currency"]: row["amount"] for row in rows}


async def test_amounts_are_kept_by_currency(warehouse: ConnectionSettings, tmp_path: Path) -> None:
    day = _deliver(tmp_path / "day.csv", "EUR", "EUR", "USD")
    await run(warehouse, tmp_path / "w", [day])
    assert await _amounts(warehouse) == {"EUR": "30.6000", "USD": "15.3000"}
    await assert_accounted(warehouse)


async def test_the_currency_of_the_feed_told_or_not_is_one_line(
    warehouse: ConnectionSettings, tmp_path: Path
) -> None:
    await run(warehouse, tmp_path / "w", [_deliver(tmp_path / "told.csv", "GBP", "EUR")])
    before = await state(warehouse)
    plain = write(tmp_path / "plain.csv", as_csv([row(invoice_no="536365")]))
    await run(warehouse, tmp_path / "w", [plain])
    assert await state(warehouse) == before
    await assert_accounted(warehouse)


async def test_a_corrected_currency_replaces(warehouse: ConnectionSettings, tmp_path: Path) -> None:
    await run(warehouse, tmp_path / "w", [_deliver(tmp_path / "day.csv", "EUR", "EUR", "EUR")])
    await run(warehouse, tmp_path / "w", [_deliver(tmp_path / "day.csv", "EUR", "EUR", "USD")])
    assert await _amounts(warehouse) == {"EUR": "30.6000", "USD": "15.3000"}
    await assert_accounted(warehouse)


_OLDER = """
insert into retail_ops.feed (feed, timezone, currency, identical_lines)
values ('till', 'Europe/London', 'GBP', 'keep'), ('empty', 'Europe/London', 'GBP', 'keep');
insert into retail_ops.run (run_id, started_at, status, parameters, versions)
values ('00000000-0000-0000-0000-000000000001', now(), 'completed', '{}', '{}');
insert into retail_ops.delivery (
    delivery_key, feed, name, content_hash, reading_settings, run_id, contract_version, rows_in, rows_loaded,
    rows_duplicate, rows_quarantined, quality_score)
values (1, 'till', 'a.csv', 'h', '{}', '00000000-0000-0000-0000-000000000001', '2', 1, 0, 1, 0, 95);
"""


async def test_a_feed_that_passed_currency_columns_over_takes_its_own_only(
    empty: ConnectionSettings, tmp_path: Path
) -> None:
    await create_schema_at(empty, "0008_backups")
    async with connected(empty) as connection:
        await connection.execute(_OLDER)
    await migrate(empty)
    await run(empty, tmp_path / "w", [_deliver(tmp_path / "old.csv", "GBP", "EUR")], feed="till")
    assert await _amounts(empty) == {"GBP": "15.3000"}
    new = _deliver(tmp_path / "new.csv", "GBP", "EUR")
    await run(empty, tmp_path / "w", [new], feed="empty", accept_known_bytes=True)
    assert await _amounts(empty) == {"GBP": "30.6000", "EUR": "15.3000"}
