"""The fingerprint of a table changes with every value, and with nothing else."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator

import asyncpg
import pytest

from tasks.backup.catalogue.fingerprints import RULE, count_rows, row_differences
from tasks.backup.catalogue.scope import Scope
from tasks.postgres.connect import ConnectionSettings, connected
from tasks.postgres.embedded.server import EmbeddedServer
from tests.conftest import database_of_a_file
from tests.tasks.backup.conftest import server_of_major

# Type, a value, and the nearest other value.
_NEAREST = [
    ("numeric", "1.50", "1.5"),
    ("numeric(10, 2)", "1.50", "1.51"),
    ("numeric", "0", "NaN"),
    ("float8", "0", "-0"),
    ("float8", "0.1", "0.10000000000000002"),
    ("float4", "0", "-0"),
    ("float4", "0.1", "0.100000009"),
    ("smallint", "1", "2"),
    ("bigint", "9007199254740993", "9007199254740992"),
    ("boolean", "true", "false"),
    ("text", "a", "A"),
    ("text", "a", "a "),
    ("text", "", None),
    ("text", "e\u0301", "é"),
    ("varchar(9)", "", None),
    ("citext", "a", "A"),
    ("bpchar", "a", "a "),
    ("bpchar", "", " "),
    ("char(3)", "a", "b"),
    ('"char"', "a", "A"),
    ("name", "a", "A"),
    ("bytea", "\\x00", "\\x0000"),
    ("bytea", "\\x", None),
    ("uuid", "00000000-0000-0000-0000-000000000000", "00000000-0000-0000-0000-000000000001"),
    ("date", "2025-01-01", "2025-01-02"),
    ("date", "infinity", "-infinity"),
    ("timestamp", "2025-01-01 00:00:00.000001", "2025-01-01 00:00:00.000002"),
    ("timestamptz", "2025-01-01 00:00+00", "2025-01-01 00:00+01"),
    ("time", "24:00", "00:00"),
    ("timetz", "12:00+00", "13:00+01"),
    ("interval", "1 day", "24 hours"),
    ("interval", "1 month", "30 days"),
    ("json", '{"a":1}', '{"a": 1}'),
    ("jsonb", "1.0", "1.00"),
    ("jsonb", "null", None),
    ("jsonpath", "$.a", "$.b"),
    ("inet", "10.0.0.1/8", "10.0.0.1/9"),
    ("bit(4)", "0001", "0010"),
    ("varbit", "0", "00"),
    ("point", "(0,0)", "(-0,0)"),
    ("polygon", "((0,0),(1,1),(1,0))", "((1,1),(1,0),(0,0))"),
    ("tsvector", "a:1", "a:1A"),
    ("money", "1.00", "1.01"),
    ("shop.state", "open", "closed"),
    ("shop.state[]", "{open}", "{closed}"),
    ("int[]", "{1,2}", "[0:1]={1,2}"),
    ("int[]", "{}", None),
    ("text[]", "{NULL}", '{"NULL"}'),
    ("text[]", '{""}', "{}"),
    ("numeric[]", "{1.50}", "{1.5}"),
    ("float8[]", "{0}", "{-0}"),
    ("citext[]", "{a}", "{A}"),
    ("shop.pair", "(1.50,a)", "(1.5,a)"),
    ("shop.pair", "(,)", None),
    ("shop.pair", '(1,"")', "(1,)"),
    ("shop.pair[]", '{"(1,a)"}', '{"(1,b)"}'),
    ("int4range", "[1,5)", "[1,6)"),
    ("int4range", "empty", None),
    ("numrange", "[1.50,2)", "[1.5,2)"),
    ("shop.floats", "[0,1)", "[-0,1)"),
    ("tstzrange", "[2025-01-01,)", "[2025-01-01,infinity)"),
    ("nummultirange", "{[1.0,2)}", "{[1,2)}"),
    ("shop.amount", "1.50", "1.5"),
    ("shop.state_domain", "open", "closed"),
    ("ltree", "a.b", "a.B"),
    ("hstore", "a=>NULL", 'a=>"NULL"'),
    ("regclass", "pg_catalog.pg_class", "pg_catalog.pg_proc"),
    ("oid", "1", "2"),
    ("pg_lsn", "0/1", "0/2"),
]
_TYPES = """
create schema shop;
create extension citext schema shop; create extension ltree schema shop; create extension hstore schema shop;
create type shop.state as enum ('open', 'closed');
create type shop.pair as (n numeric, t text);
create type shop.floats as range (subtype = float8);
create domain shop.amount as numeric;
create domain shop.state_domain as shop.state;
"""


@pytest.fixture(scope="module")
def with_types(server: EmbeddedServer) -> Iterator[ConnectionSettings]:
    async def create(database: ConnectionSettings) -> None:
        async with connected(database) as connection:
            await connection.execute(_TYPES)

    with database_of_a_file(server, "template0") as database:
        asyncio.run(create(database))
        yield database


@pytest.fixture
async def connection(with_types: ConnectionSettings) -> AsyncIterator[asyncpg.Connection]:
    """A connection whose changes are rolled back."""
    async with connected(with_types) as connection:
        await connection.execute("begin")
        yield connection
        await connection.execute("rollback")


async def _fingerprint(connection: asyncpg.Connection, table: str = "shop.t") -> str:
    (rows,) = await count_rows(connection, Scope(tables=(table,)))
    return rows.fingerprint


def _literal(text: str | None) -> str:
    return "null" if text is None else "'" + text.replace("'", "''") + "'"


def _in_shop(type_name: str) -> str:
    """Qualify the types of extensions, which are not in pg_catalog."""
    return f"shop.{type_name}" if type_name.startswith(("citext", "ltree", "hstore")) else type_name


@pytest.mark.parametrize(("type_name", "value", "nearest"), _NEAREST)
async def test_differs_for_the_nearest_other_value(
    connection: asyncpg.Connection, type_name: str, value: str | None, nearest: str | None
) -> None:
    await _assert_differs(connection, type_name, value, nearest)


async def test_differs_for_values_that_are_equal_in_their_collation_and_for_xml() -> None:
    """On a server with ICU and libxml."""
    with server_of_major(15) as server:
        async with connected(server.settings()) as connection:
            await connection.execute(
                "create schema shop; create collation shop.blind"
                " (provider = icu, locale = 'und-u-ks-level2', deterministic = false)"
            )
            for type_name, value, nearest in [
                ("text collate shop.blind", "a", "A"),
                ("varchar(5) collate shop.blind", "a", "A"),
                ("text[] collate shop.blind", "{a}", "{A}"),
                ("xml", "<a/>", "<a></a>"),
            ]:
                await _assert_differs(connection, type_name, value, nearest)
                await connection.execute("drop table shop.t")


async def _assert_differs(
    connection: asyncpg.Connection, type_name: str, value: str | None, nearest: str | None
) -> None:
    await connection.execute(f"create table shop.t (before int, v {_in_shop(type_name)}, after int)")
    fingerprints = []
    for text in (value, nearest, value):
        await connection.execute(f"truncate shop.t; insert into shop.t values (1, {_literal(text)}, 2)")
        fingerprints.append(await _fingerprint(connection))
    assert fingerprints[0] == fingerprints[2] != fingerprints[1]


async def test_is_the_one_that_the_manifests_of_this_rule_hold(connection: asyncpg.Connection) -> None:
    columns = [f"c{number} {_in_shop(type_name)}" for number, (type_name, _, _) in enumerate(_NEAREST)]
    rows = [", ".join(_literal(texts[which]) for _, *texts in _NEAREST) for which in (0, 1)]
    await connection.execute(
        f"create table shop.t ({', '.join(columns)}); insert into shop.t values ({rows[0]}), ({rows[1]});"
        "insert into shop.t default values"
    )
    assert RULE == 1
    assert await _fingerprint(connection) == "11692135752118227803"


async def test_does_not_depend_on_order_settings_or_storage(empty: ConnectionSettings) -> None:
    async with connected(empty) as connection:
        await _assert_independent(connection)


async def _assert_independent(connection: asyncpg.Connection) -> None:
    await connection.execute(
        "create schema shop; create table shop.t (a numeric, b timestamptz, c float8, d bytea, e interval, f money, g text);"
        "insert into shop.t select g / 7.0, timestamptz '2025-01-01 00:00+00' + g * interval '1 h', g / 3.0,"
        "decode(md5(g::text), 'hex'), make_interval(hours => g), g::numeric::money, repeat(g::text, 999)"
        "from generate_series(1, 100) as g"
    )
    before = await _fingerprint(connection)
    await connection.execute(
        "create table shop.other as select * from shop.t order by md5(g); truncate shop.t;"
        "alter table shop.t alter g set storage external; insert into shop.t select * from shop.other;"
        "set timezone = 'Asia/Tokyo'; set datestyle = 'SQL, DMY'; set intervalstyle = 'iso_8601';"
        "set bytea_output = 'escape'; set extra_float_digits = -3; set search_path = shop, public"
    )
    assert await _fingerprint(connection) == before
    assert await connection.fetchval("show timezone") == "Asia/Tokyo"


async def test_finds_values_exchanged_between_rows(connection: asyncpg.Connection) -> None:
    """The sum of hashes that are linear in the columns misses two of three exchanges."""
    await connection.execute("create table shop.t (a int, b int)")
    for number in range(20):
        await connection.execute(f"truncate shop.t; insert into shop.t values ({number}, 1), (-1, 2)")
        before = await _fingerprint(connection)
        await connection.execute(f"truncate shop.t; insert into shop.t values ({number}, 2), (-1, 1)")
        assert await _fingerprint(connection) != before


async def test_finds_values_exchanged_between_columns_and_duplicates(connection: asyncpg.Connection) -> None:
    await connection.execute(
        "create table shop.t (a int, b int); insert into shop.t values (1, null), (7, 7)"
    )
    before = await count_rows(connection)
    await connection.execute("update shop.t set a = null, b = 1 where a = 1")
    assert await count_rows(connection) != before
    await connection.execute(
        "update shop.t set a = 1, b = null where b = 1; insert into shop.t values (7, 7)"
    )
    after = await count_rows(connection)
    assert row_differences(before, after) == ["table shop.t: 3 rows instead of 2."]


async def test_finds_a_renamed_label_of_an_enum(connection: asyncpg.Connection) -> None:
    await connection.execute("create table shop.t (v shop.state); insert into shop.t values ('open')")
    before = await count_rows(connection)
    await connection.execute("alter type shop.state rename value 'open' to 'Open'")
    assert row_differences(before, await count_rows(connection)) == [
        "table shop.t: other values in its 1 rows."
    ]
