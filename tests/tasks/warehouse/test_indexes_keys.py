"""Completing the indexes adds missing keys, indexes and statistics, and nothing else."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from tasks.postgres.connect import ConnectionSettings, connected
from tasks.postgres.embedded.server import SUPERUSER
from tasks.warehouse.indexes import complete_indexes
from tests.support.catalogue import ALL, NONE, keys_of
from tests.support.ddl_log import log_ddl, logged_ddl
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
    """A warehouse with lines, but without keys and indexes."""
    await run(warehouse, tmp_path, [write(tmp_path / "day.csv", days(1, 2))], finished=False)
    return warehouse


async def test_all_keys_and_indexes_are_added(loaded: ConnectionSettings) -> None:
    assert await keys_of(loaded) == NONE
    before = await state(loaded)
    assert (await complete_indexes(loaded)).changed is True
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


async def test_a_second_call_runs_no_ddl(loaded: ConnectionSettings) -> None:
    await complete_indexes(loaded)
    await log_ddl(loaded)
    assert (await complete_indexes(loaded)).changed is False
    assert await logged_ddl(loaded) == []


@pytest.mark.parametrize(
    ("missing", "added"),
    [
        ("drop index retail_dwh.fact_sale_date_key_idx", "retail_dwh.fact_sale_date_key_idx"),
        ("alter table retail_dwh.fact_sale drop constraint fact_sale_date_key_fkey", "retail_dwh.fact_sale"),
    ],
)
async def test_only_missing_keys_are_added(loaded: ConnectionSettings, missing: str, added: str) -> None:
    await complete_indexes(loaded)
    async with connected(loaded) as connection:
        await connection.execute(missing)
    await log_ddl(loaded)
    assert (await complete_indexes(loaded)).changed is True
    assert {identity for _, identity in await logged_ddl(loaded)} == {added}
    assert await keys_of(loaded) == ALL


async def test_a_unique_index_becomes_the_primary_key(loaded: ConnectionSettings) -> None:
    """An earlier call was killed between the unique index and the primary key."""
    async with connected(loaded) as connection:
        await connection.execute(
            "create unique index fact_sale_pkey on retail_dwh.fact_sale (invoice_key, line_id)"
        )
    assert (await complete_indexes(loaded)).changed is True
    assert await keys_of(loaded) == ALL


async def test_missing_statistics_are_collected(loaded: ConnectionSettings) -> None:
    """An earlier call was killed before its last step. Building an index sets reltuples, but no statistics."""
    await complete_indexes(loaded)
    async with connected(replace(loaded, user=SUPERUSER)) as connection:
        await connection.execute("delete from pg_statistic where starelid = 'retail_dwh.fact_sale'::regclass")
    assert not (await keys_of(loaded)).analysed
    assert (await complete_indexes(loaded)).changed is True
    assert (await keys_of(loaded)).analysed


async def test_two_parallel_calls(loaded: ConnectionSettings) -> None:
    await asyncio.gather(complete_indexes(loaded), complete_indexes(loaded))
    assert await keys_of(loaded) == ALL
    assert (await complete_indexes(loaded)).changed is False


async def test_an_empty_warehouse_is_completed_once(warehouse: ConnectionSettings) -> None:
    assert (await complete_indexes(warehouse)).changed is True
    assert (await keys_of(warehouse)).foreign_keys == 6
    assert (await complete_indexes(warehouse)).changed is False
