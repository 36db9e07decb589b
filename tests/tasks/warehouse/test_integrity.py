"""Every integrity check finds what it names, and nothing else does when that goes wrong."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tasks.errors import SettingsError, WarehouseError
from tasks.postgres.connect import ConnectionSettings, connected
from tasks.postgres.embedded.server import EmbeddedServer
from tasks.warehouse.integrity.check import built_in_checks
from tasks.warehouse.integrity.examine import examine_integrity, select_checks
from tests.conftest import database_of_a_file
from tests.support.plain_run import run
from tests.support.slices import invoices, write

_FACT = "retail_dwh.fact_sale"


def _line(
    change: str, condition: str = "i.invoice_type = 'sale' and f.unit_price > 0 and f.quantity > 0"
) -> str:
    """A statement that changes one line."""
    return (
        f"update {_FACT} set {change} where line_id = (select f.line_id from {_FACT} f "
        f"join retail_dwh.dim_invoice i using (invoice_key) where {condition} order by f.line_id limit 1)"
    )


def _copy(line_id: str, condition: str) -> str:
    """Statements that add a copy of one line, which the ledger counts."""
    return (
        f"create temporary table line as select * from {_FACT} where line_id = (select f.line_id from {_FACT} f "
        f"join retail_dwh.dim_invoice i using (invoice_key) where {condition} order by f.line_id limit 1); "
        f"update line set line_id = {line_id}; insert into {_FACT} select * from line; "
        "update retail_ops.delivery set rows_in = rows_in + 1, rows_loaded = rows_loaded + 1"
    )


_ARRIVALS = (
    "insert into retail_ops.run (run_id, started_at, status, parameters, versions) "
    "select md5(n::text)::uuid, now(), 'completed', '{}', '{}' from generate_series(4, 12) n; "
    "insert into retail_ops.delivery_attempt (run_id, feed, name, outcome, attempted_at) "
    "select md5(n::text)::uuid, 'tills', n::text, 'loaded', now() - n * interval '1 day' from generate_series(4, 12) n"
)
# For each check: statements that make one violation more, and the other checks that find them too.
VIOLATIONS: dict[str, tuple[str, set[str]]] = {
    "orphan_dates": (_line("date_key = 20101299"), set()),
    "orphan_products": (_line("product_key = 999999"), set()),
    "orphan_customers": (_line("customer_key = 999999"), {"invoices_with_several_customers"}),
    "orphan_countries": (_line("country_key = 999999"), set()),
    "orphan_invoices": (_line("invoice_key = 999999"), set()),
    "orphan_deliveries": (_line("delivery_key = 999999"), {"ledger_differences"}),
    "orphan_line_sources": (
        "insert into retail_ops.line_source select 1, gen_random_uuid(), min(delivery_key), 1 from retail_ops.delivery",
        set(),
    ),
    "negative_prices": (_line("unit_price = -1, total_amount = -quantity"), set()),
    "zero_prices": (_line("unit_price = 0, total_amount = 0"), set()),
    "zero_quantities": (_line("quantity = 0, total_amount = 0"), set()),
    "missing_descriptions": (_line("description = null"), set()),
    "wrong_amounts": (_line("total_amount = total_amount + 1"), set()),
    "duplicate_lines": (_copy("line_id", "i.invoice_no = '536365'"), set()),
    "duplicate_members": (
        "alter table retail_dwh.dim_product drop constraint dim_product_stock_code_key; insert into "
        "retail_dwh.dim_product select max(product_key) + 1, min(stock_code), null, true from retail_dwh.dim_product",
        set(),
    ),
    "cancellations_without_sale": (_copy("gen_random_uuid()", "i.invoice_no = 'C536391'"), set()),
    "invoices_with_several_customers": (_line("customer_key = 0", "i.invoice_no = '536365'"), set()),
    "missing_calendar_days": ("delete from retail_dwh.dim_date where date = '2030-02-03'", set()),
    "days_without_sales": (
        f"delete from {_FACT} where date_key = 20111001",
        {"ledger_differences", "zero_prices", "invoices_with_several_customers"},
    ),
    "ledger_differences": (
        "update retail_ops.delivery set rows_in = rows_in + 1, rows_loaded = rows_loaded + 1",
        set(),
    ),
    "wrong_accounts": (
        """update retail_ops.delivery set passed_over = '{"footer": {"rows": 1, "amounts": {}}}'""",
        set(),
    ),
    "late_feeds": (_ARRIVALS, set()),
}


async def _counts(warehouse: ConnectionSettings) -> dict[str, int]:
    report = await examine_integrity(warehouse, built_in_checks(), store=False)
    assert [result.error for result in report.results if result.error] == []
    return {result.name: result.violations or 0 for result in report.results}


@dataclass(frozen=True)
class Loaded:
    """Real and made-up invoices in a warehouse to copy, and what each check finds in it.

    It lacks the keys of fact_sale, which would keep most violations out.
    """

    warehouse: ConnectionSettings
    source: Path
    counts: dict[str, int]


@pytest.fixture(scope="module")
def loaded(
    server: EmbeddedServer, template: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Loaded]:
    folder = tmp_path_factory.mktemp("integrity")
    source = write(folder / "day.csv", [line for lines in invoices().values() for line in lines])

    async def load(warehouse: ConnectionSettings) -> dict[str, int]:
        await run(warehouse, folder / "workspace", [source], finished=False)
        return await _counts(warehouse)

    with database_of_a_file(server, template) as warehouse:
        yield Loaded(warehouse, source, asyncio.run(load(warehouse)))


@pytest.fixture
def copied(server: EmbeddedServer, loaded: Loaded) -> Iterator[ConnectionSettings]:
    """A copy of that warehouse."""
    with database_of_a_file(server, loaded.warehouse.database) as copy:
        yield copy


@pytest.mark.parametrize("name", [check.name for check in built_in_checks()])
async def test_a_check_finds_one_more_violation(
    loaded: Loaded, copied: ConnectionSettings, name: str
) -> None:
    before, (statements, also) = loaded.counts, VIOLATIONS[name]
    async with connected(copied) as connection:
        await connection.execute(statements)
    after = await _counts(copied)
    assert after[name] == before[name] + 1
    assert {check for check in after if after[check] != before[check]} <= {name} | also


async def test_real_lines_have_warnings_only(loaded: Loaded, copied: ConnectionSettings) -> None:
    report = await examine_integrity(copied, built_in_checks())
    assert report.passed
    assert report.count("error") == report.count("failed") == 0
    warnings = {result.name for result in report.results if result.status == "warning"}
    assert warnings == {
        "zero_prices",
        "missing_descriptions",
        "days_without_sales",
        "cancellations_without_sale",
        "invoices_with_several_customers",  # one of the made-up invoices
    }
    (zero,) = (result for result in report.results if result.name == "zero_prices")
    assert zero.violations is not None
    assert len(zero.samples) == min(5, zero.violations)
    assert zero.samples[0]["delivery"] == str(loaded.source)
    async with connected(copied) as connection:
        rows = await connection.fetch(zero.statement)
        stored = await connection.fetchrow(
            "select violations, samples::text, examined_at from retail_ops.integrity_result "
            "where check_name = 'zero_prices'"
        )
    assert len(rows) == zero.violations
    assert stored is not None
    assert stored["violations"] == zero.violations
    assert stored["examined_at"] == report.examined_at


async def test_an_unknown_check_is_named(warehouse: ConnectionSettings) -> None:
    with pytest.raises(SettingsError, match=r"no check named orphan_socks.*orphan_products"):
        select_checks("orphan_socks", ())


async def test_a_database_without_our_schema(empty: ConnectionSettings) -> None:
    with pytest.raises(WarehouseError, match="no retail schema yet"):
        await examine_integrity(empty, built_in_checks())


async def test_a_schema_of_another_revision(warehouse: ConnectionSettings) -> None:
    async with connected(warehouse) as connection:
        await connection.execute("update retail_ops.schema_version set version_num = '0003_old'")
        await connection.execute("alter table retail_ops.line_source rename to line_voucher")
    with pytest.raises(WarehouseError, match="revision 0003_old"):
        await examine_integrity(warehouse, built_in_checks())
