"""Odd states of the schema are named with cause and fix, or repaired, instead of a driver's text."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from tasks.errors import WarehouseError
from tasks.postgres.connect import ConnectionSettings, connected, with_database
from tasks.postgres.embedded.server import SUPERUSER
from tasks.warehouse.indexes import complete_indexes
from tasks.warehouse.migrate import migrate
from tests.support.catalogue import ALL, keys_of
from tests.support.plain_run import run
from tests.support.slices import days, write


async def test_a_schema_of_our_name(empty: ConnectionSettings) -> None:
    async with connected(empty) as connection:
        await connection.execute("create schema retail_dwh")
    with pytest.raises(
        WarehouseError, match='"retail_dwh" already exists, but it is not one that this'
    ) as caught:
        await migrate(empty)
    assert "alter schema retail_dwh rename to" in caught.value.next_step


async def test_two_revisions(warehouse: ConnectionSettings) -> None:
    async with connected(warehouse) as connection:
        await connection.execute("insert into retail_ops.schema_version values ('0001_ledger')")
    with pytest.raises(WarehouseError, match="schema_version has 2 rows: 0001_ledger, ") as caught:
        await migrate(warehouse)
    assert "Delete all but the row" in caught.value.next_step


async def test_an_encoding_that_lacks_characters(empty: ConnectionSettings) -> None:
    latin = with_database(empty, f"{empty.database}_latin")
    async with connected(replace(empty, user=SUPERUSER)) as connection:
        await connection.execute(
            f"create database {latin.database} owner retail template template0 encoding 'LATIN1' "
            "locale_provider libc locale 'C'"
        )
        try:
            with pytest.raises(WarehouseError, match="has the encoding LATIN1") as caught:
                await migrate(latin)
        finally:
            await connection.execute(f"drop database {latin.database} with (force)")
    assert "encoding 'UTF8'" in caught.value.next_step


async def test_an_invalid_index_is_built_again(warehouse: ConnectionSettings, tmp_path: Path) -> None:
    await run(warehouse, tmp_path, [write(tmp_path / "day.csv", days(1, 1))])
    async with connected(replace(warehouse, user=SUPERUSER)) as connection:
        # What an interrupted REINDEX CONCURRENTLY leaves.
        await connection.execute(
            "update pg_index set indisvalid = false where indexrelid = 'retail_dwh.fact_sale_product_key_idx'::regclass"
        )
    assert (await complete_indexes(warehouse)).changed is True
    assert await keys_of(warehouse) == ALL
