"""A vault in a local folder: whole objects on the disk, private, and nothing of them after an error or a kill."""

from __future__ import annotations

import os
import resource
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tasks.backup.vault.local import LocalVault
from tasks.backup.vault.open import VaultSettings, open_vault
from tasks.errors import SettingsError, UntrustedPath, VaultError
from tests.conftest import open_folder
from tests.support.required import missing
from tests.support.unprivileged import as_nobody
from tests.tasks.backup.vaults import VaultBehaviour, fail_to_write, read, write


@pytest.fixture
def folder() -> Iterator[Path]:
    parent = open_folder("retail-vault-")
    yield parent / "vault"
    shutil.rmtree(parent)


@pytest.fixture
def vault(folder: Path) -> LocalVault:
    return LocalVault(folder)


class TestLocalVault(VaultBehaviour):
    """The behaviour of every vault."""


def files(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*"))


def test_folder_and_objects_are_private_whatever_the_umask(vault: LocalVault, folder: Path) -> None:
    before = os.umask(0)
    try:
        write(vault, "b1/0000.dump.age", b"x")
    finally:
        os.umask(before)
    modes = {path.name: path.stat().st_mode & 0o777 for path in (folder, *folder.rglob("*"))}
    assert modes == {"vault": 0o700, "b1": 0o700, "0000.dump.age": 0o600}


def test_nothing_is_left_after_an_error(vault: LocalVault, folder: Path) -> None:
    with pytest.raises(ValueError, match="of the caller"):
        fail_to_write(vault, "b1/0000.dump.age", ValueError("of the caller"))
    assert files(folder) == []


def test_folder_that_others_can_write_is_refused(folder: Path) -> None:
    folder.mkdir()
    folder.chmod(0o777)
    with pytest.raises(UntrustedPath, match="RETAIL_VAULT"):
        open_vault(VaultSettings(str(folder)))


def test_folder_that_is_not_there_is_no_empty_vault(vault: LocalVault, folder: Path) -> None:
    with pytest.raises(VaultError, match="no such folder"):
        vault.objects()
    assert vault.remove_unfinished(datetime.now(UTC)) == []
    assert not vault.exists("b1/manifest.json")
    assert not folder.exists()


def test_foreign_files_are_neither_listed_nor_removed(vault: LocalVault, folder: Path) -> None:
    vault.put("b1/manifest.json", b"x")
    foreign = ["README", "b1/Notes.txt", "b1/.hidden", "b1/sub/x", "b1/.x.part", "b1/link"]
    (folder / "b1/sub").mkdir()
    for name in foreign[:-1]:
        (folder / name).write_text("x")
    (folder / "b1/link").symlink_to("/etc/passwd")
    assert [item.name for item in vault.objects()] == ["b1/manifest.json"]
    assert vault.remove_unfinished(datetime.now(UTC) + timedelta(days=1)) == []
    assert all(os.path.lexists(folder / name) for name in foreign)


def test_full_disk_names_the_vault_and_leaves_no_object(vault: LocalVault, folder: Path) -> None:
    vault.put("b1/manifest.json", b"x")
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, limits[1]))
    try:
        with pytest.raises(VaultError, match="no space left") as caught:
            write(vault, "b1/0000.dump.age")
        with pytest.raises(VaultError, match="no space left"):
            vault.put("b1/0001.dump.age", bytes(1_000_001))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert caught.value.attributes["vault"] == str(folder)
    assert files(folder) == ["b1", "b1/manifest.json"]


def test_folder_without_rights_names_the_vault(vault: LocalVault, folder: Path) -> None:
    if os.geteuid() != 0:
        missing("root, who can give files away")
    vault.put("b1/manifest.json", b"x")
    folder.chmod(0o755)
    with as_nobody():
        for attempt in (vault.objects, lambda: vault.get("b1/manifest.json")):
            with pytest.raises(VaultError, match="Permission denied") as caught:
                attempt()
            assert caught.value.attributes["vault"] == str(folder)


def test_errors_of_the_caller_are_not_the_vaults(vault: LocalVault) -> None:
    with pytest.raises(BrokenPipeError):
        fail_to_write(vault, "b1/0000.dump.age", BrokenPipeError(32, "of pg_dump"))


def test_killed_write_leaves_a_part_that_is_removed_later(vault: LocalVault, folder: Path) -> None:
    script = """
import sys, time
from pathlib import Path
from tasks.backup.vault.local import LocalVault
with LocalVault(Path(sys.argv[1])).writer("b1/0000.dump.age") as file:
    file.write(b"x" * 100_000)
    print("written", flush=True)
    time.sleep(60)
"""
    command = [sys.executable, "-c", script, str(folder)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "written\n"
        process.send_signal(signal.SIGKILL)
    assert vault.objects() == []
    assert len(files(folder)) == 2
    assert vault.remove_unfinished(datetime.now(UTC) - timedelta(hours=1)) == []
    assert len(files(folder)) == 2
    time.sleep(0.01)
    assert vault.remove_unfinished(datetime.now(UTC)) == ["b1/0000.dump.age"]
    assert files(folder) == []


def test_object_is_on_the_disk_before_it_has_its_name(folder: Path, tmp_path: Path) -> None:
    tracer = shutil.which("strace")
    if tracer is None:
        missing("strace: apt-get install strace")
    script = """
import sys
from pathlib import Path
from tasks.backup.vault.local import LocalVault
with LocalVault(Path(sys.argv[1])).writer("b1/0000.dump.age") as file:
    file.write(b"x")
"""
    command = [tracer, "-f", "-y", "-o", tmp_path / "trace", "-e", "trace=fsync,rename,renameat,renameat2"]
    subprocess.run([*command, sys.executable, "-c", script, str(folder)], check=True)
    calls = [line for line in (tmp_path / "trace").read_text().splitlines() if str(folder) in line]
    kinds = [("part" if ".part" in line else "folder", line.split("(")[0].split()[-1]) for line in calls]
    assert kinds[-3:] == [("part", "fsync"), ("part", "rename"), ("folder", "fsync")]


def test_home_is_expanded(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    monkeypatch.setenv("HOME", str(folder.parent))
    vault = open_vault(VaultSettings("~/vault"))
    vault.put("b1/manifest.json", b"x")
    assert (vault.display, read(vault, "b1/manifest.json")) == (str(folder), b"x")


def test_no_address_is_refused() -> None:
    with pytest.raises(SettingsError, match="no vault"):
        open_vault(VaultSettings(" "))


def test_a_writer_that_fails_takes_no_folder_from_another(tmp_path: Path) -> None:
    vault = LocalVault(tmp_path / "vault")

    def fail(number: int) -> None:
        with suppress(KeyError), vault.writer(f"backup-1/failed-{number}"):
            raise KeyError

    def write(number: int) -> None:
        with vault.writer(f"backup-1/{number}") as writer:
            writer.write(b"whole")
        vault.delete(f"backup-1/{number}")

    with ThreadPoolExecutor(4) as threads:
        work = [threads.submit(action, number) for number in range(300) for action in (fail, write)]
    assert [job.exception() for job in work if job.exception()] == []
