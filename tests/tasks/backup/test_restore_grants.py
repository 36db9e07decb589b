"""After a restore exactly the recorded privileges hold, whatever the target gives away by default."""

from __future__ import annotations

from pathlib import Path

import pytest

from tasks.backup.catalogue.catalogue import read_catalogue
from tasks.errors import RestoreFailed
from tasks.postgres.connect import ConnectionSettings, connected
from tests.support.restores import back_up, differences_of, restore
from tests.tasks.backup.conftest import Databases

SHOP = """
create schema shop;
create table shop.sale (id integer primary key, amount numeric);
create table shop.archived (id integer);
create view shop.total as select sum(amount) from shop.sale;
create function shop.twice(n integer) returns integer language sql return 2 * n;
create sequence shop.numbers;
create type shop.state as enum ('new', 'sent');
insert into shop.sale select n, n from generate_series(1, 100) as n;
insert into shop.archived select generate_series(1, 10);
revoke insert, update, delete, truncate on shop.archived from retail;
"""
GENEROUS = "; ".join(
    f"alter default privileges{scope} grant all on {kind} to grants_anon{option}"
    for kind in ("tables", "sequences", "functions", "types")
    for scope, option in (("", ""), (" in schema shop", " with grant option"))
)


@pytest.fixture
async def roles(databases: Databases, everything: ConnectionSettings) -> None:
    """Roles of the whole server; the tests' owner may act as some of them."""
    async with connected(databases.superuser(everything)) as connection:
        for name in ("grants_anon", "grants_lender", "grants_stranger"):
            if not await connection.fetchval("select count(*) from pg_roles where rolname = $1", name):
                await connection.execute(f"create role {name}")
        await connection.execute("grant grants_lender to retail")


@pytest.fixture
async def shop(empty: ConnectionSettings, roles: None) -> ConnectionSettings:
    async with connected(empty) as connection:
        await connection.execute(SHOP)
    return empty


async def _holds(settings: ConnectionSettings, role: str) -> list[tuple[str, str]]:
    async with connected(settings) as connection:
        catalogue = await read_catalogue(connection)
    return [
        (name, entry["privilege"])
        for section in ("schemas", "relations", "sequences", "functions", "types")
        for name, item in catalogue.get(section, {}).items()
        for entry in [*item.get("acl", ()), *(e for c in item.get("columns", ()) for e in c.get("acl", ()))]
        if entry["grantee"] == role
    ]


async def test_default_privileges_of_the_target_give_nobody_anything(
    shop: ConnectionSettings, restored: ConnectionSettings, tmp_path: Path
) -> None:
    backup = await back_up(shop, tmp_path)
    async with connected(restored) as connection:
        await connection.execute(f"create schema shop; {GENEROUS}; create table shop.given (id integer)")
    assert ("shop.given", "DELETE") in await _holds(restored, "grants_anon")
    result = await restore(backup, restored, confirmed=restored.database)
    assert await _holds(restored, "grants_anon") == []
    assert await differences_of(backup, restored) == []
    assert result.remarks == ()
    async with connected(restored) as connection:  # nor later
        await connection.execute("create table shop.later (id integer)")
    assert await _holds(restored, "grants_anon") == []


async def test_nobody_sees_a_table_before_its_privileges_are_right(
    shop: ConnectionSettings, restored: ConnectionSettings, databases: Databases, tmp_path: Path
) -> None:
    backup = await back_up(shop, tmp_path)
    async with connected(restored) as connection:
        await connection.execute(f"create schema shop; {GENEROUS}")
    (tmp_path / "0000.dump").write_bytes((tmp_path / "0000.dump").read_bytes()[:-60])
    with pytest.raises(RestoreFailed, match="State of the target: its tables are there without keys"):
        await restore(backup, restored)
    assert await _holds(restored, "grants_anon") == []


async def test_an_owner_without_rights_to_his_own_table_gets_its_rows(
    shop: ConnectionSettings, restored: ConnectionSettings, tmp_path: Path
) -> None:
    backup = await back_up(shop, tmp_path)
    await restore(backup, restored)
    assert await differences_of(backup, restored) == []
    assert sorted(right for name, right in await _holds(restored, "retail") if name == "shop.archived") == [
        "MAINTAIN",
        "REFERENCES",
        "SELECT",
        "TRIGGER",
    ]


