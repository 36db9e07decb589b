"""Each kind of change of a database is found and named."""

from __future__ import annotations

import pytest

from tasks.backup.catalogue.catalogue import catalogue_hash, read_catalogue
from tasks.backup.catalogue.differences import differences
from tasks.postgres.connect import ConnectionSettings, connected
from tests.support.slow import slow_but
from tests.tasks.backup.conftest import Databases

# A change of everything.sql, and the sentences about it.
_CHANGES: list[tuple[str, list[str]]] = [
    ("drop index shop.orders_by_state", ["index shop.orders_by_state of shop.orders: missing."]),
    (
        "create index extra on shop.orders (net)",
        ["index shop.extra of shop.orders: not in the backup."],
    ),
    (
        "drop index shop.orders_by_note; create index orders_by_note on shop.orders (note)",
        ["index shop.orders_by_note of shop.orders: its definition differs."],
    ),
    (
        "alter table shop.orders disable trigger touch",
        ["trigger touch of shop.orders: it is disabled instead of enabled."],
    ),
    ("drop trigger touch on shop.orders", ["trigger touch of shop.orders: missing."]),
    (
        "alter policy own_rows on shop.customer using (true)",
        ["policy own_rows of shop.customer: its USING condition differs."],
    ),
    (
        "alter policy own_rows on shop.customer to public",
        ["policy own_rows of shop.customer: its roles differ."],
    ),
    ("drop policy own_rows on shop.customer", ["policy own_rows of shop.customer: missing."]),
    (
        "alter table shop.customer disable row level security",
        ["table shop.customer: row-level security is off instead of on."],
    ),
    (
        "alter table shop.customer force row level security",
        ["table shop.customer: row-level security for the owner is on instead of off."],
    ),
    (
        "grant select on shop.parent to everything_reader",
        ["table shop.parent: everything_reader has SELECT, which the backup does not grant."],
    ),
    (
        "grant insert on shop.parent to public",
        ["table shop.parent: public has INSERT, which the backup does not grant."],
    ),
    (
        "grant insert on shop.parent to everything_reader with grant option",
        [
            "table shop.parent: everything_reader has INSERT with grant option, which the backup does not grant."
        ],
    ),
    ("revoke select on shop.empty from public", ["table shop.empty: public lacks SELECT."]),
    (
        "revoke select (id) on shop.customer from everything_reader",
        ["table shop.customer: column id: everything_reader lacks SELECT."],
    ),
    (
        "grant insert (id) on shop.empty to everything_clerk",
        ["table shop.empty: column id: everything_clerk has INSERT, which the backup does not grant."],
    ),
    (
        "grant execute on function shop.net_of to everything_clerk with grant option",
        [
            "function shop.net_of(gross numeric, rate numeric): everything_clerk has EXECUTE with grant option "
            "instead of without grant option."
        ],
    ),
    (
        "grant update on sequence shop.free_standing to everything_clerk",
        ["sequence shop.free_standing: everything_clerk has UPDATE, which the backup does not grant."],
    ),
    (
        "grant usage on type shop.status to public",
        ["enum shop.status: public has USAGE, which the backup does not grant."],
    ),
    (
        "grant create on schema shop to everything_reader",
        ["schema shop: everything_reader has CREATE, which the backup does not grant."],
    ),
    (
        "revoke select on shop.orders from everything_clerk cascade;"
        "grant select on shop.orders to everything_clerk with grant option",
        [
            'table shop.orders: everything "Quoted" rôle lacks SELECT.',
            "table shop.orders: everything_reader has SELECT from retail instead of everything_clerk and retail.",
        ],
    ),
    (
        "alter table shop.orders drop constraint orders_net_check;"
        "alter table shop.orders add constraint orders_net_check check (net >= 0) not valid",
        ["constraint orders_net_check of shop.orders: its validation is off instead of on."],
    ),
    (
        "alter table shop.orders drop constraint orders_net_check",
        ["constraint orders_net_check of shop.orders: missing."],
    ),
    (
        "alter table shop.customer drop constraint customer_best_order",
        ["constraint customer_best_order of shop.customer: missing."],
    ),
    (
        "alter table shop.orders alter rate drop default",
        ["table shop.orders: column rate: its default is missing."],
    ),
    (
        "alter table shop.orders alter placed drop not null",
        [
            "constraint orders_placed_not_null of shop.orders: missing.",
            "table shop.orders: column placed: its not null is off instead of on.",
        ],
    ),
    (
        "alter table shop.empty alter name type varchar(5)",
        ["table shop.empty: column name: its type is character varying(5) instead of text."],
    ),
    ("alter table shop.empty add more int", ["table shop.empty: column more is not in the backup."]),
    ("alter table shop.empty drop name cascade", ["table shop.empty: column name is missing."]),
    ("drop table shop.no_columns", ["table shop.no_columns: missing."]),
    ("create table shop.extra (id int)", ["table shop.extra: not in the backup."]),
    (
        "create or replace view shop.simple_view as "
        "select id, lower(name) as name, (name || ' ' || email)::varchar(80) as both from shop.customer",
        ["view shop.simple_view: its definition differs."],
    ),
    ("alter view shop.order_view reset (security_invoker)", ["view shop.order_view: its options differ."]),
    (
        "create or replace function shop.net_of(gross numeric, rate numeric default 20) returns numeric language sql"
        " immutable as 'select gross'",
        ["function shop.net_of(gross numeric, rate numeric): its definition differs."],
    ),
    ("drop function shop.orders_of", ["function shop.orders_of(who bigint): missing."]),
    (
        "alter table shop.no_columns owner to everything_clerk",
        ["table shop.no_columns: its owner is everything_clerk instead of retail."],
    ),
    (
        "alter type shop.status rename value 'new' to 'New'",
        [
            "table shop.orders: column state: its default differs.",
            "enum shop.status: its labels differ.",
            "domain shop.status_domain: its default differs.",
        ],
    ),
    (
        "alter domain shop.positive drop constraint positive_check",
        ["constraint positive_check of shop.positive: missing."],
    ),
    (
        "alter sequence shop.free_standing increment -5",
        ["sequence shop.free_standing: its increment is -5 instead of -3."],
    ),
    ("comment on table shop.orders is 'other'", ["table shop.orders: its comment differs."]),
    ("comment on column shop.orders.net is null", ["table shop.orders: column net: its comment is missing."]),
    ("alter table shop.orders set (fillfactor = 71)", ["table shop.orders: its options differ."]),
    (
        "alter table shop.customer replica identity full",
        [
            "index shop.customer_pkey of shop.customer: its use as replica identity is off instead of on.",
            "table shop.customer: its replica identity is full instead of index.",
        ],
    ),
    (
        "alter table shop.scratch set logged",
        ["table shop.scratch: its persistence is logged instead of unlogged."],
    ),
    (
        "alter table shop.by_hash detach partition shop.by_hash_1",
        [
            "table shop.by_hash_1: its parents are missing.",
            "table shop.by_hash_1: its partition bound is missing.",
        ],
    ),
    ("drop statistics shop.orders_dependencies", ["statistics shop.orders_dependencies: missing."]),
    ("drop rule no_delete on shop.empty", ["rule no_delete of shop.empty: missing."]),
    (
        "alter publication everything_tables drop table shop.empty",
        ["publication everything_tables: table shop.empty is missing."],
    ),
    (
        "alter default privileges in schema shop revoke select on tables from everything_reader",
        ["default privileges of retail on tables in shop: missing."],
    ),
    ("drop aggregate shop.product(numeric)", ["aggregate shop.product(numeric): missing."]),
    (
        "drop operator shop.=== (shop.status, shop.status)",
        ["operator shop.===(shop.status,shop.status): missing."],
    ),
]


