"""The BackupVault block and the vault of the settings: form, precedence, refused values, and whose key is used."""

from __future__ import annotations

import stat
from pathlib import Path
from typing import Any

import pytest
from prefect.blocks.core import Block
from prefect.testing.standard_test_suites import BlockStandardTestSuite
from pydantic import SecretStr, ValidationError

from blocks import BackupVault, lookup, settings_sources
from blocks.settings_sources import resolve
from tasks.backup.vault.open import open_vault
from tasks.errors import SettingsError
from tests.support.prefect_form import Form, read_document, save_in_form
from tests.support.prefect_server import PrefectServer

MARK = "marked-secret-word-4471"
KEY = "marked-manifest-key-0815"
PUBLIC = "age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p"
ON_S3: dict[str, Any] = {
    "address": "s3://backups/retail",
    "endpoint": "https://store.example.com",
    "access_key_id": "TESTKEYID0001",
    "secret_access_key": SecretStr(MARK),
}


class TestStandard(BlockStandardTestSuite):
    """Prefect's requirements for a block."""

    @pytest.fixture
    def block(self) -> type[Block]:
        return BackupVault

    def test_has_a_valid_image(self, block: type[Block]) -> None:
        assert block._logo_url is not None  # the suite's own test downloads it


@pytest.fixture(autouse=True)
def empty_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """No settings but a data folder of the test's own; returns that."""
    for name in settings_sources.Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("RETAIL_DATA_DIR", str(tmp_path / "data"))
    return tmp_path / "data"


def test_form() -> None:
    schema = BackupVault.model_json_schema()
    assert all(field.get("title") for field in schema["properties"].values())
    assert sorted(schema["secret_fields"]) == ["manifest_key", "secret_access_key"]
    # Prefect's form renders a union as tabs.
    assert not [name for name, field in schema["properties"].items() if "anyOf" in field]
    with pytest.raises(ValidationError):
        BackupVault(address="")


def test_secrets_are_not_shown() -> None:
    block = BackupVault(**ON_S3, manifest_key=SecretStr(KEY))
    shown = f"{block!r}{block}{block.vault_settings()!r}{block.as_settings()!r}"
    assert "TESTKEYID0001" in shown
    assert MARK not in shown
    assert KEY not in shown


@pytest.mark.parametrize(
    ("fields", "what"),
    [
        ({"address": "backups"}, "neither a folder with a slash nor s3://BUCKET/FOLDER"),
        ({"address": f"s3://key:{MARK}@bucket/x"}, "address of the vault is invalid"),
        ({"address": f"gs://{MARK}/x"}, "address of the vault is invalid"),
        ({**ON_S3, "endpoint": f"https://key:{MARK}@store.example.com"}, "endpoint of the vault is no URL"),
        ({**ON_S3, "access_key_id": ""}, "an id or a secret, but not both"),
        ({"address": "s3://backups/retail"}, "has no region"),
    ],
)
def test_refused_values(fields: dict[str, Any], what: str) -> None:
    block = BackupVault(**fields)
    for convert in (block.vault_settings, block.as_settings):
        with pytest.raises(SettingsError, match=what) as caught:
            convert()
        assert MARK not in str(caught.value)


@pytest.mark.prefect
async def test_saving_twice_and_loading(prefect_api: PrefectServer) -> None:
    for folder in ("first", "second"):
        block = BackupVault(
            **{**ON_S3, "address": f"s3://backups/{folder}"}, recipients=[PUBLIC], manifest_key=SecretStr(KEY)
        )
        await block.asave("saved-vault", overwrite=True)
    access = await lookup.vault_settings("saved-vault", resolve())
    assert access.settings.display == "s3://backups/second"
    assert access.settings.endpoint == "https://store.example.com"
    assert access.settings.secret_access_key.get_secret_value() == MARK
    assert access.recipients == (PUBLIC,)
    assert access.manifest_key_bytes == KEY.encode()
    assert (access.identity, access.made_key) == ("", "")
    assert MARK not in repr(access)
    assert KEY not in repr(access)
    assert MARK not in str(read_document(prefect_api, "retail-backup-vault", "saved-vault"))


@pytest.mark.prefect
@pytest.mark.parametrize("form", ["older", "newer"])
async def test_the_form_keeps_the_secrets(prefect_api: PrefectServer, form: Form) -> None:
    name = f"vault-in-form-{form}"
    await BackupVault(**ON_S3, recipients=[PUBLIC], manifest_key=SecretStr(KEY)).asave(name)
    save_in_form(prefect_api, "retail-backup-vault", name, form, region="eu-west-2")
    access = await lookup.vault_settings(name, resolve())
    assert access.settings.region == "eu-west-2"
    assert access.settings.secret_access_key.get_secret_value() == MARK
    assert (access.recipients, access.manifest_key_bytes) == ((PUBLIC,), KEY.encode())


