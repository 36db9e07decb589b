"""``retail backup``, ``backups``, ``verify``, ``prove``, ``restore``, ``prune`` and ``keep``, from end to end."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from tasks.postgres.connect import ConnectionSettings, connected, with_database
from tests.conftest import create_database
from tests.flows.conftest import Retail, as_url
from tests.support.age import make_key
from tests.support.openlineage_spec import check_event
from tests.support.plain_run import state
from tests.support.slow import slow_but

pytestmark = pytest.mark.prefect


@pytest.fixture
def vault(tmp_path: Path) -> Path:
    return tmp_path / "vault"


@pytest.fixture
def backed_up(retail: Retail, vault: Path, tmp_path: Path) -> Retail:
    """The command line with a vault and keys."""
    keys = {
        "RETAIL_VAULT": str(vault),
        "RETAIL_VAULT_RECIPIENTS": make_key(tmp_path / "identity"),
        "RETAIL_VAULT_IDENTITY": str(tmp_path / "identity"),
        "RETAIL_LINEAGE_FILE": str(tmp_path / "lineage.jsonl"),
    }
    return Retail({**retail.environment, **keys})


@pytest.mark.slow
async def test_from_backup_to_restore(
    backed_up: Retail, warehouse: ConnectionSettings, days: Path, vault: Path, tmp_path: Path
) -> None:
    retail = backed_up
    assert retail("etl", str(days / "2010-12-05.csv")).code == 0
    before = await state(warehouse)

    made = retail("backup", "--json")
    assert made.code == 0, made.err
    backup = made.report
    assert (backup["kind"], backup["recorded"], backup["status"]) == ("full", True, "completed")
    assert backup["made_key"].endswith("manifest-key")
    assert {"id", "size_bytes", "rows", "run", "vault", "created_at"} <= backup.keys()
    async with connected(warehouse) as connection:
        recorded = await connection.fetchrow("select backup_id::text, run_id::text from retail_ops.backup")
    assert tuple(recorded.values()) == (backup["id"], backup["run"])

    (listed,) = retail("backups", "--json").report["backups"]
    assert (listed["id"], listed["proven"], listed["manifest"]) == (backup["id"], False, "authentic")
    verified = retail("verify", backup["id"][:8], "--json").report
    assert (verified["id"], verified["verified"], verified["contents_read"]) == (backup["id"], True, True)

    proved = retail("prove", backup["id"], "--json")
    assert (proved.code, proved.report["proven"], proved.report["findings"]) == (0, True, []), proved.err
    (listed,) = retail("backups", "--json").report["backups"]
    assert (listed["proven"], listed["proof"]) == (True, "passed")
    assert "last 7" in listed["kept_by"]
    shown = retail("backups").out
    assert re.search(rf"{backup['id'][:8]}\s+0 min\s+{warehouse.database}\s.*passed", shown)

    # More is loaded; then the backup comes back, after one of what is there.
    assert retail("etl", str(days / "2010-12-06.csv")).code == 0
    plan = retail("restore", "--last-good", "--json")
    assert (plan.code, plan.report["done"], plan.report["id"]) == (0, False, backup["id"]), plan.err
    assert any("Drops" in line for line in plan.report["plan"])
    assert (await state(warehouse)).lines > before.lines
    assert retail("restore", backup["id"], "--confirm", "another").code == 1
    done = retail("restore", backup["id"], "--confirm", warehouse.database, "--json")
    assert (done.code, done.report["done"]) == (0, True), done.err
    assert await state(warehouse) == before
    assert len(retail("backups", "--json").report["backups"]) == 2
    # The next run finds its delivery loaded, and names the last backup.
    again = retail("etl", str(days / "2010-12-05.csv"), "--json")
    assert [delivery["outcome"] for delivery in again.report["deliveries"]] == ["unchanged"]
    assert_lineage(tmp_path / "lineage.jsonl", f"{vault}/{backup['id']}", warehouse.database)


def assert_lineage(told: Path, stored: str, database: str) -> None:
    """The backup and the restore are told with what they read and wrote; plans, proofs and listings are not."""
    events = [json.loads(line) for line in told.read_text().splitlines()]
    ends = []
    for event in events:
        check_event(event)
        job, state = event["job"]["name"], event["eventType"]
        if job in {"retail-backup", "retail-restore"} and state != "START":
            ends.append(
                (job, state, *([one["name"] for one in event[kind]] for kind in ("inputs", "outputs")))
            )
    assert ends == [
        ("retail-backup", "COMPLETE", [database], [stored]),
        ("retail-restore", "FAIL", [], []),
        ("retail-restore", "COMPLETE", [stored], [database]),
    ]


@pytest.mark.slow
async def test_into_another_empty_database_by_its_run(
    backed_up: Retail, warehouse: ConnectionSettings, days: Path
) -> None:
    retail = backed_up
    loaded = retail("etl", str(days / "2010-12-05.csv"), "--json")
    before = await state(warehouse)
    assert retail("backup").code == 0
    target = with_database(warehouse, f"{warehouse.database}_copy")
    await create_database(warehouse, target.database)
    try:
        command = ("restore", "--run", loaded.report["run_id"], "--warehouse", as_url(target))
        done = retail(*command, "--confirm", target.database, "--json")
        assert (done.code, done.report["backup_before"]) == (0, ""), done.err
        assert await state(target) == before
    finally:
        async with connected(warehouse) as connection:
            await connection.execute(f"drop database {target.database} with (force)")


@pytest.mark.slow
def test_a_machine_that_only_proves_gets_no_warehouse(backed_up: Retail, tmp_path: Path) -> None:
    backup = backed_up("backup", "--table", "retail_dwh.dim_date", "--json").report["id"]
    environment = {name: value for name, value in backed_up.environment.items() if name != "DATABASE_URL"}
    alone = Retail({**environment, "RETAIL_DATA_DIR": str(tmp_path / "alone")})
    proved = alone("prove", backup, "--json")
    assert (proved.code, proved.report["proven"]) == (0, True), proved.err + proved.out
    assert not (tmp_path / "alone" / "postgres").exists()


@pytest.mark.slow
def test_damage_is_exit_code_1_everywhere(
    backed_up: Retail, warehouse: ConnectionSettings, vault: Path
) -> None:
    retail = backed_up
    backup = retail("backup", "--json").report["id"]
    path = vault / backup / "0000.dump.age"
    data = bytearray(path.read_bytes())
    data[1000] ^= 1
    path.write_bytes(data)
    verified = retail("verify", backup, "--json")
    assert (verified.code, verified.report["verified"]) == (1, False)
    assert "0000.dump.age" in verified.report["findings"][0]
    proved = retail("prove", backup, "--json")
    assert (proved.code, proved.report["error_type"]) == (1, "BackupDamaged")
    restored = retail("restore", backup, "--confirm", warehouse.database)
    assert restored.code == 1
    assert "The target was not touched" in restored.err


@pytest.mark.slow
def test_prune_and_keep(backed_up: Retail) -> None:
    retail = backed_up
    ids = [retail("backup", "--table", "retail_dwh.dim_date", "--json").report["id"] for _ in range(2)]
    assert retail("prune", "--json").report["would_delete"] == []  # none is proven
    assert retail("keep", ids[0][:13], "--json").report == {"id": ids[0], "kept": True}
    kept = {row["id"]: row["kept_by"] for row in retail("backups", "--json").report["backups"]}
    assert "kept" in kept[ids[0]]
    assert "kept" not in kept[ids[1]]
    assert retail("keep", ids[0], "--undo", "--json").report["kept"] is False
    for backup in ids:
        assert retail("prove", backup, "--json").report["outcome"] == "passed"
    rule = {f"RETAIL_BACKUP_KEEP_{name}": "0" for name in ("DAILY", "WEEKLY", "MONTHLY")}
    rule |= {"RETAIL_BACKUP_KEEP_LAST": "1", "RETAIL_BACKUP_KEEP_MINIMUM": "1"}
    assert retail("prune", "--json", **rule).report["would_delete"] == [ids[0]]
    flow = (
        "import asyncio; from flows import retail_prune; print(asyncio.run(retail_prune(confirm={})).summary)"
    )
    for confirmed, left in ((False, ids), (True, ids[1:])):
        ended = retail.script(flow.format(confirmed), **rule)
        assert "1 of 2 backups" in ended.out, ended.err
        assert {row["id"] for row in retail("backups", "--json").report["backups"]} == set(left)
    missing = retail("keep", "ffffffff", "--json")
    assert (missing.code, missing.report["error_type"]) == (1, "BackupMissing")
    assert retail("prune", "--keep-last", "-1").code == 2


_WRONG = [
    (("backup", "--vault", "s3://key:secret-word@bucket/x"), "credentials"),
    (("backup", "--recipient", "age1nonsense"), "no public key"),
    (("backup", "--include", "auth,public"), "only auth and storage"),
    (("restore",), "No backup is chosen"),
    (("restore", "--last-good", "--run", "x"), "both choose a backup"),
    (("restore", "--last-good", "--beside", "x"), "no table is given"),
    (("prove", "x", "--server", "postgresql://a:secret-word@h/d"), "process list"),
    (("verify", "x", "--identity", "/nowhere/identity"), "/nowhere/identity"),
    (("backups", "--manifest-key", "/nowhere/key"), "/nowhere/key"),
]


@pytest.mark.parametrize(("arguments", "words"), slow_but([_WRONG[0], _WRONG[3], _WRONG[7]], _WRONG))
def test_wrong_usage_is_exit_code_2(
    backed_up: Retail, vault: Path, arguments: tuple[str, ...], words: str
) -> None:
    vault.mkdir(mode=0o700)
    ended = backed_up(*arguments)
    assert ended.code == 2, ended.out + ended.err
    assert words in ended.err
    assert "secret-word" not in ended.out + ended.err


def test_without_a_vault(retail: Retail) -> None:
    ended = retail("backup", "--json")
    assert (ended.code, ended.report["error_type"]) == (2, "SettingsError")
    assert "RETAIL_VAULT" in ended.err
