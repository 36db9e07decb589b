"""Behaviour that all kinds of vaults share; test_vault_local.py and test_vault_s3.py run it."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta

import pytest

from tasks.backup.vault.store import Vault
from tasks.errors import ObjectMissing, VaultError

DATA = os.urandom(3_000_001)


def write(vault: Vault, name: str, data: bytes = DATA) -> None:
    with vault.writer(name) as file:
        for start in range(0, len(data), 65_552):
            assert file.write(data[start : start + 65_552]) == len(data[start : start + 65_552])


def read(vault: Vault, name: str) -> bytes:
    with vault.reader(name) as file:
        return file.read()


def fail_to_write(vault: Vault, name: str, error: BaseException, data: bytes = DATA) -> None:
    """Raise an error of the caller when the data is written."""
    with vault.writer(name) as file:
        file.write(data)
        raise error


class VaultBehaviour:
    """Tests of a vault that the fixture ``vault`` returns."""

    def test_object_reads_back_as_written(self, vault: Vault) -> None:
        write(vault, "b1/0000.dump.age")
        assert read(vault, "b1/0000.dump.age") == DATA
        with vault.reader("b1/0000.dump.age") as file:
            assert file.read(10) + file.read(20) == DATA[:30]
        write(vault, "b1/0001.dump.age", b"")
        assert read(vault, "b1/0001.dump.age") == b""

    def test_object_exists_only_after_a_clean_exit(self, vault: Vault) -> None:
        with vault.writer("b1/0000.dump.age") as file:
            file.write(DATA)
            assert not vault.exists("b1/0000.dump.age")
        assert vault.exists("b1/0000.dump.age")
        with pytest.raises(KeyboardInterrupt):
            fail_to_write(vault, "b1/0001.dump.age", KeyboardInterrupt())
        assert not vault.exists("b1/0001.dump.age")
        assert [item.name for item in vault.objects()] == ["b1/0000.dump.age"]

    def test_failed_write_leaves_the_older_object(self, vault: Vault) -> None:
        write(vault, "b1/0000.dump.age", b"first")
        with pytest.raises(ValueError, match="of the caller"):
            fail_to_write(vault, "b1/0000.dump.age", ValueError("of the caller"))
        assert vault.get("b1/0000.dump.age") == b"first"
        write(vault, "b1/0000.dump.age", b"third")
        assert vault.get("b1/0000.dump.age") == b"third"

    def test_put_replaces_only_when_asked(self, vault: Vault) -> None:
        vault.put("b1/manifest.json", b"one")
        with pytest.raises(VaultError, match="already"):
            vault.put("b1/manifest.json", b"two")
        assert vault.get("b1/manifest.json") == b"one"
        vault.put("b1/manifest.json", b"three", replace=True)
        assert vault.get("b1/manifest.json") == b"three"

    def test_get_is_limited(self, vault: Vault) -> None:
        vault.put("b1/manifest.json", b"x" * 100)
        assert len(vault.get("b1/manifest.json", limit=100)) == 100
        with pytest.raises(VaultError, match="more than 99 bytes"):
            vault.get("b1/manifest.json", limit=99)

    def test_objects_are_listed_by_folder(self, vault: Vault) -> None:
        for name in ("b1/manifest.json", "b1/0000.dump.age", "b10/manifest.json"):
            vault.put(name, b"xyz")
        assert [item.name for item in vault.objects("b1")] == ["b1/0000.dump.age", "b1/manifest.json"]
        assert [item.name for item in vault.objects()] == [
            "b1/0000.dump.age",
            "b1/manifest.json",
            "b10/manifest.json",
        ]
        assert vault.objects("b2") == []
        (newest,) = vault.objects("b10/")
        assert newest.size == 3
        assert newest.modified.tzinfo is not None
        assert abs(newest.modified - datetime.now(UTC)) < timedelta(minutes=1)

    def test_missing_object_is_told_apart(self, vault: Vault) -> None:
        vault.put("b1/manifest.json", b"x")
        with pytest.raises(ObjectMissing) as caught:
            vault.get("b1/0000.dump.age")
        assert (caught.value.attributes["object"], caught.value.attributes["vault"]) == (
            "b1/0000.dump.age",
            vault.display,
        )
        assert not vault.exists("b1/0000.dump.age")

    def test_delete_is_repeatable(self, vault: Vault) -> None:
        vault.put("b1/manifest.json", b"x")
        vault.put("b2/manifest.json", b"x")
        vault.delete("b1/manifest.json")
        vault.delete("b1/manifest.json")
        assert [item.name for item in vault.objects()] == ["b2/manifest.json"]

    @pytest.mark.parametrize(
        "name",
        [
            "../x",
            "b1/../../x",
            "b1/..",
            "b1/.x",
            "b1/a/b",
            "b1",
            "/etc/passwd",
            "B1/x",
            "b1/x\n",
            "b1/é",
            "b1/",
            "",
            "b1/x y",
        ],
    )
    def test_forged_names_are_refused(self, vault: Vault, name: str) -> None:
        attempts = [
            lambda: read(vault, name),
            lambda: write(vault, name, b"x"),
            lambda: vault.put(name, b"x"),
            lambda: vault.get(name),
            lambda: vault.delete(name),
            lambda: vault.exists(name),
        ]
        for attempt in attempts:
            with pytest.raises(VaultError, match="cannot be the name"):
                attempt()
        if "/" in name.rstrip("/"):
            with pytest.raises(VaultError, match="cannot be a backup's folder"):
                vault.objects(name)
