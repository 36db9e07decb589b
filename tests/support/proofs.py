"""Backups in a vault that are proven, also after something happened to them."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

from tasks.backup.create import BackupRequest, create_backup
from tasks.backup.dump.tools import Tools, find_tools
from tasks.backup.keys.encryption import Identities, read_identities
from tasks.backup.listing import Backup, Proof, list_backups
from tasks.backup.manifest import seal
from tasks.backup.proof.proof import prove_backup
from tasks.backup.proof.scratch_server import SUPERUSER
from tasks.backup.vault.local import LocalVault
from tasks.postgres.connect import ConnectionSettings
from tests.support.age import make_key, program

KEY = b"a key of the manifests"


@dataclass
class StoredBackup:
    """A backup in a vault of its own."""

    vault: LocalVault
    folder: Path
    identity: Path
    recipient: str
    tools: tuple[Tools, ...]

    def read(self) -> Backup:
        (backup,) = list_backups(self.vault, KEY)
        return backup

    @property
    def identities(self) -> Identities:
        return read_identities(self.identity)

    def tools_of(self, major: int) -> Tools:
        return next(tool for tool in self.tools if tool.major == major)

    async def prove(self, server: ConnectionSettings | None = None, **changed: Any) -> Proof:
        tools = changed.pop("tools", self.tools)
        return await prove_backup(self.vault, self.read(), self.identities, tools, server=server, **changed)

    def edit_manifest(self, edit: Callable[[dict[str, Any]], object]) -> None:
        """Change the manifest and sign it again."""
        path = self.folder / "manifest.json"
        body = json.loads(path.read_text())["manifest"]
        edit(body)
        path.write_bytes(seal(body, KEY))

    def take_archives_of(self, other: StoredBackup) -> None:
        """Hold the archives of another backup as if pg_dump had written them: every hash is right."""
        archives = json.loads((other.folder / "manifest.json").read_text())["manifest"]["objects"]
        for archive in archives:
            (self.folder / archive["name"]).write_bytes((other.folder / archive["name"]).read_bytes())
        self.edit_manifest(lambda body: body.update(objects=archives))


async def store_backup(settings: ConnectionSettings, folder: Path, **request: Any) -> StoredBackup:
    """Back up a database into a vault in a folder, with the identity file beside it."""
    folder.mkdir(exist_ok=True)
    vault, tools, identity = LocalVault(folder / "vault"), await find_tools(), folder / "identity"
    recipient = make_key(identity) if not identity.exists() else public_key(identity)
    created = await create_backup(settings, vault, tools, BackupRequest((recipient,), KEY, **request))
    return StoredBackup(vault, folder / "vault" / str(created.manifest.id), identity, recipient, tools)


def public_key(identity: Path) -> str:
    command = [program("age-keygen"), "-y", identity]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


def scratch_folders() -> list[Path]:
    """The folders of scratch servers in the temporary folder of this process."""
    return list(Path(tempfile.gettempdir()).glob("retail-proof-*"))


def scratch_connection() -> list[str]:
    """Options of psql for the database of the one scratch server that runs there."""
    (folder,) = scratch_folders()
    options = ["-h", str(folder / "socket"), "-U", SUPERUSER]
    listing = "select datname from pg_database where datname like 'retail\\_proof\\_%'"
    psql = shutil.which("psql") or "psql"
    command = [psql, "-XAtq", *options, "-d", "postgres", "-c", listing]
    completed = subprocess.run(command, check=True, capture_output=True, text=True)
    return [*options, "-d", completed.stdout.strip()]


def scratch_processes() -> list[int]:
    """The processes of scratch servers in the temporary folder of this process."""
    prefix = os.path.join(os.path.realpath(tempfile.gettempdir()), "retail-proof-")
    return [
        process.pid
        for process in psutil.process_iter()
        if any(prefix in part for part in _command(process)) or _folder(process).startswith(prefix)
    ]


def _command(process: psutil.Process) -> list[str]:
    try:
        return process.cmdline()
    except psutil.Error:
        return []


def _folder(process: psutil.Process) -> str:
    try:
        return process.cwd()
    except psutil.Error:
        return ""
