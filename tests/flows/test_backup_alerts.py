"""A backup that fails and a proof that finds something wrong are alerts of their own kinds, and recover."""

from __future__ import annotations

from pathlib import Path

import pytest

from flows import retail_backup, retail_restore
from tasks.errors import BackupDamaged, VaultError
from tests.support.age import make_key
from tests.support.alert_receivers import Receivers
from tests.support.prefect_server import PrefectServer


@pytest.fixture
def vault(receivers: Receivers, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "vault"
    for name, value in {
        "RETAIL_VAULT": str(folder),
        "RETAIL_VAULT_RECIPIENTS": make_key(tmp_path / "identity"),
        "RETAIL_VAULT_IDENTITY": str(tmp_path / "identity"),
    }.items():
        monkeypatch.setenv(name, value)
    return folder


async def test_a_backup_fails_and_the_next_recovers(
    receivers: Receivers, vault: Path, prefect_api: PrefectServer
) -> None:
    vault.write_text("a file in the place of the folder")
    with pytest.raises(VaultError):
        await retail_backup()
    assert receivers.slack.headlines == ["Critical: Backup failed: retail-backup"]
    vault.unlink()
    state = await retail_backup(return_state=True)
    assert receivers.slack.headlines[1:] == ["Recovered (Backup failed): retail-backup"]
    run = {"id": {"any_": [str(state.state_details.flow_run_id)]}}
    artifacts = prefect_api.get("/artifacts/filter", {"flow_runs": run})
    shown = {artifact["key"]: artifact["data"] for artifact in artifacts}
    assert shown["retail-backup-progress"] == 100
    assert "Newest completed run" in shown["retail-backup"]


@pytest.mark.slow
async def test_a_drill_finds_damage_and_the_next_backup_is_sound(receivers: Receivers, vault: Path) -> None:
    report = await retail_backup()
    path = vault / report.id / "0000.dump.age"
    data = bytearray(path.read_bytes())
    data[500] ^= 1
    path.write_bytes(data)
    with pytest.raises(BackupDamaged):
        await retail_restore(prove=True)
    assert receivers.slack.headlines == ["Critical: Backup verification failed: retail-restore"]
    # A plan of a restore tells whoever asks for it, and nobody else.
    with pytest.raises(BackupDamaged):
        await retail_restore(backup=report.id)
    assert len(receivers.slack.headlines) == 1
    await retail_backup()
    proof = await retail_restore(prove=True)
    assert proof.outcome == "passed"
    assert receivers.slack.headlines[1:] == ["Recovered (Backup verification failed): retail-restore"]
