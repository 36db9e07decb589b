"""Whatever happened to a backup in the vault is found and named."""

from __future__ import annotations

import asyncio
import io
import json
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from tasks.backup.create import BackupRequest, CreatedBackup, create_backup
from tasks.backup.dump.tools import Tools, find_tools
from tasks.backup.keys.encryption import encrypt, parse_recipients, read_identities
from tasks.backup.listing import Backup, list_backups
from tasks.backup.manifest import canonical
from tasks.backup.vault.local import LocalVault
from tasks.backup.verify import Verification, verify_backup
from tasks.errors import BackupDamaged, WrongIdentity
from tasks.postgres.connect import ConnectionSettings, connected
from tasks.postgres.embedded.server import EmbeddedServer
from tests.conftest import database_of_a_file
from tests.support.age import make_key, program
from tests.support.proofs import public_key

KEY = b"a key of the manifests"


@dataclass
class Stored:
    """A backup with an archive of its own for the table ``shop.sale``."""

    vault: LocalVault
    folder: Path
    identity: Path
    recipient: str
    tools: tuple[Tools, ...]

    def read(self, key: bytes | None = KEY) -> Backup:
        (backup,) = list_backups(self.vault, key)
        return backup

    async def verify(self, identity: Path | None = None, *, hashes_only: bool = False) -> Verification:
        identities = None if hashes_only else read_identities(identity or self.identity)
        return await verify_backup(self.vault, self.read(), identities, self.tools)


@pytest.fixture(scope="module")
def made(server: EmbeddedServer, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, CreatedBackup]:
    """A folder with a vault and an identity, and its one backup."""
    folder = tmp_path_factory.mktemp("verify")
    with database_of_a_file(server, "template0") as database:
        return folder, asyncio.run(_make(database, folder))


async def _make(database: ConnectionSettings, folder: Path) -> CreatedBackup:
    async with connected(database) as connection:
        await connection.execute(
            'create schema shop; create table shop."the till" (till_id integer primary key, place text); '
            "insert into shop.\"the till\" select n, 'place ' || n from generate_series(1, 100) as n; "
            "create table shop.sale as select n as sale_id, md5(n::text) as note from generate_series(1, 20000) as n"
        )
    request = BackupRequest((make_key(folder / "identity"),), KEY, big_table_bytes=100_000)
    return await create_backup(database, LocalVault(folder / "vault"), await find_tools(), request)


@pytest.fixture
async def stored(made: tuple[Path, CreatedBackup], tmp_path: Path) -> Stored:
    """A copy of that folder."""
    original, created = made
    shutil.copytree(original, tmp_path, dirs_exist_ok=True)
    folder = tmp_path / "vault" / str(created.manifest.id)
    identity = tmp_path / "identity"
    return Stored(LocalVault(tmp_path / "vault"), folder, identity, public_key(identity), await find_tools())


async def test_a_sound_backup(stored: Stored) -> None:
    verified = await stored.verify()
    assert (verified.findings, verified.objects, verified.contents_read) == ((), 2, True)
    assert verified.manifest == "authentic"
    hashes = await stored.verify(hashes_only=True)
    assert (hashes.findings, hashes.contents_read) == ((), False)


def _flip(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


def _truncate(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-100])


def _flip_header(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[30] ^= 1
    path.write_bytes(data)


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (_flip, "bytes were changed"),
        (_flip_header, "bytes were changed"),
        (_truncate, "instead of"),
        (Path.unlink, ""),
    ],
    ids=["a flipped bit", "a flipped bit in the header", "truncated", "missing"],
)
@pytest.mark.parametrize("hashes_only", [False, True], ids=["read", "hashes only"])
async def test_damage_is_found_and_the_object_named(
    stored: Stored, damage: Callable[[Path], object], words: str, hashes_only: bool
) -> None:
    damage(stored.folder / "0001.dump.age")
    (finding,) = (await stored.verify(hashes_only=hashes_only)).findings
    assert finding.startswith("0001.dump.age: ")
    assert words in finding


