"""Settings of a vault on S3: what is refused, with no secret in any text, and whose key is used."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from tasks.backup.vault.open import VaultSettings, open_vault
from tasks.errors import SettingsError
from tests.support.s3_server import S3Server, s3_server

SETTINGS = VaultSettings(
    "s3://backups/retail",
    endpoint="http://127.0.0.1:9000",
    access_key_id="TESTKEYID0001",
    secret_access_key=SecretStr("hushhush"),
)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Server]:
    with s3_server(tmp_path_factory.mktemp("s3")) as running:
        yield running


INVALID = [
    ({"address": "s3://"}, "RETAIL_VAULT"),
    ({"address": "s3://bucket/../x"}, "RETAIL_VAULT"),
    ({"address": "s3://AKIAKEY:hushhush@bucket/x"}, "RETAIL_VAULT"),
    ({"address": "s3://bucket/x?secret=hushhush"}, "RETAIL_VAULT"),
    ({"address": "gs://hushhush@bucket/x"}, "RETAIL_VAULT"),
    ({"endpoint": "http://store.example.com"}, "RETAIL_VAULT_ENDPOINT"),
    ({"endpoint": "https://key:hushhush@store.example.com"}, "RETAIL_VAULT_ENDPOINT"),
    ({"endpoint": "store.example.com"}, "RETAIL_VAULT_ENDPOINT"),
    ({"endpoint": "https://[hushhush"}, "RETAIL_VAULT_ENDPOINT"),
    ({"endpoint": ""}, "RETAIL_VAULT_REGION"),
    ({"access_key_id": ""}, "RETAIL_VAULT_ACCESS_KEY_ID"),
    ({"secret_access_key": SecretStr("")}, "RETAIL_VAULT_ACCESS_KEY_ID"),
]


@pytest.mark.parametrize(("change", "setting"), INVALID)
def test_invalid_settings_are_refused_without_telling_them(change: dict[str, Any], setting: str) -> None:
    with pytest.raises(SettingsError) as caught:
        open_vault(replace(SETTINGS, **change))
    assert caught.value.setting == setting
    assert "hushhush" not in str(caught.value) + repr(caught.value)


def test_no_key_at_all_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE", "AWS_WEB_IDENTITY_TOKEN_FILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    keyless = replace(SETTINGS, access_key_id="", secret_access_key=SecretStr(""))
    with pytest.raises(SettingsError, match="no access key"):
        open_vault(keyless)


def test_key_of_the_machine_is_used_without_one_of_ours(
    server: S3Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = server.settings("machine")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", settings.access_key_id)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", settings.secret_access_key.get_secret_value())
    vault = open_vault(replace(settings, access_key_id="", secret_access_key=SecretStr("")))
    vault.put("b1/manifest.json", b"x")
    assert [item.name for item in vault.objects()] == ["b1/manifest.json"]
    assert vault.remove_unfinished(datetime.now(UTC)) == []


def test_secrets_are_not_in_the_representation() -> None:
    vault = open_vault(SETTINGS)
    assert "hushhush" not in repr(SETTINGS) + str(SETTINGS) + repr(vault) + repr(vars(vault))


@pytest.mark.parametrize("library", ["obstore", "botocore.exceptions"])
def test_missing_libraries_are_named(server: S3Server, monkeypatch: pytest.MonkeyPatch, library: str) -> None:
    monkeypatch.setitem(sys.modules, library, None)
    with pytest.raises(SettingsError, match=r"pip install 'prefect-retail\[backup\]'"):
        open_vault(SETTINGS).remove_unfinished(datetime.now(UTC))
