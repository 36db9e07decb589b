"""The doctor looks at the vault, its keys, and the age of the last backup and proof."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from pydantic import SecretStr

from tasks.backup.listing import Backup, Proof
from tasks.backup.vault.open import VaultAccess, VaultSettings
from tasks.doctor.backups import BackupInputs, examine_backups, judge_age
from tasks.doctor.finding import Finding
from tasks.postgres.connect import ConnectionSettings
from tests.support.age import make_key
from tests.support.examination import OK, WARNING

KEY = SecretStr("a key of the manifests, long enough for one")
NOW = datetime(2026, 3, 10, 12, tzinfo=UTC)


@pytest.fixture
def access(tmp_path: Path) -> VaultAccess:
    recipient = make_key(tmp_path / "identity")
    (tmp_path / "vault").mkdir(mode=0o700)
    return VaultAccess(VaultSettings(str(tmp_path / "vault")), (recipient,), KEY, str(tmp_path / "identity"))


async def examine(access: VaultAccess, warehouse: ConnectionSettings | None = None) -> dict[str, Finding]:
    return {finding.check: finding for finding in await examine_backups(BackupInputs(access), warehouse)}


async def test_a_sound_vault_is_left_as_it_was(access: VaultAccess, tmp_path: Path) -> None:
    findings = await examine(access)
    assert {name: finding.status for name, finding in findings.items()} == {
        "vault": OK,
        "backup keys": OK,
        "last backup": OK,
    }
    assert [path for path in (tmp_path / "vault").rglob("*") if path.is_file()] == []
    (finding,) = await examine_backups(None, None)
    assert "no backups are made" in finding.what


async def test_an_identity_of_another_key(access: VaultAccess, tmp_path: Path) -> None:
    make_key(tmp_path / "other")
    finding = (await examine(replace(access, identity=str(tmp_path / "other"))))["backup keys"]
    assert finding.status is WARNING
    assert "age-keygen -y" in finding.fix


async def test_a_vault_that_is_not_there(access: VaultAccess, tmp_path: Path) -> None:
    dead = VaultSettings("s3://bucket", "http://127.0.0.1:9", "x", "id", SecretStr("marked-secret"))
    finding = (await examine(replace(access, settings=dead)))["vault"]
    assert finding.status is WARNING
    assert "marked-secret" not in str(finding)


async def test_a_vault_in_the_project_that_is_backed_up(access: VaultAccess) -> None:
    inside = VaultSettings(
        "s3://bucket", "https://abcdefghijklmnopqrst.storage.supabase.co/storage/v1/s3", "x"
    )
    warehouse = ConnectionSettings("db.abcdefghijklmnopqrst.supabase.co", sslmode="require")
    findings = await examine_backups(BackupInputs(replace(access, settings=inside)), warehouse)
    assert "cannot be read when that project is lost" in findings[0].what
    elsewhere = ConnectionSettings("db.bbbbbbbbbbbbbbbbbbbb.supabase.co", sslmode="require")
    findings = await examine_backups(BackupInputs(replace(access, settings=inside)), elsewhere)
    assert "is lost" not in str(findings)


def _backup(age: timedelta, *proofs: Proof) -> Backup:
    manifest: Any = type("Manifest", (), {"kind": "full", "created_at": NOW - age})()
    return Backup(str(uuid4()), manifest, "authentic", "", False, proofs, 1)


def _proof(age: timedelta, outcome: Any = "passed") -> Proof:
    return Proof(uuid4(), uuid4(), NOW - age, outcome, (), 180006)


@pytest.mark.parametrize(
    ("backups", "is_scheduled", "statuses"),
    [
        ([], False, [OK]),
        ([], True, [WARNING]),
        ([_backup(timedelta(hours=5))], True, [OK, WARNING]),
        ([_backup(timedelta(days=3), _proof(timedelta(days=2)))], True, [WARNING, OK]),
        ([_backup(timedelta(hours=5), _proof(timedelta(hours=4), "failed"))], True, [OK, WARNING]),
        (
            [_backup(timedelta(hours=5)), _backup(timedelta(days=20), _proof(timedelta(days=19)))],
            True,
            [OK, WARNING],
        ),
    ],
)
def test_ages(backups: list[Backup], is_scheduled: bool, statuses: list[str]) -> None:
    findings = judge_age(backups, NOW, is_scheduled=is_scheduled)
    assert [finding.status for finding in findings] == statuses
