"""Verify a backup: every object is read again, to its end, and compared with the manifest.

First the hash, then the decryption, then the archive to its last byte, then its contents. The hash finds every changed
bit; a whole reading finds what was cut before it was encrypted. What was changed between pg_dump and the hash only a
restore finds: see ``tasks.backup.proof.proof``.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, BinaryIO

from tasks import progress
from tasks.backup.catalogue.identifiers import parts_of
from tasks.backup.dump.child import started
from tasks.backup.dump.holder import some
from tasks.backup.dump.tools import Tools
from tasks.backup.keys.encryption import Identities, decrypt
from tasks.backup.listing import Backup
from tasks.backup.manifest import ArchiveObject, Authenticity, Manifest
from tasks.backup.restore.contents import Contents, parse_contents
from tasks.backup.vault.store import Vault
from tasks.errors import BackupDamaged, ToolMissing, VaultError, WrongIdentity

_CHUNK = 1 << 20


@dataclass(frozen=True)
class Verification:
    """What reading a backup showed.

    Attributes:
        backup: Its id.
        manifest: Whether the manifest key proves the manifest.
        objects: Number of archives.
        size_bytes: Bytes that were read.
        contents_read: Whether the archives were decrypted and read; without an identity only their hashes are checked.
        findings: What is wrong, a sentence each; empty for a sound backup.
    """

    backup: str
    manifest: Authenticity
    objects: int
    size_bytes: int
    contents_read: bool
    findings: tuple[str, ...]


async def verify_backup(
    vault: Vault, backup: Backup, identities: Identities | None, tools: Sequence[Tools]
) -> Verification:
    """Read every object of a backup.

    Args:
        vault: The vault.
        backup: The backup.
        identities: Secret keys; None checks the hashes only.
        tools: The client programs of this machine.

    Raises:
        BackupDamaged: the manifest cannot be read.
        WrongIdentity: no key of the identity file opens the backup, whose hashes are right.
        ToolMissing: no pg_restore here reads its archives.
        VaultUnreachable: the vault gives no answer.
    """
    manifest = backup.readable()
    tool = reader_of(manifest, tools) if identities is not None else None
    findings, read = [], 0
    for archive in manifest.objects:
        progress.report("backup.verify", archive.name, read, manifest.size)
        findings += await _verify_object(vault, backup.id, manifest, archive, identities, tool)
        read += archive.size
    return Verification(
        backup.id, backup.authenticity, len(manifest.objects), read, identities is not None, tuple(findings)
    )


def reader_of(manifest: Manifest, tools: Sequence[Tools]) -> Tools:
    """Return the programs that read a backup's archives: of its own version, else of the next higher.

    Raises:
        ToolMissing: there are none.
    """
    fitting = [
        tool
        for tool in tools
        if tool.major >= manifest.tool_version and (manifest.compression != "zstd" or tool.supports_zstd)
    ]
    if not fitting:
        zstd = " with zstd" if manifest.compression == "zstd" else ""
        raise ToolMissing(
            f"No pg_restore on this machine reads archives of version {manifest.tool_version}{zstd}.",
            f"Install the client programs: apt-get install postgresql-client-{manifest.tool_version} (or newer), or name "
            "their folder in RETAIL_POSTGRES_BIN.",
            tool="pg_restore",
        )
    return min(fitting, key=lambda tool: tool.major)


async def _verify_object(
    vault: Vault,
    backup: str,
    manifest: Manifest,
    archive: ArchiveObject,
    identities: Identities | None,
    tool: Tools | None,
) -> list[str]:
    name = f"{backup}/{archive.name}"
    try:
        if identities is None or tool is None:
            hashed = await asyncio.to_thread(_hash, vault, name)
            return _compare(archive, hashed)
        reading = _Reading(vault, name)
        problem, text = await _read_archive(reading, identities, tool)
    except VaultError as error:
        return [f"{archive.name}: {error.what}"]
    differing = _compare(archive, reading.hashed)
    if differing:
        return differing
    if reading.wrong_identity is not None:
        raise reading.wrong_identity
    if problem:
        return [f"{archive.name}: its hash is right, but {problem}"]
    missing = missing_entries(manifest, archive, contents_of(manifest, text))
    return [f"{archive.name}: it lacks {some(missing)}."] if missing else []


@dataclass
class _Hashed:
    size: int
    sha256: str


def _hash(vault: Vault, name: str) -> _Hashed:
    digest, size = hashlib.sha256(), 0
    with vault.reader(name) as stream:
        while chunk := stream.read(_CHUNK):
            digest.update(chunk)
            size += len(chunk)
    return _Hashed(size, digest.hexdigest())


def _compare(archive: ArchiveObject, hashed: _Hashed) -> list[str]:
    if hashed.size != archive.size:
        return [f"{archive.name}: it has {hashed.size:,} bytes instead of {archive.size:,}."]
    if hashed.sha256 != archive.sha256:
        return [f"{archive.name}: its bytes were changed (SHA-256 differs)."]
    return []


class _Reading:
    """Decrypts an object into pipes and hashes all of it, also behind a place that cannot be decrypted."""

    def __init__(self, vault: Vault, name: str) -> None:
        self._vault = vault
        self._name = name
        self._digest = hashlib.sha256()
        self._size = 0
        self.damage = ""
        self.wrong_identity: WrongIdentity | None = None

    @property
    def hashed(self) -> _Hashed:
        return _Hashed(self._size, self._digest.hexdigest())

    def decrypt_into(self, targets: Sequence[BinaryIO], identities: Identities) -> None:
        with self._vault.reader(self._name) as stream:
            self._stream = stream
            try:
                decrypt(self, _Tee(targets), identities)
            except BackupDamaged as error:
                self.damage = error.what
            except WrongIdentity as error:
                self.wrong_identity = error
            finally:
                for target in targets:
                    with suppress(OSError):
                        target.close()
            while self.read(_CHUNK):
                pass

    def read(self, size: int = -1, /) -> bytes:
        chunk: bytes = self._stream.read(_CHUNK if size < 0 else size)
        self._digest.update(chunk)
        self._size += len(chunk)
        return chunk


class _Tee:
    """Writes to several pipes; one whose reader has ended gets no more."""

    def __init__(self, targets: Sequence[BinaryIO]) -> None:
        self._targets = list(targets)

    def write(self, data: bytes, /) -> int:
        for target in tuple(self._targets):
            try:
                target.write(data)
            except BrokenPipeError:
                self._targets.remove(target)
        return len(data)


class _Pipes:
    """Pipes from the decryption to two children, and from one of them back."""

    def __init__(self) -> None:
        (self.whole, whole_write), (self.list, list_write) = os.pipe(), os.pipe()
        output_read, self.output = os.pipe()
        self.targets = tuple(os.fdopen(end, "wb", buffering=0) for end in (whole_write, list_write))
        self.listing = os.fdopen(output_read, "rb")
        self._of_children = [self.whole, self.list, self.output]

    def close_those_of_children(self) -> None:
        while self._of_children:
            os.close(self._of_children.pop())

    def close(self) -> None:
        self.close_those_of_children()
        for stream in (*self.targets, self.listing):
            with suppress(OSError):
                stream.close()


async def _read_archive(reading: _Reading, identities: Identities, tool: Tools) -> tuple[str, str]:
    """Read an archive to its end, and list its contents; return what is wrong with it, and the list."""
    pipes = _Pipes()
    try:
        async with (
            started(tool.pg_restore, ["--file=/dev/null"], stdin=pipes.whole) as whole,
            started(tool.pg_restore, ["--list"], stdin=pipes.list, stdout=pipes.output) as lister,
        ):
            pipes.close_those_of_children()
            _, listing = await asyncio.gather(
                asyncio.to_thread(reading.decrypt_into, pipes.targets, identities),
                asyncio.to_thread(pipes.listing.read),
            )
            codes = await whole.wait(), await lister.wait()
    finally:
        pipes.close()
    if reading.damage:
        return reading.damage, ""
    if codes[0]:
        return f"pg_restore cannot read it to its end: {whole.messages}", ""
    if codes[1]:
        return f"pg_restore cannot list it: {lister.messages}", ""
    return "", listing.decode(errors="replace")


def contents_of(manifest: Manifest, listing: str) -> Contents:
    """Parse the output of ``pg_restore --list`` with the names of the backup's catalogue."""
    catalogue = manifest.catalogue
    schemas = [parts_of(name)[0] for name in catalogue.get("schemas", {})]
    return parse_contents(listing, [*schemas, *manifest.included], list(catalogue.get("roles", {})))


