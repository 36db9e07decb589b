"""The lineage of columns is that of the migrated schema, of its views, and of what a load really does."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tasks.ingest.schema import COLUMNS
from tasks.postgres.connect import ConnectionSettings, connected
from tasks.postgres.embedded.server import EmbeddedServer
from tasks.report.lineage.columns import DATASETS, lineage_of, table_names
from tasks.warehouse.indexes import complete_indexes
from tests.support.deliveries import as_csv, row, write
from tests.support.plain_run import run
from tests.support.slices import fresh_warehouse
from tests.support.slow import slow_but

CATALOGUE = """
select c.oid::regclass::text, a.attname, format_type(a.atttypid, a.atttypmod)
from pg_class c
join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
where c.relnamespace = 'retail_dwh'::regnamespace and c.relkind in ('r', 'v', 'm', 'p', 'f')
order by 1, a.attnum
"""
VIEW_COLUMNS = """
select format('%s.%s', view_schema, view_name), format('%s.%s', table_schema, table_name), column_name
from information_schema.view_column_usage where view_schema = 'retail_dwh'
"""
# Surrogate keys are numbered anew in each warehouse; delivery_key leads to the ledger, not to a column.
WITHOUT_KEYS = ("invoice_key", "product_key", "customer_key", "country_key", "delivery_key")
Contents = dict[tuple[str, str], list[str]]
# Those of the sample and OTHER, loaded by the first test that needs them.
_before: Contents = {}
# A line that differs from the sample in every column.
OTHER = {
    "invoice_no": "C536366",
    "stock_code": "POST",
    "description": "POSTAGE",
    "quantity": "-7",
    "invoice_date": "2010-12-02 09:00:00",
    "unit_price": "1.25",
    "customer_id": "12583",
    "country": "France",
}


async def test_every_column_of_the_migrated_schema_has_its_lineage(warehouse: ConnectionSettings) -> None:
    await complete_indexes(warehouse)
    async with connected(warehouse) as connection:
        catalogue: dict[str, list[tuple[str, str]]] = {}
        for table, column, kind in await connection.fetch(CATALOGUE):
            catalogue.setdefault(table, []).append((column, kind))
    assert set(catalogue) == set(table_names())
    for table, columns in catalogue.items():
        assert [(column.name, column.type) for column in DATASETS[table].columns] == columns


async def test_views_use_the_columns_that_postgres_names(warehouse: ConnectionSettings) -> None:
    used: dict[str, set[tuple[str, str]]] = {}
    async with connected(warehouse) as connection:
        for view, table, column in await connection.fetch(VIEW_COLUMNS):
            used.setdefault(view, set()).add((table, column))
    assert len(used) == 5
    for view, columns in used.items():
        dataset = DATASETS[view]
        mapped = {(item.dataset, item.column) for item in dataset.row_inputs}
        mapped |= {(item.dataset, item.column) for column in dataset.columns for item in column.inputs}
        # A count of lines reads no column; Postgres names none for it.
        assert mapped - {("retail_dwh.fact_sale", "line_id")} == columns, view


def test_inputs_are_columns_that_exist() -> None:
    names = {(dataset.name, column.name) for dataset in DATASETS.values() for column in dataset.columns}
    for dataset in DATASETS.values():
        inputs = [*dataset.row_inputs, *(item for column in dataset.columns for item in column.inputs)]
        assert {(item.dataset, item.column) for item in inputs} <= names, dataset.name


def test_lineage_leads_back_to_the_delivery() -> None:
    lineage = lineage_of("fact_sale")
    assert lineage is not None
    assert lineage == lineage_of("retail_dwh.fact_sale")
    origins = origins_of("fact_sale")
    assert origins["total_amount"] == ("delivery.quantity", "delivery.unit_price")
    assert origins["sold_at"] == ("delivery.invoice_date", "retail_ops.feed.timezone")
    assert [dataset.name for dataset in lineage.upstream][-2:] == ["bronze", "delivery"]
    assert lineage_of("fact_sales") is None
    assert lineage_of("retail_ops.feed") is None
    assert lineage_of("silver") is None


def origins_of(table: str) -> Mapping[str, tuple[str, ...]]:
    lineage = lineage_of(table)
    assert lineage is not None
    return lineage.origins


async def contents(warehouse: ConnectionSettings) -> Contents:
    """The values of each column of the tables and views, in no order, as text."""
    values: Contents = {}
    async with connected(warehouse) as connection:
        for table in table_names():
            rows: list[Any] = await connection.fetch(f"select * from {table}")
            for column in DATASETS[table].columns:
                values[table, column.name] = sorted(str(line[column.name]) for line in rows)
    return values


def traced(table: str, column: str) -> set[str]:
    """The columns of a delivery that a column depends on in any way, by the mapping."""
    found: set[str] = set()
    pending, seen = [(table, column)], set()
    while pending:
        current = pending.pop()
        if current in seen:
            continue
        seen.add(current)
        name, field = current
        if name == "delivery":
            found.add(field)
            continue
        dataset = DATASETS[name]
        made_of = next(item for item in dataset.columns if item.name == field).inputs
        pending += [(item.dataset, item.column) for item in (*made_of, *dataset.row_inputs)]
    return found


@pytest.mark.parametrize("changed", slow_but([*COLUMNS][:3], COLUMNS))
async def test_a_changed_column_changes_what_is_traced_to_it(
    server: EmbeddedServer, template: str, tmp_path: Path, changed: str
) -> None:
    """Both ways: nothing else changes, and every direct value that comes from it does."""

    async def loaded(other: dict[str, str]) -> Contents:
        async with fresh_warehouse(server, template) as warehouse:
            file = write(tmp_path / f"{len(list(tmp_path.iterdir()))}.csv", as_csv([row(), row(**other)]))
            await run(warehouse, tmp_path / "workspace", [file])
            return await contents(warehouse)

    if not _before:
        _before.update(await loaded(OTHER))
    sample = dict(zip(COLUMNS, row(), strict=True))
    before, after = _before, await loaded({**OTHER, changed: sample[changed]})
    differing = {key for key in before if before[key] != after[key] and key[1] not in WITHOUT_KEYS}
    assert differing
    for table, column in differing:
        assert changed in traced(table, column), f"{table}.{column}"
    direct = {
        (table, column)
        for table in ("retail_dwh.fact_sale", "retail_dwh.sale_line")
        for column, origins in origins_of(table).items()
        if f"delivery.{changed}" in origins and column not in WITHOUT_KEYS
    }
    assert direct <= differing
