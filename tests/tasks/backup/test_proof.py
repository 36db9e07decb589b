"""A proof restores a backup and compares all of it: a sound one passes, and what differs is named."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import pytest

from tasks import progress
from tasks.backup.dump.tools import Tools, find_tools
from tasks.backup.verify import verify_backup
from tasks.errors import BackupDamaged, ToolMissing
from tasks.postgres.connect import ConnectionSettings, connected
from tests.support.everything import create_everything
from tests.support.proofs import (
    StoredBackup,
    scratch_connection,
    scratch_folders,
    scratch_processes,
    store_backup,
)
from tests.tasks.backup.conftest import server_of_major

_TILLS = """
create schema shop;
create table shop.till (till_id integer primary key, place text not null);
insert into shop.till select n, 'place ' || n from generate_series(1, 100) as n;
create table shop.sale (sale_id bigint primary key, till_id integer references shop.till, note text);
insert into shop.sale select n, 1 + n % 100, md5(n::text) from generate_series(1, 5000) as n;
"""


async def _create(settings: ConnectionSettings, script: str) -> None:
    async with connected(settings) as connection:
        await connection.execute(script)


@pytest.mark.slow
async def test_a_database_with_everything_passes(
    everything: ConnectionSettings, scratch_home: Path, tmp_path: Path
) -> None:
    stored = await store_backup(everything, tmp_path, big_table_bytes=100_000)
    proof = await stored.prove()
    assert (proof.outcome, proof.findings) == ("passed", ())
    assert str(proof.backup_id) == stored.folder.name
    assert proof.server_version // 10_000 == 18
    assert (scratch_folders(), scratch_processes()) == ([], [])


async def test_a_warehouse_passes(warehouse: ConnectionSettings, tmp_path: Path) -> None:
    proof = await (await store_backup(warehouse, tmp_path)).prove()
    assert (proof.outcome, proof.findings) == ("passed", ())


@pytest.mark.slow
@pytest.mark.parametrize("major", [15, 17])
async def test_a_server_of_the_backups_own_major_version(major: int, tmp_path: Path) -> None:
    with server_of_major(major) as server:
        await create_everything(server.settings())
        stored = await store_backup(server.settings(), tmp_path)
        proof = await stored.prove()
        assert (proof.outcome, proof.findings) == ("passed", ())
        assert proof.server_version // 10_000 == major


@pytest.mark.slow
async def test_the_next_higher_major_version_where_the_own_one_is_not_installed(tmp_path: Path) -> None:
    with server_of_major(15) as server:
        await create_everything(server.settings())
        stored = await store_backup(server.settings(), tmp_path)
        proof = await stored.prove(tools=tuple(tool for tool in stored.tools if tool.major > 15))
    assert (proof.outcome, proof.findings) == ("passed", ())
    assert proof.server_version // 10_000 == 17


async def test_other_rows_under_the_right_hash_are_found_by_a_proof_alone(
    empty: ConnectionSettings, tmp_path: Path
) -> None:
    await _create(empty, _TILLS)
    stored = await store_backup(empty, tmp_path / "sound", big_table_bytes=100_000)
    await _create(empty, "update shop.sale set note = 'A' || substr(note, 2) where sale_id = 4321")
    (tmp_path / "flipped").mkdir()
    (tmp_path / "flipped" / "identity").write_bytes(stored.identity.read_bytes())
    flipped = await store_backup(empty, tmp_path / "flipped", big_table_bytes=100_000)
    stored.take_archives_of(flipped)

    verified = await verify_backup(stored.vault, stored.read(), stored.identities, stored.tools)
    assert verified.findings == ()
    proof = await stored.prove()
    assert (proof.outcome, proof.findings) == (
        "failed",
        ("table shop.sale: other values in its 5,000 rows.",),
    )


@pytest.fixture(scope="module")
def of_everything(everything: ConnectionSettings, tmp_path_factory: pytest.TempPathFactory) -> StoredBackup:
    import asyncio

    return asyncio.run(store_backup(everything, tmp_path_factory.mktemp("everything")))


_DIFFERENCES = {
    "grant update on shop.parent to everything_reader": "table shop.parent: everything_reader has UPDATE, which the backup does not grant.",
    "grant select (note) on shop.orders to public": "table shop.orders: column note: public has SELECT, which the backup does not grant.",
    "revoke select on shop.empty from public": "table shop.empty: public lacks SELECT.",
    "alter table shop.customer disable row level security": "table shop.customer: row-level security is off instead of on.",
    "drop policy own_rows on shop.customer": "policy own_rows of shop.customer: missing.",
    "select setval('shop.orders_id_seq', 3)": "sequence shop.orders_id_seq: its next value is 4 instead of 501.",
    "update pg_index set indisvalid = false where indexrelid = 'shop.orders_nulls'::regclass": "index shop.orders_nulls",
    "alter table shop.line drop constraint line_order_id_fkey": "constraint line_order_id_fkey of shop.line: missing.",
    "update pg_constraint set convalidated = false where conname = 'orders_customer_fkey'": (
        "orders_customer_fkey of shop.orders: its validation is off"
    ),
    "alter function shop.touch() owner to everything_clerk": "function shop.touch()",
    "set session_replication_role = replica; delete from shop.parent where id = 2": "rows instead of",
    "select lo_unlink(4243)": "large objects: 2 rows instead of 3.",
}


@pytest.mark.slow
@pytest.mark.parametrize("damage", _DIFFERENCES)
async def test_what_differs_is_named(of_everything: StoredBackup, scratch_home: Path, damage: str) -> None:
    def do_damage(step: progress.Progress) -> None:
        if step.step == "proof.compare":
            program = of_everything.tools_of(18).psql
            scratch = scratch_connection()
            command = [
                program,
                "-Xq",
                "-v",
                "ON_ERROR_STOP=1",
                *scratch,
                "-c",
                f"set allow_system_table_mods = on; {damage}",
            ]
            subprocess.run(command, check=True, capture_output=True)

    with progress.listening(do_damage):
        proof = await of_everything.prove()
    assert proof.outcome == "failed"
    assert _DIFFERENCES[damage] in "\n".join(proof.findings), proof.findings
    assert len(proof.findings) == (2 if "lo_unlink" in damage else 1), proof.findings


async def test_a_damaged_backup_is_not_restored(empty: ConnectionSettings, tmp_path: Path) -> None:
    await _create(empty, _TILLS)
    stored = await store_backup(empty, tmp_path)
    archive = stored.folder / "0000.dump.age"
    archive.write_bytes(archive.read_bytes()[:-1] + b"?")
    steps: list[str] = []
    with progress.listening(lambda step: steps.append(step.step)), pytest.raises(BackupDamaged) as raised:
        await stored.prove()
    assert raised.value.attributes["findings"] == (
        "0000.dump.age: its bytes were changed (SHA-256 differs).",
    )
    assert not {"proof.server", "proof.restore"} & set(steps)


@pytest.mark.slow
async def test_another_rule_of_fingerprints_cannot_be_checked_but_the_numbers_of_rows_can(
    empty: ConnectionSettings, tmp_path: Path
) -> None:
    await _create(empty, _TILLS)
    stored = await store_backup(empty, tmp_path)

    def of_a_later_release(body: dict[str, Any]) -> None:
        body["fingerprint_rule"] = 99
        for table in body["rows"]:
            table["fingerprint"] = "1"

    stored.edit_manifest(of_a_later_release)
    proof = await stored.prove()
    assert proof.outcome == "incomplete"
    assert proof.findings == (
        "could not check: needs a release with version 99 of the fingerprints (the values of the rows).",
    )
    stored.edit_manifest(lambda body: body["rows"][0].update(rows=7))
    proof = await stored.prove()
    assert (proof.outcome, proof.findings[0]) == ("failed", "table shop.sale: 5,000 rows instead of 7.")


async def test_no_server_that_is_new_enough(
    empty: ConnectionSettings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await _create(empty, _TILLS)
    stored = await store_backup(empty, tmp_path)
    tool = stored.tools_of(18)
    clients = tmp_path / "clients"
    clients.mkdir()
    for name in ("pg_dump", "pg_restore", "psql"):
        (clients / name).symlink_to(tool.folder / name)

    async def these() -> tuple[Tools, ...]:
        return await find_tools(str(clients))

    monkeypatch.setattr("tasks.backup.proof.scratch_server.find_tools", these)
    with pytest.raises(ToolMissing, match="no Postgres server of version 18 or newer"):
        await stored.prove(tools=await these())


@pytest.mark.slow
async def test_a_table_alone(empty: ConnectionSettings, tmp_path: Path) -> None:
    await _create(empty, _TILLS)
    stored = await store_backup(empty, tmp_path / "till", tables=("shop.till",))
    proof = await stored.prove()
    assert (proof.outcome, proof.findings) == ("passed", ())
    stored = await store_backup(empty, tmp_path / "sale", tables=("shop.sale",), big_table_bytes=100_000)
    proof = await stored.prove()
    assert proof.outcome == "incomplete"
    assert proof.findings == (
        "could not check: needs the table shop.till (foreign key sale_till_id_fkey of shop.sale).",
    )


@pytest.mark.slow
async def test_a_table_that_needs_a_type_of_the_database(empty: ConnectionSettings, tmp_path: Path) -> None:
    await _create(
        empty,
        "create schema shop; create type shop.state as enum ('a'); create table shop.till (s shop.state)",
    )
    proof = await (await store_backup(empty, tmp_path, tables=("shop.till",))).prove()
    assert proof.outcome == "incomplete"
    (finding,) = proof.findings
    assert finding.startswith("could not check: needs what the table depends on (the restore stopped")
    assert "shop.state" in finding
