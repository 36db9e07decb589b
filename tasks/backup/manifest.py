"""The manifest of a backup: what it holds, written last and only when everything is in the vault.

It is one JSON object: ``manifest`` and ``authentication``. The latter is an HMAC-SHA256 over the canonical JSON of the
former (keys sorted, no blanks, ASCII), made with a key that only those who back up and restore have, so that a changed
manifest is found out. A vault without a manifest for an id has no backup of that id.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass, is_dataclass
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from tasks.errors import BackupDamaged

FORMAT = 1
MANIFEST = "manifest.json"
_ALGORITHM = "hmac-sha256"
Authenticity = Literal["authentic", "not authenticated"]


@dataclass(frozen=True)
class TableRows:
    """The rows of an ordinary table or of a partition root, counted in the snapshot.

    Attributes:
        name: Qualified name, quoted where Postgres wants quotes.
        rows: Exact number of rows.
        fingerprint: Order-independent hash of the rows, a decimal number as text; see ``tasks.backup.catalogue.fingerprints``.
    """

    name: str
    rows: int
    fingerprint: str


@dataclass(frozen=True)
class ArchiveObject:
    """One archive of pg_dump in the vault.

    Attributes:
        name: Name below the backup's folder: a number in ASCII, ending in ``.dump.age``.
        table: Qualified name of the table whose data it holds; empty for another archive.
        size: Bytes in the vault.
        sha256: Hash of those bytes.
        plain_size: Bytes before encryption.
        managed: Managed schema whose rows it holds; empty for another archive. Without table and schema it is the main
            archive: everything else.
    """

    name: str
    table: str
    size: int
    sha256: str
    plain_size: int
    managed: str = ""


@dataclass(frozen=True)
class WarehouseState:
    """What the ledger said in the snapshot; only for a database with the schema ``retail_ops``.

    Attributes:
        revision: Revision of the schemas.
        deliveries: Number of deliveries.
        deliveries_sha256: Hash over feed, name, content and reading settings of every delivery, in order.
        run: The newest run that ended completed; None if there is none.
        quality_score: Its score.
        last_good_run: The newest completed run whose score is at least its own threshold; None if there is none.
        runs: Ids of the runs that the ledger held, newest first, 10,000 at most.
    """

    revision: str
    deliveries: int
    deliveries_sha256: str
    run: str | None
    quality_score: float | None
    last_good_run: str | None
    runs: tuple[str, ...]


@dataclass(frozen=True)
class Manifest:
    """What a backup holds.

    Attributes:
        id: Id of the backup, also the name of its folder in the vault.
        kind: ``full``, or ``table`` for the tables in ``tables`` alone.
        created_at: When its snapshot was taken, with time zone.
        finished_at: When the last archive was in the vault, with time zone.
        database: Name of the database.
        warehouse_address: Address without the password.
        server_version: As ``show server_version_num``, such as 170010.
        tool_version: Major version of pg_dump.
        compression: ``zstd`` or ``gzip``.
        snapshot: Id of the exported snapshot.
        locale: Encoding, provider, locale, ICU rules and collation version of the database.
        included: Managed schemas whose rows were asked for (``auth``, ``storage``).
        excluded_schemas: Schemas that were left out.
        not_restorable: What this backup cannot bring back, a sentence each.
        catalogue: See ``tasks.backup.catalogue.catalogue``.
        catalogue_sha256: Its hash before the dump; the same as after it.
        fingerprint_rule: Version of the rule by which rows are hashed.
        rows: Every ordinary table and partition root.
        objects: The archives.
        warehouse: The state of the ledger, None for another database.
        package_version: Version of this package.
    """

    id: UUID
    kind: Literal["full", "table"]
    tables: tuple[str, ...]
    created_at: datetime
    finished_at: datetime
    database: str
    warehouse_address: str
    server_version: int
    tool_version: int
    compression: Literal["zstd", "gzip"]
    snapshot: str
    locale: Mapping[str, str]
    included: tuple[str, ...]
    excluded_schemas: tuple[str, ...]
    not_restorable: tuple[str, ...]
    catalogue: Mapping[str, Any]
    catalogue_sha256: str
    fingerprint_rule: int
    rows: tuple[TableRows, ...]
    objects: tuple[ArchiveObject, ...]
    warehouse: WarehouseState | None
    package_version: str

    @property
    def size(self) -> int:
        """Bytes of all archives in the vault."""
        return sum(archive.size for archive in self.objects)

    @property
    def server_major(self) -> int:
        """Major version of the server."""
        return self.server_version // 10_000


def canonical(value: Any) -> bytes:
    """Return the canonical JSON of a value: keys sorted, no blanks, ASCII; dataclasses as objects, else as text."""
    return json.dumps(
        value, sort_keys=True, separators=(",", ":"), ensure_ascii=True, default=_plain
    ).encode()


def _plain(value: Any) -> Any:
    return vars(value) if is_dataclass(value) else str(value)


def sha256_of(value: Any) -> str:
    """Return the SHA-256 of the canonical JSON of a value."""
    return hashlib.sha256(canonical(value)).hexdigest()


def key_id(key: bytes) -> str:
    """Return a name for a manifest key that tells nothing of it."""
    return hashlib.sha256(b"retail manifest key\0" + key).hexdigest()[:16]


def seal(body: Any, key: bytes | None) -> bytes:
    """Return a JSON document with the body under ``manifest``; without a key it is not authenticated."""
    document: dict[str, Any] = {"manifest": body}
    if key is not None:
        document["authentication"] = {
            "algorithm": _ALGORITHM,
            "key_id": key_id(key),
            "mac": hmac.digest(key, canonical(body), "sha256").hex(),
        }
    return canonical(document) + b"\n"


def unseal(data: bytes, key: bytes | None, backup: str) -> tuple[Any, Authenticity]:
    """Return the body of a document, and whether the key proves who wrote it.

    Raises:
        BackupDamaged: it is no such document, or it was changed after it was written with this key.
    """
    try:
        document = json.loads(data)
        body, found = document["manifest"], document.get("authentication") or {}
        if key is None or found.get("key_id") != key_id(key):
            return body, "not authenticated"
        expected = hmac.digest(key, canonical(body), "sha256").hex()
        is_authentic = hmac.compare_digest(expected, str(found.get("mac")))
    except (ValueError, KeyError, TypeError, AttributeError):
        raise _damaged(backup, "its manifest cannot be read.") from None
    if not is_authentic:
        raise _damaged(backup, "its manifest was changed after it was written.")
    return body, "authentic"


def write_manifest(manifest: Manifest, key: bytes | None) -> bytes:
    """Return the bytes of ``manifest.json``; without a key they are not authenticated."""
    return seal(json.loads(canonical({"format": FORMAT, **vars(manifest)})), key)


def read_manifest(data: bytes, key: bytes | None, backup: str) -> tuple[Manifest, Authenticity]:
    """Parse a manifest and check who wrote it.

    Args:
        data: The bytes of ``manifest.json``.
        key: The manifest key; None checks nothing.
        backup: Id of the backup, which the manifest must name.

    Returns:
        The manifest, and whether the key proves it. A manifest that was written with another key, or with none, is
        "not authenticated".

    Raises:
        BackupDamaged: it is no manifest of this format, of another backup, or was changed after it was written.
    """
    body, authenticity = unseal(data, key, backup)
    try:
        if body["format"] != FORMAT:
            raise _damaged(backup, f"its manifest has format {body['format']}, this release reads {FORMAT}.")
        manifest = _parse(body)
    except (ValueError, KeyError, TypeError, AttributeError):
        raise _damaged(backup, "its manifest cannot be read.") from None
    if str(manifest.id) != backup:
        raise _damaged(backup, f"its manifest is that of backup {manifest.id}.")
    return manifest, authenticity


def _damaged(backup: str, what: str) -> BackupDamaged:
    return BackupDamaged(
        what,
        "Do not restore it: take another backup (retail backups), and find out who can write to the vault.",
        backup=backup,
        findings=(what,),
    )


def _parse(body: Mapping[str, Any]) -> Manifest:
    values = {name: body[name] for name in Manifest.__dataclass_fields__}
    warehouse = values["warehouse"]
    if warehouse is not None:
        warehouse = WarehouseState(**{**warehouse, "runs": tuple(warehouse["runs"])})
    return Manifest(
        **{
            **values,
            "id": UUID(values["id"]),
            "created_at": datetime.fromisoformat(values["created_at"]),
            "finished_at": datetime.fromisoformat(values["finished_at"]),
            "rows": tuple(TableRows(**table) for table in values["rows"]),
            "objects": tuple(ArchiveObject(**archive) for archive in values["objects"]),
            "warehouse": warehouse,
            **{
                name: tuple(values[name])
                for name in ("tables", "included", "excluded_schemas", "not_restorable")
            },
        }
    )