async def test_a_grant_by_a_role_that_is_not_the_owner(
    shop: ConnectionSettings, restored: ConnectionSettings, databases: Databases, tmp_path: Path
) -> None:
    async with connected(shop) as connection:
        await connection.execute(
            "grant usage on schema shop to grants_lender; grant select on shop.sale to grants_lender with grant option; "
            "set role grants_lender; grant select on shop.sale to grants_anon; reset role"
        )
    backup = await back_up(shop, tmp_path)
    await restore(backup, restored)
    assert await differences_of(backup, restored) == []
    async with connected(restored) as connection:
        await connection.execute("revoke select on shop.sale from grants_lender cascade")
    assert await _holds(restored, "grants_anon") == []  # it was the lender's


async def test_a_grantor_whom_nobody_may_act_as(
    shop: ConnectionSettings, restored: ConnectionSettings, databases: Databases, tmp_path: Path
) -> None:
    async with connected(databases.superuser(shop)) as connection:
        await connection.execute(
            "grant usage on schema shop to grants_stranger; "
            "grant select on shop.sale to grants_stranger with grant option; "
            "set role grants_stranger; grant select on shop.sale to grants_anon; reset role"
        )
    backup = await back_up(shop, tmp_path)
    result = await restore(backup, restored)
    assert ("shop.sale", "SELECT") in await _holds(restored, "grants_anon")
    assert result.remarks == (
        "TABLE shop.sale: the grants of grants_stranger are made by its owner retail, since this session may not act as "
        "that role.",
    )


async def test_roles_that_the_target_does_not_have(
    shop: ConnectionSettings, restored: ConnectionSettings, databases: Databases, tmp_path: Path
) -> None:
    async with connected(databases.superuser(shop)) as connection:
        await connection.execute(
            'create role "grants of old"; grant select on shop.sale to "grants of old"; grant "grants of old" to retail; '
            'create table shop.theirs (id integer); alter table shop.theirs owner to "grants of old"'
        )
        backup = await back_up(databases.superuser(shop), tmp_path)
        await connection.execute(
            'reassign owned by "grants of old" to retail; drop owned by "grants of old"; drop role "grants of old"'
        )
    result = await restore(backup, restored)
    assert result.plan.missing_roles == ("grants of old",)
    assert "Skips the grants of roles that do not exist: grants of old." in list(result.plan.lines())
    assert result.remarks == (
        "1 object of grants of old belongs to retail: the role grants of old does not exist.",
    )
    assert any("grants of old" in difference for difference in await differences_of(backup, restored))

    scratch = databases.superuser(restored)  # as a proof does it
    await restore(backup, scratch, confirmed=restored.database, make_roles=True)
    assert await differences_of(backup, scratch) == []
    async with connected(scratch) as connection:
        assert not await connection.fetchval(
            "select rolcanlogin from pg_roles where rolname = 'grants of old'"
        )
        await connection.execute('drop owned by "grants of old"; drop role "grants of old"')


async def test_large_objects_of_another_role(
    databases: Databases,
    empty: ConnectionSettings,
    restored: ConnectionSettings,
    roles: None,
    tmp_path: Path,
) -> None:
    async with connected(databases.superuser(empty)) as connection:
        await connection.execute(
            "select lo_from_bytea(4242, 'a'), lo_from_bytea(4243, 'b'), lo_from_bytea(4244, 'c'); "
            "alter large object 4242 owner to retail; alter large object 4243 owner to grants_lender; "
            "alter large object 4244 owner to grants_lender; "
            "grant select on large object 4242 to grants_anon; grant select on large object 4243 to grants_anon"
        )
    backup = await back_up(databases.superuser(empty), tmp_path)
    await restore(backup, restored)
    query = "select oid::int, lomowner::regrole::text, lomacl::text from pg_largeobject_metadata order by oid"
    async with connected(empty) as before, connected(restored) as after:
        assert [tuple(row) for row in await after.fetch(query)] == [
            tuple(row) for row in await before.fetch(query)
        ]


async def test_large_objects_of_a_role_that_the_session_may_not_act_as(
    databases: Databases,
    empty: ConnectionSettings,
    restored: ConnectionSettings,
    roles: None,
    tmp_path: Path,
) -> None:
    async with connected(databases.superuser(empty)) as connection:
        await connection.execute(
            "select lo_from_bytea(4242, 'a'); alter large object 4242 owner to grants_stranger"
        )
    result = await restore(await back_up(databases.superuser(empty), tmp_path), restored)
    assert (
        "The large objects of grants_stranger (1) stay with retail: this session may not act as it."
        in result.remarks
    )