@pytest.mark.prefect
async def test_block_overrides_the_environment(
    prefect_api: PrefectServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    await BackupVault(address="s3://backups/retail", region="eu-west-2").asave("on-aws", overwrite=True)
    for name, value in {
        "RETAIL_VAULT": "s3://elsewhere/retail",
        "RETAIL_VAULT_ENDPOINT": "https://store.example.com",
        "RETAIL_VAULT_ACCESS_KEY_ID": "TESTKEYID0001",
        "RETAIL_VAULT_SECRET_ACCESS_KEY": MARK,
        "RETAIL_VAULT_RECIPIENTS": PUBLIC,
        "RETAIL_VAULT_IDENTITY": "identity.txt",
        "RETAIL_MANIFEST_KEY": KEY,
    }.items():
        monkeypatch.setenv(name, value)
    of_environment = await lookup.vault_settings("", resolve())
    assert of_environment.settings.display == "s3://elsewhere/retail"
    assert of_environment.settings.secret_access_key.get_secret_value() == MARK
    for name in ("on-aws", ""):
        access = await lookup.vault_settings(name, resolve())
        # The environment's key is for another store.
        assert access.settings.display == "s3://backups/retail"
        assert (access.settings.endpoint, access.settings.access_key_id) == ("", "")
        assert access.settings.secret_access_key.get_secret_value() == ""
        # The block sets none of these.
        assert (access.recipients, access.identity) == ((PUBLIC,), "identity.txt")
        assert access.manifest_key_bytes == KEY.encode()
        monkeypatch.setenv("RETAIL_VAULT", "on-aws")
    resolved, errors = await lookup.with_blocks()
    assert errors == ()
    rows = {name: (value, origin) for name, value, origin in resolved.rows}
    assert rows["RETAIL_VAULT"] == ("s3://backups/retail", "block retail-backup-vault/on-aws")
    assert rows["RETAIL_VAULT_ENDPOINT"] == ("", "block retail-backup-vault/on-aws")
    assert rows["RETAIL_VAULT_RECIPIENTS"] == (PUBLIC, "environment")
    assert rows["RETAIL_MANIFEST_KEY"] == ("********", "environment")


@pytest.mark.prefect
async def test_missing_block_is_named_with_what_was_perhaps_meant(
    prefect_api: PrefectServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RETAIL_VAULT", "backups")
    with pytest.raises(SettingsError, match="no BackupVault block 'backups'") as caught:
        await lookup.vault_settings("", resolve())
    assert "A folder is written with a slash, such as ./backups." in str(caught.value)
    (error,) = (await lookup.with_blocks())[1]
    assert str(error) == str(caught.value)


@pytest.mark.parametrize("name", ["s3://bucket/x", "/srv/backups", f"s3://key:{MARK}@bucket/x", "A Block"])
async def test_address_in_the_place_of_a_name(name: str) -> None:
    with pytest.raises(SettingsError, match="vault: this is not the name of a block") as caught:
        await lookup.vault_settings(name, resolve())
    assert "belongs in RETAIL_VAULT" in str(caught.value)
    assert name not in str(caught.value)


async def test_no_vault(empty_environment: Path) -> None:
    with pytest.raises(SettingsError, match="There is no vault"):
        await lookup.vault_settings("", resolve())
    assert not empty_environment.exists()


@pytest.mark.parametrize(
    ("address", "folder"),
    [("vault/", "vault"), ("./vault", "vault"), ("~/vault", None), (".", ""), ("/srv/vault", "/srv/vault")],
)
async def test_folders(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, address: str, folder: str | None
) -> None:
    monkeypatch.setenv("RETAIL_VAULT", address)
    access = await lookup.vault_settings("", resolve())
    expected = Path.home() / "vault" if folder is None else tmp_path / folder
    assert access.settings.display == str(expected) == open_vault(access.settings).display


async def test_vault_in_a_folder_gets_a_manifest_key(
    empty_environment: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RETAIL_VAULT", "./vault")
    first = await lookup.vault_settings("", resolve())
    file = empty_environment / "manifest-key"
    assert first.made_key == str(file)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert first.manifest_key_bytes == file.read_bytes().strip()
    assert len(file.read_bytes().strip()) == 64
    assert file.read_text().strip() not in repr(first)
    again = await lookup.vault_settings("", resolve())
    assert (again.made_key, again.manifest_key_bytes) == ("", first.manifest_key_bytes)
    monkeypatch.setenv("RETAIL_MANIFEST_KEY", f" {KEY}\n")
    assert (await lookup.vault_settings("", resolve())).manifest_key_bytes == KEY.encode()


async def test_vault_on_s3_gets_none(empty_environment: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another machine would have another key, and call the backups of this one not authenticated."""
    monkeypatch.setenv("RETAIL_VAULT", "s3://backups/retail")
    monkeypatch.setenv("RETAIL_VAULT_REGION", "eu-west-2")
    access = await lookup.vault_settings("", resolve())
    assert (access.manifest_key_bytes, access.made_key) == (None, "")
    assert not empty_environment.exists()


@pytest.mark.prefect
async def test_weak_manifest_key_of_a_block(prefect_api: PrefectServer) -> None:
    await BackupVault(address="./vault", manifest_key=SecretStr("short-4471")).asave("weak", overwrite=True)
    with pytest.raises(SettingsError, match="fewer than 16 characters") as caught:
        await lookup.vault_settings("weak", resolve())
    assert "short-4471" not in str(caught.value)


@pytest.mark.parametrize(
    ("name", "value", "what"),
    [
        ("RETAIL_VAULT", f"s3://key:{MARK}@bucket/x", "holds credentials"),
        ("RETAIL_VAULT", f"s3://key:{MARK}/+@bucket/x", "holds credentials"),
        ("RETAIL_VAULT", f"s3://bucket/x?secret={MARK}", "holds credentials"),
        ("RETAIL_VAULT", f"postgresql://ann:{MARK}@db.example.com/sales", "holds credentials"),
        ("RETAIL_VAULT", f"gs://{MARK}/x", "is neither a folder nor s3://BUCKET/FOLDER"),
        ("RETAIL_VAULT", f"Backups {MARK}", "is no folder, and not the name of a block"),
        ("RETAIL_VAULT_ENDPOINT", f"https://key:{MARK}@store.example.com", "holds credentials"),
        ("RETAIL_VAULT_RECIPIENTS", f"{PUBLIC},AGE-SECRET-KEY-1{MARK}", "holds a secret key"),
        ("RETAIL_VAULT_IDENTITY", f"AGE-SECRET-KEY-1{MARK}", "is a secret key, not the path of a file"),
        ("RETAIL_MANIFEST_KEY", MARK[:15], "has fewer than 16 characters"),
        ("RETAIL_BACKUP_KEEP_MINIMUM", "0", "RETAIL_BACKUP_KEEP_MINIMUM '0'"),
        ("RETAIL_BACKUP_KEEP_LAST", "-1", "RETAIL_BACKUP_KEEP_LAST '-1'"),
        ("RETAIL_RESTORE_MEMORY_SHARE", "50", "RETAIL_RESTORE_MEMORY_SHARE '50'"),
        ("RETAIL_BACKUP_GRACE_HOURS", "0", "RETAIL_BACKUP_GRACE_HOURS '0'"),
    ],
)
def test_refused_settings(monkeypatch: pytest.MonkeyPatch, name: str, value: str, what: str) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(SettingsError, match=what) as caught:
        resolve()
    assert caught.value.attributes["setting"] == name
    resolved = settings_sources.resolve_leniently()
    assert MARK[:15] not in f"{caught.value!r}{caught.value}{caught.value.attributes}{resolved.rows}"


def test_defaults_and_what_is_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = resolve().settings
    assert (settings.retail_vault, settings.retail_manifest_key) == ("", None)
    rule = ("last", "daily", "weekly", "monthly", "minimum")
    assert [getattr(settings, f"retail_backup_keep_{name}") for name in rule] == [7, 7, 4, 12, 3]
    assert (settings.retail_backup_table_mb, settings.retail_backup_grace_hours) == (32, 24)
    assert settings.retail_restore_memory_share == 0.5
    monkeypatch.setenv("RETAIL_VAULT_SECRET_ACCESS_KEY", MARK)
    monkeypatch.setenv("RETAIL_MANIFEST_KEY", MARK)
    monkeypatch.setenv("RETAIL_PROOF_SERVER", f"postgresql://ann:{MARK}@db.example.com/postgres")
    resolved = resolve()
    rows = {name: value for name, value, _ in resolved.rows}
    assert rows["RETAIL_VAULT_SECRET_ACCESS_KEY"] == rows["RETAIL_MANIFEST_KEY"] == "********"
    assert rows["RETAIL_PROOF_SERVER"] == "postgresql://ann@db.example.com:5432/postgres"
    assert MARK not in f"{resolved!r}{resolved.settings}{rows}"
