"""A single table is restored on servers of other major versions, over TCP with a password."""

from __future__ import annotations

from pathlib import Path

import pytest

from tasks.backup.table.restore import restore_table
from tasks.postgres.connect import connected
from tests.support.everything import create_everything
from tests.support.restores import back_up, differences_of
from tests.tasks.backup.conftest import server_of_major


@pytest.mark.slow
@pytest.mark.parametrize("major", [15, 17])
async def test_exchanged_created_and_beside(tmp_path: Path, major: int) -> None:
    with server_of_major(major) as server:
        server.sql("create database shop owner retail template template0")
        shop = server.settings(database="shop")
        await create_everything(shop)
        backup = await back_up(shop, tmp_path, big=("shop.every_type",))
        async with connected(shop) as connection:
            await connection.execute(
                "delete from shop.every_type where id < 20; delete from shop.by_range where id = 1 and day > '2025-02-01'; "
                "drop table shop.parent cascade; drop table shop.line"
            )
        for table in ("shop.every_type", "shop.by_range", "shop.parent", "shop.line"):
            result = await restore_table(backup.source, shop, table, "", "shop")
            assert result.remarks == ()
            if table == "shop.parent":  # it was named in a condition there
                assert any(
                    "policies of other tables that are gone: shop.customer clerk_writes" in line
                    for line in result.plan.lines()
                )
        await restore_table(backup.source, shop, "shop.orders", "orders_of_then", "shop")
        async with connected(shop) as connection:
            await connection.execute("drop table shop.orders_of_then")
        assert {line.partition(":")[0] for line in await differences_of(backup, shop)} == {
            # Dropped with shop.parent.
            "table shop.child",
            "policy clerk_writes of shop.customer",
        }