@pytest.mark.parametrize(
    ("change", "sentences"), slow_but(_CHANGES[::4], _CHANGES), ids=[change for change, _ in _CHANGES]
)
async def test_finds_and_names_each_change(
    databases: Databases, everything: ConnectionSettings, change: str, sentences: list[str]
) -> None:
    async with connected(everything) as connection:
        before = await read_catalogue(connection)
        transaction = connection.transaction()
        await transaction.start()
        await connection.execute(change)
        after = await read_catalogue(connection)
        await transaction.rollback()
        assert await read_catalogue(connection) == before
    compared = differences(before, after, majors=(18, 18))
    assert catalogue_hash(before) != catalogue_hash(after)
    assert compared == sentences


def _table(*grants: tuple[str, str]) -> dict[str, object]:
    acl = [
        {"grantor": "owner", "grantee": grantee, "privilege": privilege, "grantable": False}
        for grantee, privileges in grants
        for privilege in privileges.split()
    ]
    return {"relations": {"shop.t": {"kind": "table", "owner": "owner", "acl": acl}}}


_ALL = "SELECT INSERT UPDATE DELETE TRUNCATE REFERENCES TRIGGER"


@pytest.mark.parametrize(
    ("majors", "before", "after", "sentences"),
    [
        # GRANT ALL of 15 includes MAINTAIN once it runs on 17.
        ((15, 17), _ALL, f"{_ALL} MAINTAIN", []),
        ((17, 15), f"{_ALL} MAINTAIN", _ALL, []),
        ((15, 17), "SELECT", "SELECT MAINTAIN", ["anon has MAINTAIN, which the backup does not grant"]),
        ((17, 17), _ALL, f"{_ALL} MAINTAIN", ["anon has MAINTAIN, which the backup does not grant"]),
        ((17, 18), f"{_ALL} MAINTAIN", _ALL, ["anon lacks MAINTAIN"]),
        ((15, 17), "SELECT", "", ["anon lacks SELECT"]),
    ],
)
def test_privileges_are_compared_by_name_across_majors(
    majors: tuple[int, int], before: str, after: str, sentences: list[str]
) -> None:
    compared = differences(_table(("anon", before)), _table(("anon", after)), majors=majors)
    assert compared == [f"table shop.t: {sentence}." for sentence in sentences]


def test_what_a_restore_leaves_out_or_finds_in_the_target_is_no_difference() -> None:
    before = {"event_triggers": {"watch": {"event": "ddl"}}, "extensions": {"citext": {"version": "1.6"}}}
    after = {
        "default_privileges": {"of postgres on tables": {"role": "postgres"}},
        "extensions": {"citext": {"version": "1.8"}, "pgcrypto": {"version": "1.3"}},
    }
    left_out = [("event_triggers", "watch")]
    assert differences(before, after, majors=(17, 17), left_out=left_out) == []
    assert differences(before, after, majors=(17, 17)) == ["event trigger watch: missing."]
    assert len(differences(before, after, majors=(17, 17), restored=False)) == 4
    missing = {"extensions": {}}
    assert differences({"extensions": {"citext": {}}}, missing, majors=(17, 17)) == [
        "extension citext: missing."
    ]
