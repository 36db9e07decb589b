"""The catalogue of a database is the same whenever and wherever the same objects are there."""

from __future__ import annotations

import json

import pytest

from tasks.backup.catalogue.catalogue import catalogue_hash, read_catalogue
from tasks.backup.catalogue.database import read_database
from tasks.backup.catalogue.differences import differences
from tasks.backup.catalogue.scope import Scope, excluded_schemas, find_tables
from tasks.errors import BackupFailed, SettingsError
from tasks.postgres.connect import ConnectionSettings, connected
from tasks.postgres.protocol import traffic_of
from tests.support.everything import dump_and_restore
from tests.tasks.backup.conftest import Databases


async def test_is_equal_after_dump_and_restore(
    databases: Databases, everything: ConnectionSettings, restored: ConnectionSettings
) -> None:
    dump_and_restore(
        databases.superuser(everything), databases.superuser(restored), databases.binaries, databases.binaries
    )
    async with connected(everything) as source, connected(restored) as target:
        before, after = await read_catalogue(source), await read_catalogue(target)
    assert differences(before, after, majors=(18, 18)) == []
    for section in before.keys() - {"extensions", "roles"}:
        assert before[section] == after[section], section


async def test_does_not_move_with_statistics_and_values_of_sequences(everything: ConnectionSettings) -> None:
    async with connected(everything) as connection:
        before = await read_catalogue(connection)
        await connection.execute("analyze shop.orders, shop.by_range, shop.customer")
        await connection.execute("vacuum shop.orders")
        await connection.execute("select nextval('shop.orders_id_seq')")
        after = await read_catalogue(connection)
        assert catalogue_hash(before) == catalogue_hash(after)
        assert before["sequence_values"] != after["sequence_values"]
        assert differences(before, after, majors=(18, 18)) == []
        assert differences(after, before, majors=(18, 18)) == [
            "sequence shop.orders_id_seq: its next value is 501 instead of 502."
        ]
        await connection.execute("select setval('shop.orders_id_seq', 500)")


async def test_values_of_sequences_count_as_pg_dump_has_them(everything: ConnectionSettings) -> None:
    async with connected(everything) as connection:
        values = (await read_catalogue(connection))["sequence_values"]
    assert {name: value["next"] for name, value in values.items()} == {
        "shop.\"Odd 'sequence'\"": 1,
        "shop.customer_id_seq": 350,
        "shop.free_standing": -8,
        "shop.only_set": 500,
        "shop.orders_id_seq": 501,
    }


async def test_is_the_same_on_a_snapshot_and_for_another_role(
    databases: Databases, everything: ConnectionSettings
) -> None:
    async with connected(everything) as holder, connected(everything) as reader:
        plain = await read_catalogue(reader)
        async with holder.transaction(isolation="repeatable_read", readonly=True):
            snapshot = await holder.fetchval("select pg_export_snapshot()")
            async with reader.transaction(isolation="repeatable_read", readonly=True):
                await reader.execute(f"set transaction snapshot '{snapshot}'")
                assert await read_catalogue(reader) == plain
    async with connected(databases.superuser(everything)) as connection:
        assert await read_catalogue(connection) == plain


async def test_takes_two_turns(everything: ConnectionSettings) -> None:
    async with connected(everything) as connection:
        turns = traffic_of(connection).turns
        await read_catalogue(connection)
        assert traffic_of(connection).turns - turns == 2


async def test_names_privileges_with_their_grantors(everything: ConnectionSettings) -> None:
    async with connected(everything) as connection:
        relations = (await read_catalogue(connection))["relations"]

    def granted(acl: list[dict[str, object]], owner: str = "retail") -> set[tuple[object, ...]]:
        return {
            (grant["grantor"], grant["grantee"], grant["privilege"], grant["grantable"])
            for grant in acl
            if grant["grantee"] != owner
        }

    assert ("retail", "everything_clerk", "TRUNCATE", True) in granted(relations["shop.orders"]["acl"])
    assert ("everything_clerk", 'everything "Quoted" rôle', "SELECT", False) in granted(
        relations["shop.orders"]["acl"]
    )
    columns = {column["name"]: column for column in relations["shop.customer"]["columns"]}
    assert granted(columns["name"]["acl"]) == {
        ("retail", "everything_reader", "SELECT", False),
        ("retail", "everything_reader", "UPDATE", False),
    }
    assert ("retail", "public", "SELECT", False) in granted(relations["shop.empty"]["acl"])
    assert granted(relations["shop.scratch"]["acl"]) == set()


