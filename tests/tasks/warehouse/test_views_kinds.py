"""What the views make of kinds, discounts, taxes, costs, stores and fractions."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tasks.postgres.connect import ConnectionSettings, connected
from tasks.postgres.embedded.server import EmbeddedServer
from tasks.warehouse.integrity.check import built_in_checks
from tasks.warehouse.integrity.examine import examine_integrity
from tests.conftest import database_of_a_file
from tests.support.plain_run import run
from tests.support.slices import Line, write

WHEN, UK = "2011-06-01 12:00:00", "United Kingdom"
CODES = ("SOLD", "BACK", "OFF", "SHIP", "TIP", "DEPOSIT", "CARD", "FEE", "KILO")
# What each code's line becomes, as a delivery tells it by a mapping.
TOLD = {
    "SOLD": "discount_amount = 1.5, tax_amount = 2, cost_amount = 4, store = 'Leeds', attributes = '{\"Till\": \"7\"}', "
    'invoice_attributes = \'{"status": "paid"}\'',
    "BACK": "kind = 'return', quantity = -1, total_amount = -10, cost_amount = -4, store = 'Leeds', "
    'invoice_attributes = \'{"status": "refunded"}\'',
    "OFF": "kind = 'discount', total_amount = -3, unit_price = -3",
    "SHIP": "kind = 'shipping', total_amount = 5, unit_price = 5",
    "TIP": "kind = 'tip', total_amount = 2, unit_price = 2",
    "DEPOSIT": "kind = 'deposit', total_amount = 0.25, unit_price = 0.25",
    "CARD": "kind = 'gift_card', total_amount = 50, unit_price = 50",
    "FEE": "kind = 'fee', total_amount = 0.1, unit_price = 0.1",
    # 0.375 kg for 10.00: the price is rounded.
    "KILO": "quantity = 0.375, total_amount = 10, unit_price = 26.6667, store = 'Leeds'",
}


@pytest.fixture(scope="module")
def told(
    server: EmbeddedServer, template: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[ConnectionSettings]:
    """An invoice with a line of each kind, each of 10.00 where nothing else is told."""
    with database_of_a_file(server, template) as warehouse:
        asyncio.run(_tell(warehouse, tmp_path_factory.mktemp("told")))
        yield warehouse


async def _tell(warehouse: ConnectionSettings, folder: Path) -> None:
    lines: list[Line] = [("900001", code, code.lower(), "1", WHEN, "10.00", "101", UK) for code in CODES]
    await run(warehouse, folder, [write(folder / "a.csv", lines)])
    async with connected(warehouse) as connection:
        for code, values in TOLD.items():
            await connection.execute(
                f"update retail_dwh.fact_sale set {values} from retail_dwh.dim_product p "
                f"where p.product_key = fact_sale.product_key and p.stock_code = '{code}'"
            )


async def _row(warehouse: ConnectionSettings, query: str) -> dict[str, Any]:
    async with connected(warehouse) as connection:
        row = await connection.fetchrow(query)
    assert row is not None
    return dict(row)


async def test_daily_sales_by_kind(told: ConnectionSettings) -> None:
    row = await _row(told, "select * from retail_dwh.daily_sales")
    del row["date"], row["currency"]
    assert row == {
        "invoices": 1,
        "lines": 9,
        "units": Decimal("0.375"),  # 1 sold, 1 back, 0.375 kg
        "gross_sales": Decimal(20),
        "cancellations": None,
        "revenue": Decimal(10),
        "returns": Decimal(-10),
        "discounts": Decimal("4.5"),  # of the line 1.5, by a line of its own 3
        "net_sales": Decimal("5.5"),
        "shipping": Decimal(5),
        "tips": Decimal(2),
        "deposits": Decimal("0.25"),
        "gift_cards": Decimal(50),
        "fees": Decimal("0.1"),
        "margin": Decimal("-1.5"),  # sold 10 - 1.5 - 4, back -10 + 4; the kilo tells no cost
    }


async def test_revenue_is_of_sales_and_returns_only(told: ConnectionSettings) -> None:
    assert (await _row(told, "select revenue from retail_dwh.monthly_revenue_by_country"))["revenue"] == 10
    row = await _row(told, "select customer_id, customer_number, monetary from retail_dwh.customer_rfm")
    assert row == {"customer_id": 101, "customer_number": "101", "monetary": 10}


async def test_a_line_as_it_was_told(told: ConnectionSettings) -> None:
    row = await _row(
        told,
        "select kind, is_merchandise, store, source_line, total_amount, discount_amount, tax_amount, cost_amount, "
        "net_amount, attributes::text from retail_dwh.sale_line where stock_code = 'SOLD'",
    )
    assert row == {
        "kind": "sale",
        "is_merchandise": True,
        "store": "Leeds",
        "source_line": None,
        "total_amount": 10,
        "discount_amount": Decimal("1.5"),
        "tax_amount": 2,
        "cost_amount": 4,
        "net_amount": Decimal("8.5"),
        "attributes": '{"Till": "7"}',
    }


async def test_an_invoice(told: ConnectionSettings) -> None:
    query = (
        "select feed, invoice_no, invoice_type, sold_at_local::text, store, lines, units, amounts::text, "
        "attributes::text from retail_dwh.invoice"
    )
    expected = {
        "feed": "default",
        "invoice_no": "900001",
        "invoice_type": "sale",
        "sold_at_local": WHEN,
        "store": "Leeds",
        "lines": 9,
        "units": Decimal("0.375"),
        "amounts": '{"GBP": 64.3500}',
        "attributes": '{"status": "refunded"}',  # the greatest of its lines
    }
    assert await _row(told, query) == expected
    async with connected(told) as connection:
        await connection.execute(
            "update retail_dwh.fact_sale set store = 'York', currency = 'EUR' where quantity = 0.375"
        )
    assert await _row(told, query) == {
        **expected,
        "store": None,
        "amounts": '{"EUR": 10.0000, "GBP": 54.3500}',
    }


async def test_a_rounded_price_is_no_fault(told: ConnectionSettings) -> None:
    checks = [check for check in built_in_checks() if check.name in {"wrong_amounts", "negative_prices"}]
    report = await examine_integrity(told, checks)
    assert [result.violations for result in report.results] == [0, 0]
    async with connected(told) as connection:
        await connection.execute("update retail_dwh.fact_sale set unit_price = 26.67 where quantity = 0.375")
    report = await examine_integrity(told, checks)
    assert {result.name: result.violations for result in report.results} == {
        "wrong_amounts": 1,
        "negative_prices": 0,
    }
