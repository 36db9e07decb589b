"""The backups in the vault."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Any

from fastapi import Path

from api.models.backups import BACKUP, BACKUPS, Backup, BackupDetails
from api.models.base import Page
from api.problems import READ_PROBLEMS, Problem, answers
from api.query_types import Id, Paging
from api.routes.routers import API, viewer_router
from api.state import State
from flows.vault_access import ListedBackups, backups_in

router = viewer_router(API, "Backups")
BackupId = Annotated[Id, Path(description="Id of a backup.")]


@router.get("/backups", responses=answers(BACKUPS, *READ_PROBLEMS))
async def backups(state: State, paging: Paging) -> Page[Backup]:
    """List the backups in the vault, newest first."""
    rows = (await backups_in(state.settings.vault)).as_json()["backups"]
    chosen = rows[paging.offset : paging.offset + paging.page_size]
    return Page[Backup].model_validate({"items": chosen, "total": len(rows), **paging.as_members()})


@router.get("/backups/{id}", responses=answers(BACKUP, 404, *READ_PROBLEMS))
async def backup_details(
    state: State,
    id: BackupId,  # noqa: A002 - the name in the address
) -> BackupDetails:
    """Tell what a backup has, and how its test restores ended."""
    return BackupDetails.model_validate(_details(await backups_in(state.settings.vault), id))


def _details(listed: ListedBackups, backup_id: str) -> dict[str, Any]:
    for row, backup in zip(listed.as_json()["backups"], listed.backups, strict=True):
        if backup.id != backup_id:
            continue
        manifest = backup.manifest
        proofs = [asdict(proof) for proof in backup.proofs]
        return {
            **row,
            "finished_at": manifest.finished_at if manifest else None,
            "server_version": manifest.server_version if manifest else None,
            "package_version": manifest.package_version if manifest else None,
            "not_restorable": list(manifest.not_restorable) if manifest else [],
            "rows": [
                {"table": table.name, "rows": table.rows} for table in (manifest.rows if manifest else ())
            ],
            "proofs": [
                {name: value for name, value in proof.items() if name != "backup_id"} for proof in proofs
            ],
        }
    raise Problem(404, f"The vault has no backup {backup_id}.", "List them: GET /api/v1/backups")