async def test_has_no_object_of_an_extension_or_of_postgres(everything: ConnectionSettings) -> None:
    async with connected(everything) as connection:
        catalogue = await read_catalogue(connection)
    assert set(catalogue["extensions"]) == {"citext", "hstore", "ltree", "plpgsql"}
    assert set(catalogue["schemas"]) == {'"Ünïcode schema"', "ext", "public", "shop"}
    for section in ("functions", "types", "operators", "casts"):
        assert not [name for name in catalogue[section] if "citext" in name or "hstore" in name], section


async def test_shows_no_text_that_may_hold_a_secret(
    databases: Databases, restored: ConnectionSettings
) -> None:
    async with connected(databases.superuser(restored)) as connection:
        await connection.execute(
            "create schema shop; create table shop.t (id int);"
            "create function shop.send() returns trigger language plpgsql set app.key = 'geheim-1'"
            "  as $$ begin perform 'geheim-2'; return new; end $$;"
            "create trigger send after insert on shop.t for each row execute function shop.send('geheim-3');"
            "create view shop.v as select 'geheim-4' as key;"
            "create rule r as on update to shop.t do instead select 'geheim-5';"
            f"alter database {restored.database} set app.jwt_secret = 'geheim-6';"
            f"alter database {restored.database} set statement_timeout = '7s'"
        )
        catalogue = await read_catalogue(connection)
        facts = await read_database(connection, catalogue)
    text = json.dumps(catalogue)
    assert "geheim" not in text
    assert "statement_timeout=7s" in text
    assert any("app.jwt_secret" in sentence for sentence in facts.not_restorable)
    assert any("passwords of" in sentence for sentence in facts.not_restorable)
    assert facts.locale["encoding"] == "UTF8"
    assert facts.locale["provider"] == "builtin"
    assert facts.locale["locale"] == "C.UTF-8"


async def test_of_one_table_has_what_belongs_to_it(everything: ConnectionSettings) -> None:
    async with connected(everything) as connection:
        tables = await find_tables(connection, ["shop.by_range", "shop.orders"])
        catalogue = await read_catalogue(connection, Scope(tables=tables))
    assert set(catalogue["relations"]) == {
        "shop.by_range",
        "shop.by_range_2025",
        "shop.by_range_2026",
        "shop.by_range_2026_one",
        "shop.by_range_2026_rest",
        "shop.orders",
    }
    assert set(catalogue["sequences"]) == set(catalogue["sequence_values"]) == {"shop.orders_id_seq"}
    assert {item["on"] for item in catalogue["constraints"].values()} == set(catalogue["relations"])
    assert "shop.orders_by_state" in catalogue["indexes"]
    assert "functions" not in catalogue


async def test_supabase_managed_schemas_are_left_out_of_a_supabase_database_only(
    databases: Databases, restored: ConnectionSettings
) -> None:
    async with connected(databases.superuser(restored)) as connection:
        await connection.execute(
            "create schema auth; create table auth.users (id int); create table auth.schema_migrations (id int);"
            "create schema mine; create table mine.t (id int); create schema _timescaledb_x; create schema xrealtime;"
            "create schema vault"
        )
        assert await excluded_schemas(connection) == ()
        async with connection.transaction():
            await connection.execute("create role supabase_admin")
            assert await excluded_schemas(connection) == ("_timescaledb_x", "auth", "vault")
            assert await excluded_schemas(connection, Scope(included=("auth",))) == (
                "_timescaledb_x",
                "vault",
            )
            catalogue = await read_catalogue(connection, Scope(included=("auth",)))
            assert set(catalogue["relations"]) == {"mine.t"}
            assert set(catalogue["schemas"]) == {"mine", "public", "xrealtime"}
            facts = await read_database(connection, catalogue)
            assert any("Vault" in sentence for sentence in facts.not_restorable)
            await connection.execute("drop role supabase_admin")


async def test_tables_are_found_by_either_spelling(everything: ConnectionSettings) -> None:
    odd = '"Ünïcode schema"."odd ""name"" with \'quotes\' and %s {brace}"'
    async with connected(everything) as connection:
        assert await find_tables(connection, [odd, "shop.orders"]) == (odd, "shop.orders")
        plain = "Ünïcode schema.odd \"name\" with 'quotes' and %s {brace}"
        assert await find_tables(connection, [plain]) == (odd,)
        for name in ("shop.nothing", "orders", "shop.order_view", "", "a.b.c", "pg_catalog.pg_class"):
            with pytest.raises(BackupFailed, match="there is no such table"):
                await find_tables(connection, [name])


def test_other_schemas_cannot_be_included() -> None:
    with pytest.raises(SettingsError, match="vault"):
        Scope(included=("vault",))
