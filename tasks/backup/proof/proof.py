"""Prove a backup: restore all of it into a scratch database, and compare that with the manifest.

Only a restore shows that the rows are those of the snapshot: a bit that flipped between pg_dump and our hash has the
right hash. So rows and fingerprints, definitions, keys, policies, privileges and sequences are compared, and a finding
is either a difference, or something that could not be checked since the server lacks what it needs. The latter never
counts as passed.

Rows of Supabase's managed schemas can only be restored into a project of Supabase: they are read to their end, and the
proof is incomplete.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from tasks import progress
from tasks.backup.catalogue.catalogue import read_catalogue
from tasks.backup.catalogue.differences import Difference, find_differences
from tasks.backup.catalogue.fingerprints import RULE, count_rows, row_differences
from tasks.backup.catalogue.identifiers import parts_of, quoted
from tasks.backup.catalogue.scope import Scope
from tasks.backup.catalogue.sql_text import unquoted
from tasks.backup.dump.tools import Tools
from tasks.backup.keys.encryption import Identities
from tasks.backup.listing import Backup, Outcome, Proof, new_proof
from tasks.backup.manifest import Manifest, TableRows
from tasks.backup.proof.needs import Needs, find_needs, without_extensions
from tasks.backup.proof.scratch_database import ScratchDatabase, scratch_database
from tasks.backup.proof.table import (
    ForeignNeed,
    foreign_needs,
    leaving_out,
    platform_needs,
    prepare_for_table,
    without_needs,
)
from tasks.backup.restore.decrypted import DecryptedArchives
from tasks.backup.restore.restore import RestoreRequest, RestoreSource, plan_restore, restore_database
from tasks.backup.restore.unmet_references import find_unmet
from tasks.backup.vault.store import Vault
from tasks.backup.verify import reader_of, verify_backup
from tasks.errors import BackupDamaged, RestoreFailed, RetailError, ScratchServerFailed
from tasks.postgres.connect import ConnectionSettings, connected

_PROJECT = "a Supabase project"


async def prove_backup(
    vault: Vault,
    backup: Backup,
    identities: Identities,
    tools: Sequence[Tools],
    *,
    server: ConnectionSettings | None = None,
    jobs: int = 2,
) -> Proof:
    """Restore a backup into a scratch database and compare everything with its manifest.

    Args:
        vault: The vault.
        backup: The backup.
        identities: Secret keys, one of which opens it.
        tools: The client programs of this machine.
        server: A server for the scratch database, as a role with CREATEDB; None for a server that is made for the proof.
        jobs: Jobs side by side.

    Returns:
        The proof; nothing is saved yet.

    Raises:
        BackupDamaged: what is in the vault is not what was written; nothing was restored. Attribute: ``findings``.
        WrongIdentity: no key opens it.
        ToolMissing: this machine has no server for it, or no pg_restore.
        ScratchServerFailed: the server does not start, ended meanwhile, or has no space; the backup is not to blame.
        VaultUnreachable, WarehouseUnreachable: the vault or the given server gives no answer.
    """
    manifest = backup.readable()
    reader_of(manifest, tools)
    progress.report("proof.verify", backup.id, 0, manifest.size)
    verified = await verify_backup(vault, backup, identities, tools)
    if verified.findings:
        raise BackupDamaged(
            "\n".join(("it is damaged:", *verified.findings)),
            "Take another backup: retail backups.",
            backup=backup.id,
            findings=verified.findings,
        )
    async with scratch_database(manifest, tools, server) as scratch:
        archives = DecryptedArchives(vault, manifest, identities)
        findings = await _Trial(manifest, archives, tuple(tools), scratch, jobs).run()
        proof = new_proof(manifest.id, findings.outcome, findings.sentences, scratch.server_version)
    progress.report("proof.done", f"{backup.id}: {proof.outcome}", manifest.size, manifest.size)
    return proof


@dataclass(frozen=True)
class _Findings:
    """What differs, and what could not be checked."""

    differences: tuple[str, ...] = ()
    unchecked: tuple[str, ...] = ()

    @property
    def outcome(self) -> Outcome:
        return "failed" if self.differences else "incomplete" if self.unchecked else "passed"

    @property
    def sentences(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys((*self.differences, *self.unchecked)))


@dataclass(frozen=True)
class _Trial:
    """One restore into a scratch database, and the comparison."""

    manifest: Manifest
    archives: DecryptedArchives
    tools: tuple[Tools, ...]
    scratch: ScratchDatabase
    jobs: int

    async def run(self) -> _Findings:
        try:
            return await self._run()
        except RetailError as error:
            await self._ensure_well(error)
            raise

    async def _run(self) -> _Findings:
        async with connected(self.scratch.settings) as connection:
            needs = await find_needs(connection, self.manifest)
            if self.manifest.tables:
                await prepare_for_table(connection, self.manifest)
                outside = foreign_needs(self.manifest)
            else:
                unmet = await find_unmet(connection, self.manifest)
                outside = platform_needs(self.manifest, unmet, _PROJECT)
        unchecked = [
            *(_unchecked(need) for need in (*self.scratch.lacks, *needs.features)),
            *(_unchecked(_PROJECT, f"the rows of {schema}") for schema in self.manifest.included),
            *(_unchecked(item.need, item.what) for item in outside),
        ]
        findings = await self._restore(needs, outside, bool(unchecked)) or await self._compare(needs, outside)
        return _Findings(findings.differences, (*unchecked, *findings.unchecked))

    async def _restore(
        self, needs: Needs, outside: Sequence[ForeignNeed], lacks_something: bool
    ) -> _Findings | None:
        """Restore the backup; return why that was not possible, None if it was."""
        # Neither load lock nor upgrade: the restored database is compared as it was.
        manifest = replace(
            without_needs(without_extensions(self.manifest, needs.extensions), outside),
            warehouse=None,
            included=(),
            objects=tuple(archive for archive in self.manifest.objects if not archive.managed),
        )
        source = RestoreSource(manifest, self.archives, self.tools, leaving_out(outside))
        progress.report("proof.restore", f"{len(manifest.objects)} archives", 0, manifest.size)
        try:
            plan = await plan_restore(source, self.scratch.settings)
            if plan.refusals:
                return _Findings(unchecked=tuple(f"could not check: {text}" for text in plan.refusals))
            await restore_database(source, self.scratch.settings, RestoreRequest(jobs=self.jobs))
        except RestoreFailed as error:
            await self._ensure_well(error)
            return self._stopped(error, needs, lacks_something)
        return None

    async def _ensure_well(self, error: RetailError) -> None:
        """Raise ScratchServerFailed if the server of our own is to blame."""
        trouble = await self.scratch.server.trouble() if self.scratch.server else ""
        if trouble:
            raise ScratchServerFailed(
                f"the scratch server failed: {trouble}.",
                "Check space and memory of this machine (TMPDIR), and prove it again.",
                backup=str(self.manifest.id),
            ) from error

    def _stopped(self, error: RestoreFailed, needs: Needs, lacks_something: bool) -> _Findings:
        """A restore that failed speaks against the backup, unless the server lacks something."""
        what = f"the restore stopped: {error.what}"
        feature = self.scratch.server.missing_feature() if self.scratch.server else ""
        if feature:
            return _Findings(unchecked=(_unchecked("a feature of Postgres", feature), what))
        if self.manifest.tables:
            return _Findings(unchecked=(_unchecked("what the table depends on", what),))
        if self.manifest.excluded_schemas:
            platform = [_unchecked(need) for need in needs.of_platform]
            return _Findings(unchecked=(*platform, _unchecked(_PROJECT, what)))
        if lacks_something or not self.scratch.is_superuser:
            return _Findings(unchecked=(f"could not check: {what}",))
        return _Findings(differences=(what,))

    async def _compare(self, needs: Needs, outside: Sequence[ForeignNeed]) -> _Findings:
        manifest = self.manifest
        progress.report("proof.compare", f"{len(manifest.rows)} tables")
        scope = Scope(tables=manifest.tables)
        async with connected(self.scratch.settings) as connection:
            rows = await count_rows(connection, scope)
            catalogue = await read_catalogue(connection, scope)
        expected = [table for table in manifest.rows if parts_of(table.name)[0] not in manifest.included]
        owners_known = _owners_of_large_objects_known(manifest)
        unchecked = (
            [] if owners_known else ["could not check: which large objects belong to each of their owners."]
        )
        if manifest.fingerprint_rule != RULE:
            release = f"a release with version {manifest.fingerprint_rule} of the fingerprints"
            unchecked += [_unchecked(release, "the values of the rows")]
            expected = _with_fingerprints_of(rows, expected)
        found = find_differences(
            manifest.catalogue,
            catalogue,
            majors=(manifest.server_major, self.scratch.major),
            left_out=[
                *(("extensions", quoted(name)) for name in needs.extensions),
                *(("schemas", quoted(name)) for name in manifest.excluded_schemas),
                *((item.section, item.key) for item in outside),
                *(
                    ("large_objects", key)
                    for key in _large_objects(manifest.catalogue, catalogue)
                    if not owners_known
                ),
            ],
        )
        excused = [difference for difference in found if self._needs_superuser(difference)]
        return _Findings(
            (*row_differences(expected, rows), *(item.sentence for item in found if item not in excused)),
            (*unchecked, *(_unchecked("a superuser", item.sentence) for item in excused)),
        )

    def _needs_superuser(self, difference: Difference) -> bool:
        """Whether the restore left it out, since the role of a given server is no superuser."""
        item = self.manifest.catalogue.get(difference.section, {}).get(difference.name, {})
        return not self.scratch.is_superuser and (
            difference.section == "event_triggers"
            or (difference.section == "functions" and bool(item.get("leakproof")))
            or (difference.section == "publications" and bool(item.get("all_tables") or item.get("schemas")))
        )


def _unchecked(need: str, what: str = "") -> str:
    return f"could not check: needs {need}" + (f" ({what.removesuffix('.')})." if what else ".")


def _owners_of_large_objects_known(manifest: Manifest) -> bool:
    """Whether a restore can tell whose is which: the catalogue names only those with privileges of their own."""
    groups = manifest.catalogue.get("large_objects", {}).values()
    return len({group["owner"] for group in groups if not group.get("ids")}) <= 1


def _large_objects(*catalogues: Mapping[str, Any]) -> set[str]:
    return {key for catalogue in catalogues for key in catalogue.get("large_objects", {})}


def _with_fingerprints_of(rows: Sequence[TableRows], expected: Sequence[TableRows]) -> list[TableRows]:
    """The expected tables, so that only their numbers of rows can differ."""
    fingerprints = {unquoted(table.name): table.fingerprint for table in rows}
    return [
        replace(table, fingerprint=fingerprints.get(unquoted(table.name), table.fingerprint))
        for table in expected
    ]
