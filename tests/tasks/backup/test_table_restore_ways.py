"""A table that is gone is created again; another one is made beside the live one; partitions come back by their root."""

from __future__ import annotations

from pathlib import Path

import pytest

from tasks.backup.catalogue.catalogue import read_catalogue
from tasks.backup.catalogue.differences import differences
from tasks.backup.catalogue.fingerprints import count_rows
from tasks.backup.table.restore import plan_table_restore, restore_table
from tasks.errors import RestoreRefused
from tasks.postgres.connect import ConnectionSettings, connected
from tests.support.everything import create_everything
from tests.support.restores import PlainBackup, back_up, differences_of
from tests.support.slow import slow_but

_TABLES = (
    "shop.every_type",
    "shop.by_hash",
    "shop.keywords",
    "shop.parent",
    "shop.no_columns",
    "shop.clerks_own",
)
_ODD = "Ünïcode schema.odd \"name\" with 'quotes' and %s {brace}"


@pytest.fixture
async def own(restored: ConnectionSettings) -> ConnectionSettings:
    """A database with everything, for one test."""
    await create_everything(restored)
    return restored


async def restore(
    backup: PlainBackup, settings: ConnectionSettings, table: str, beside: str = ""
) -> list[str]:
    result = await restore_table(backup.source, settings, table, beside, settings.database)
    return list(result.remarks)


@pytest.mark.parametrize("table", slow_but(["shop.by_hash", _ODD], [*_TABLES, _ODD]))
async def test_any_table_after_its_rows_were_deleted(
    own: ConnectionSettings, tmp_path: Path, table: str
) -> None:
    backup = await back_up(own, tmp_path, big=("shop.every_type", "shop.by_hash_1"))
    plan = await plan_table_restore(backup.source, own, table, "")
    async with connected(own) as connection:
        await connection.execute(
            f"delete from only {plan.live}" if table == "shop.parent" else f"delete from {plan.live}"
        )
    assert await restore(backup, own, table) == []
    assert await differences_of(backup, own) == []


async def test_a_partitioned_table_by_its_root(own: ConnectionSettings, tmp_path: Path) -> None:
    backup = await back_up(own, tmp_path, big=("shop.by_range_2025",))
    async with connected(own) as connection:
        await connection.execute(
            "delete from shop.by_range where day > '2025-03-01'; update shop.by_range set amount = 0 where id = 1; "
            "insert into shop.by_range values ('2026-12-01', 1, 9)"
        )
    with pytest.raises(RestoreRefused, match=r"partition.*Restore shop\.by_range\."):
        await plan_table_restore(backup.source, own, "shop.by_range_2025", "")
    assert await restore(backup, own, "shop.by_range") == []
    assert await differences_of(backup, own) == []


@pytest.mark.parametrize(
    "table",
    slow_but(
        ["shop.by_range"],
        ["shop.every_type", "shop.by_range", "shop.line", "shop.clerks_own", "shop.orders"],
    ),
)
async def test_a_table_that_was_dropped(own: ConnectionSettings, tmp_path: Path, table: str) -> None:
    backup = await back_up(own, tmp_path, big=("shop.every_type",))
    async with connected(own) as connection:
        await connection.execute(
            "alter default privileges in schema shop grant all on tables to everything_clerk; "
            f"drop table {table} cascade"
        )
    plan = await plan_table_restore(backup.source, own, table, "")
    assert not plan.replaces_data
    assert await restore(backup, own, table) == []
    left = [line for line in await differences_of(backup, own) if "default privileges" not in line]
    # What was dropped with it, besides what is its own.
    lost = {
        "shop.by_range": ("foreign key", "line_day_id_fkey"),
        "shop.orders": ("view", "customer_best_order", "line_order_id_fkey", "orders_of", "order_totals"),
    }
    assert [line for line in left if not any(word in line for word in lost.get(table, ()))] == []
    if table == "shop.by_range":
        assert any("line_day_id_fkey" in line for line in plan.lines())


async def test_a_dropped_table_whose_type_is_gone_too(own: ConnectionSettings, tmp_path: Path) -> None:
    backup = await back_up(own, tmp_path)
    async with connected(own) as connection:
        await connection.execute("drop table shop.every_type; drop type shop.nested")
    with pytest.raises(RestoreRefused, match=r"Types of its columns do not exist: shop\.nested"):
        await restore(backup, own, "shop.every_type")
    async with connected(own) as connection:
        assert await connection.fetchval("select to_regclass('shop.every_type')") is None


async def test_beside_the_live_one(own: ConnectionSettings, tmp_path: Path) -> None:
    backup = await back_up(own, tmp_path)
    async with connected(own) as connection:
        await connection.execute(
            "alter default privileges in schema shop grant all on tables to everything_clerk, public; "
            "alter table shop.orders drop column note cascade, add column added integer; delete from shop.orders where id > 100"
        )
        before = await read_catalogue(connection)
    with pytest.raises(
        RestoreRefused, match=r"columns are not those of the backup \(note, added\).*--beside NAME"
    ):
        await restore(backup, own, "shop.orders")
    with pytest.raises(RestoreRefused, match=r"shop\.customer exists"):
        await restore(backup, own, "shop.orders", "customer")
    assert await restore(backup, own, "shop.orders", 'the "old" orders') == []
    name = 'shop."the ""old"" orders"'
    async with connected(own) as connection:
        after = await read_catalogue(connection)
        rows = {table.name: table for table in await count_rows(connection)}
    (expected,) = (table for table in backup.manifest.rows if table.name == "shop.orders")
    assert (rows[name].rows, rows[name].fingerprint) == (expected.rows, expected.fingerprint)
    made = after["relations"].pop(name)
    assert made["rls"]
    assert {entry["grantee"] for entry in made["acl"]} == {made["owner"]}
    assert made["comment"] == "Orders; with 'quotes' and \"double\" ones"
    left = differences(before, after, majors=(18, 18), restored=False)
    assert all("the " in line for line in left), left
    assert any(
        "PRIMARY KEY" in key["definition"] for key in after["constraints"].values() if key["on"] == name
    )


async def test_foreign_keys_that_do_not_allow_it(own: ConnectionSettings, tmp_path: Path) -> None:
    backup = await back_up(own, tmp_path)
    async with connected(own) as connection:
        await connection.execute(
            "insert into shop.by_range values ('2026-12-01', 1, 9); insert into shop.line values (1, '2026-12-01', 9); "
            "insert into shop.customer overriding system value values (1, 'new@shop', 'new'); "
            "insert into shop.orders (id, customer, net) values (9999, 1, 10)"
        )
    # A row of another table needs one that the backup does not have.
    with pytest.raises(RestoreRefused, match=r"line_day_id_fkey"):
        await restore(backup, own, "shop.by_range")
    # ON DELETE CASCADE would delete orders.
    with pytest.raises(RestoreRefused, match=r"rows of shop\.orders refer by orders_customer_fkey"):
        await restore(backup, own, "shop.customer")
    async with connected(own) as connection:
        assert await connection.fetchval("select count(*) from shop.orders where id = 9999") == 1
        assert await connection.fetchval("select count(*) from shop.by_range where id = 9") == 1
        # A row of the backup refers to one that is gone.
        await connection.execute("delete from shop.line; delete from shop.by_range where day = '2025-01-03'")
    with pytest.raises(RestoreRefused, match=r"line_day_id_fkey"):
        await restore(backup, own, "shop.line")