def missing_entries(manifest: Manifest, archive: ArchiveObject, contents: Contents) -> list[str]:
    """Return what an archive lacks by the manifest: the rows of a table, or the definition of a relation."""
    if archive.managed:
        return []
    present = {(entry.kind, entry.schema, entry.name) for entry in contents.entries}
    if archive.table:
        return _lacking(present, "TABLE DATA", [archive.table])
    relations = manifest.catalogue.get("relations", {})
    elsewhere = {other.table for other in manifest.objects}
    tables = [name for name, relation in relations.items() if relation["kind"] == "table"]
    return [
        *_lacking(present, "TABLE", [*tables, *_of_kind(relations, "partitioned table")]),
        *_lacking(present, "VIEW", _of_kind(relations, "view")),
        *_lacking(present, "TABLE DATA", [name for name in tables if name not in elsewhere]),
    ]


def _of_kind(relations: Mapping[str, Any], kind: str) -> list[str]:
    return [name for name, relation in relations.items() if relation["kind"] == kind]


def _lacking(present: Collection[tuple[str, str, str]], kind: str, names: Sequence[str]) -> list[str]:
    what = "the rows of" if kind == "TABLE DATA" else kind.lower()
    return [f"{what} {name}" for name in names if (kind, *parts_of(name)) not in present]
