"""After the restore of a warehouse its ledger names the backup, which cannot hold its own record."""

from __future__ import annotations

from pathlib import Path

from tasks.backup.access import BackupAccess
from tasks.backup.create import BackupRequest, create_backup
from tasks.backup.dump.tools import find_tools
from tasks.backup.listing import find_backup
from tasks.backup.restore.restore import RestoreRequest
from tasks.backup.steps import restore_all
from tasks.backup.vault.open import VaultSettings, open_vault
from tasks.postgres.connect import ConnectionSettings, connected
from tests.support.age import make_key
from tests.support.deliveries import HEADER, LINE, write
from tests.support.plain_run import run


async def test_the_next_run_names_the_restored_backup(
    warehouse: ConnectionSettings, empty: ConnectionSettings, tmp_path: Path
) -> None:
    await run(warehouse, tmp_path / "w", [write(tmp_path / "a.csv", f"{HEADER}\n{LINE}\n")])
    recipient = make_key(tmp_path / "identity")
    access = BackupAccess(
        VaultSettings(str(tmp_path / "vault")), b"key", (recipient,), str(tmp_path / "identity")
    )
    vault = open_vault(access.vault)
    created = await create_backup(warehouse, vault, await find_tools(), BackupRequest((recipient,), b"key"))
    backup = find_backup(vault, b"key", str(created.manifest.id))
    remarks, revision = await restore_all.fn("all", access, backup, empty, RestoreRequest())
    assert revision is not None
    assert remarks == ()
    line = LINE.replace("536365", "536366")
    await run(empty, tmp_path / "w", [write(tmp_path / "b.csv", f"{HEADER}\n{line}\n")])
    async with connected(empty) as connection:
        last = "select last_backup_id from retail_ops.run order by started_at desc limit 1"
        assert await connection.fetchval(last) == created.manifest.id
        (row,) = await connection.fetch("select * from retail_ops.backup")
    assert (row["manifest_sha256"], row["vault"]) == (created.manifest_sha256, vault.display)
