"""What a restore takes out of an archive, and what it leaves out with its reason."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tasks.backup.restore.contents import Entry, parse_contents
from tasks.backup.restore.restore import plan_restore
from tasks.postgres.connect import connected
from tests.support.restores import back_up, differences_of, restore
from tests.support.servers import TcpServer
from tests.tasks.backup.conftest import server_of_major

_LIST = """;
; Archive created at 2026-11-28 22:12:57 UTC
;     Dumped by pg_dump version: 18.6
;
7; 2615 16395 SCHEMA - Odd "schema" é retail
2786; 0 0 COMMENT - EXTENSION citext{blank}
236; 1259 16601 TABLE Odd "schema" é A table; with -- blanks some owner
2602; 2606 16608 CONSTRAINT shop order order_pkey retail
2774; 0 16601 TABLE DATA shop order retail
9; 1259 16602 TABLE DATA order retail
2757; 0 16532 ROW SECURITY shop customer retail
2761; 6106 16634 PUBLICATION TABLE shop changes part retail
2211; 826 16637 DEFAULT ACL - DEFAULT PRIVILEGES FOR FUNCTIONS retail
1; 1 1 NEW KIND shop thing retail
"""
_FOR_SUPERUSERS = """
create extension pgcrypto schema public;
create schema shop;
create table shop.sale (id integer primary key, digest bytea default public.digest('a', 'sha256'));
insert into shop.sale values (1);
create function shop.sealed(integer) returns boolean language sql leakproof as 'select $1 > 0';
create view shop.sealed_sale as select * from shop.sale where shop.sealed(id);
grant select on shop.sale to public;
revoke all on function public.digest(text, text) from public;
create function shop.sealed(text) returns boolean language sql as 'select true';
comment on function shop.sealed(integer) is 'Leaks nothing';
create function shop.on_ddl() returns event_trigger language plpgsql as 'begin end';
create event trigger watch on ddl_command_end execute function shop.on_ddl();
comment on event trigger watch is 'Watches';
create publication everything for all tables;
comment on publication everything is 'All of it';
create publication of_shop for tables in schema shop;
create subscription away connection 'host=nowhere password=hunter2' publication p with (connect = false);
alter default privileges for role postgres in schema shop grant select on tables to public;
"""


def test_lines_of_the_list() -> None:
    schemas, roles = ("shop", 'Odd "schema" é', "DATA"), ("retail", "some owner")
    contents = parse_contents(_LIST.format(blank=" "), schemas, roles)
    assert contents.tool_version == 18
    assert contents.entries == (
        Entry(7, "SCHEMA", "", 'Odd "schema" é', "retail"),
        Entry(2786, "COMMENT", "", "EXTENSION citext", ""),
        Entry(236, "TABLE", 'Odd "schema" é', "A table; with -- blanks", "some owner"),
        Entry(2602, "CONSTRAINT", "shop", "order order_pkey", "retail"),
        Entry(2774, "TABLE DATA", "shop", "order", "retail"),
        Entry(9, "TABLE", "DATA", "order", "retail"),
        Entry(2757, "ROW SECURITY", "shop", "customer", "retail"),
        Entry(2761, "PUBLICATION TABLE", "shop", "changes part", "retail"),
        Entry(2211, "DEFAULT ACL", "", "DEFAULT PRIVILEGES FOR FUNCTIONS", "retail"),
        Entry(1, "NEW", "KIND", "shop thing", "retail"),
    )


@pytest.fixture(scope="module")
def old() -> Iterator[TcpServer]:
    with server_of_major(15) as server:
        yield server


async def test_what_needs_a_superuser_is_left_out_and_named(old: TcpServer, tmp_path: Path) -> None:
    old.sql("create database source")
    old.sql("create database target owner retail")
    old.sql(_FOR_SUPERUSERS, "source")
    old.sql("create extension pgcrypto schema public", "target")  # as on Supabase: a superuser's
    superuser = old.settings(
        host=str(old.folder / "socket"), user="postgres", password=None, database="source", sslmode="disable"
    )
    backup = await back_up(superuser, tmp_path)
    target = old.settings(database="target")
    plan = await plan_restore(backup.source, target)
    lines = list(plan.lines())
    for sentence in (
        "Leaves out extension pgcrypto, comment EXTENSION pgcrypto: the extension is installed already.",
        "Restores without LEAKPROOF, which only a superuser may give: shop.sealed(integer).",
        "Leaves out acl public.FUNCTION digest(text, text): "
        "it belongs to an extension; its privileges are those that the target's extension gives it.",
        "Leaves out event trigger watch, comment EVENT TRIGGER watch: only a superuser may create event triggers.",
        "Leaves out publication everything, comment PUBLICATION everything: only a superuser may publish all tables.",
        "Leaves out publication tables in schema shop.of_shop shop: only a superuser may publish all tables of a schema.",
        "Leaves out subscription away: a subscription would connect to its publisher at once; create it by hand.",
    ):
        assert sentence in lines

    result = await restore(backup, target)
    assert (
        "The default privileges of postgres for tables are not restored: only postgres may set them."
        in result.remarks
    )
    async with connected(target) as connection:
        assert await connection.fetchval("select length(digest) from shop.sale") == 32
        assert await connection.fetchval("select shop.sealed('a'::text)")
        assert await connection.fetchval("select count(*) from shop.sealed_sale") == 1
        assert not await connection.fetchval(
            "select bool_or(proleakproof) from pg_proc where proname = 'sealed'"
        )
    missing = await differences_of(backup, target)
    assert any("sealed" in difference for difference in missing)  # nothing is claimed to be whole


async def test_a_superuser_restores_them(old: TcpServer, tmp_path: Path) -> None:
    old.sql("create database again")
    old.sql("create database source_of_superuser")
    old.sql(
        _FOR_SUPERUSERS.replace("create subscription away", "create subscription far"), "source_of_superuser"
    )
    superuser = old.settings(
        host=str(old.folder / "socket"),
        user="postgres",
        password=None,
        database="source_of_superuser",
        sslmode="disable",
    )
    backup = await back_up(superuser, tmp_path)
    target = replace(superuser, database="again")
    result = await restore(backup, target)
    kinds = {left_out.entry.kind for left_out in result.plan.entries.left_out}
    assert kinds == {"ACL", "DEFAULT ACL", "SUBSCRIPTION"}
    assert await differences_of(backup, target) == []
