"""The finishing step adds the keys, indexes and statistics that are missing, and nothing else."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from tasks.postgres.connect import ConnectionSettings, connected
from tasks.postgres.embedded.server import SUPERUSER
from tasks.warehouse.indexes import complete_indexes
from tests.support.catalogue import ALL, NONE, keys_of
from tests.support.ddl_log import ddl_seen, watch_ddl
from tests.support.plain_run import run, state
from tests.support.slices import days, write

INDEXES = {
    "fact_sale_pkey": "btree (invoice_key, line_id)",
    "fact_sale_product_key_idx": "btree (product_key)",
    "fact_sale_customer_key_idx": "btree (customer_key)",
    "fact_sale_date_key_idx": "brin (date_key",
    "fact_sale_country_key_idx": "brin (country_key",
    "fact_sale_delivery_key_idx": "brin (delivery_key",
}
FOREIGN_KEYS = {
    "country_key": "retail_dwh.dim_country",
    "customer_key": "retail_dwh.dim_customer",
    "date_key": "retail_dwh.dim_date",
    "delivery_key": "retail_ops.delivery",
    "invoice_key": "retail_dwh.dim_invoice",
    "product_key": "retail_dwh.dim_product",
}


@pytest.fixture
async def loaded(warehouse: ConnectionSettings, tmp_path: Path) -> ConnectionSettings:
    """A warehouse with lines that no step has finished yet."""
    await run(warehouse, tmp_path, [write(tmp_path / "day.csv", days(1, 2))], finished=False)
    return warehouse


async def test_all_that_belongs_there(loaded: ConnectionSettings) -> None:
    assert await keys_of(loaded) == NONE
    before = await state(loaded)
    assert await complete_indexes(loaded) is True
    assert await keys_of(loaded) == ALL
    async with connected(loaded) as connection:
        indexes = await connection.fetch(
            "select indexname, split_part(split_part(indexdef, 'USING ', 2), ' int4_minmax', 1) as how from pg_indexes "
            "where schemaname = 'retail_dwh' and tablename = 'fact_sale'"
        )
        foreign = await connection.fetch(
            "select a.attname, c.confrelid::regclass::text as target from pg_constraint c "
            "join pg_attribute a on a.attrelid = c.conrelid and array[a.attnum] = c.conkey "
            "where c.contype = 'f' and c.conrelid = 'retail_dwh.fact_sale'::regclass"
        )
    assert {row["indexname"]: row["how"] for row in indexes} == INDEXES
    assert {row["attname"]: row["target"] for row in foreign} == FOREIGN_KEYS
    assert await state(loaded) == before


async def test_again_there_is_nothing_to_do(loaded: ConnectionSettings) -> None:
    await complete_indexes(loaded)
    await watch_ddl(loaded)
    assert await complete_indexes(loaded) is False
    assert await ddl_seen(loaded) == []


@pytest.mark.parametrize(
    ("missing", "added"),
    [
        ("drop index retail_dwh.fact_sale_date_key_idx", "retail_dwh.fact_sale_date_key_idx"),
        ("alter table retail_dwh.fact_sale drop constraint fact_sale_date_key_fkey", "retail_dwh.fact_sale"),
    ],
)
async def test_only_what_is_missing_is_added(loaded: ConnectionSettings, missing: str, added: str) -> None:
    await complete_indexes(loaded)
    async with connected(loaded) as connection:
        await connection.execute(missing)
    await watch_ddl(loaded)
    assert await complete_indexes(loaded) is True
    assert {identity for _, identity in await ddl_seen(loaded)} == {added}
    assert await keys_of(loaded) == ALL


async def test_a_primary_key_that_lacks_its_last_step(loaded: ConnectionSettings) -> None:
    """The unique index is there, but was killed before it became the key."""
    async with connected(loaded) as connection:
        await connection.execute(
            "create unique index fact_sale_pkey on retail_dwh.fact_sale (invoice_key, line_id)"
        )
    assert await complete_indexes(loaded) is True
    assert await keys_of(loaded) == ALL


async def test_statistics_that_are_missing(loaded: ConnectionSettings) -> None:
    """Killed before its last step: building an index counts the rows, which is no statistics yet."""
    await complete_indexes(loaded)
    async with connected(replace(loaded, user=SUPERUSER)) as connection:
        await connection.execute("delete from pg_statistic where starelid = 'retail_dwh.fact_sale'::regclass")
    assert not (await keys_of(loaded)).analysed
    assert await complete_indexes(loaded) is True
    assert (await keys_of(loaded)).analysed


async def test_two_at_once(loaded: ConnectionSettings) -> None:
    await asyncio.gather(complete_indexes(loaded), complete_indexes(loaded))
    assert await keys_of(loaded) == ALL
    assert await complete_indexes(loaded) is False


async def test_an_empty_warehouse_is_finished_once(warehouse: ConnectionSettings) -> None:
    assert await complete_indexes(warehouse) is True
    assert (await keys_of(warehouse)).foreign_keys == 6
    assert await complete_indexes(warehouse) is False