async def test_swapped_objects(stored: Stored) -> None:
    first, second = stored.folder / "0000.dump.age", stored.folder / "0001.dump.age"
    first.rename(stored.folder / "aside")
    second.rename(first)
    (stored.folder / "aside").rename(second)
    assert [finding[:13] for finding in (await stored.verify()).findings] == [
        "0000.dump.age",
        "0001.dump.age",
    ]


def _put(stored: Stored, name: str, plain: bytes) -> None:
    """Encrypt an archive of our own and make the manifest say that it is the right one, as before the hash."""
    target = io.BytesIO()
    encrypt(io.BytesIO(plain), target, parse_recipients([stored.recipient]))
    _replace(stored, name, target.getvalue())


def _replace(stored: Stored, name: str, data: bytes) -> None:
    from hashlib import sha256

    from tasks.backup.manifest import seal

    (stored.folder / name).write_bytes(data)
    manifest = json.loads((stored.folder / "manifest.json").read_text())["manifest"]
    for archive in manifest["objects"]:
        if archive["name"] == name:
            archive |= {"size": len(data), "sha256": sha256(data).hexdigest()}
    (stored.folder / "manifest.json").write_bytes(seal(manifest, KEY))


def _plain(stored: Stored, name: str) -> bytes:
    command = [program("age"), "-d", "-i", stored.identity, stored.folder / name]
    return subprocess.run(command, check=True, capture_output=True).stdout


async def test_a_correct_age_file_around_a_cut_dump(stored: Stored) -> None:
    _put(stored, "0001.dump.age", _plain(stored, "0001.dump.age")[:-3000])
    (finding,) = (await stored.verify()).findings
    assert "0001.dump.age: its hash is right, but pg_restore cannot read it to its end" in finding
    assert (await stored.verify(hashes_only=True)).findings == ()


async def test_another_archive_under_the_right_name(stored: Stored) -> None:
    rows = _plain(stored, "0001.dump.age")
    _put(stored, "0001.dump.age", _plain(stored, "0000.dump.age"))
    assert (await stored.verify()).findings == ("0001.dump.age: it lacks the rows of shop.sale.",)
    _put(stored, "0000.dump.age", rows)
    assert 'table shop."the till"' in "".join((await stored.verify()).findings)


async def test_a_cut_age_file_with_the_right_hash(stored: Stored) -> None:
    _replace(stored, "0001.dump.age", (stored.folder / "0001.dump.age").read_bytes()[:-50_000])
    (finding,) = (await stored.verify()).findings
    assert "0001.dump.age: its hash is right, but" in finding


async def test_the_wrong_identity_is_no_damage(stored: Stored, tmp_path: Path) -> None:
    make_key(tmp_path / "other")
    with pytest.raises(WrongIdentity):
        await stored.verify(tmp_path / "other")


async def test_an_edited_manifest(stored: Stored) -> None:
    path = stored.folder / "manifest.json"
    document = json.loads(path.read_text())
    document["manifest"]["rows"][0]["rows"] += 1
    path.write_bytes(canonical(document))
    backup = stored.read()
    assert "changed after it was written" in backup.problem
    with pytest.raises(BackupDamaged, match="changed after it was written"):
        await stored.verify()
    # Without the key nobody can tell; with another one neither, which is said and never called forged.
    assert (stored.read(None).problem, stored.read(None).authenticity) == ("", "not authenticated")
    assert stored.read(b"another").authenticity == "not authenticated"


async def test_a_manifest_moved_to_another_backup(stored: Stored) -> None:
    other = stored.folder.with_name("00000000-0000-4000-8000-000000000000")
    shutil.copytree(stored.folder, other)
    problems = {backup.id: backup.problem for backup in list_backups(stored.vault, KEY)}
    assert problems[stored.folder.name] == ""
    assert "is that of backup" in problems[other.name]
