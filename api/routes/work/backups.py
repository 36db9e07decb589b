"""Backups: make, verify, prove and restore them."""

from __future__ import annotations

import asyncio
from typing import Annotated

from fastapi import Body, Path

from api.models.work import BackupRequest, OfVault, ProveRequest, RestoreRequest, StartedRun
from api.problems import Problem
from api.query_types import Id
from api.routes.routers import API, SUPABASE, operator_router
from api.routes.work.started import Starter, work_answers
from api.state import Pool
from api.work import operations
from api.work.catalogue import find_table
from flows.vault_access import opened_vault
from tasks.backup.listing import find_backup

router = operator_router(SUPABASE, "Backups")
of_backups = operator_router(API, "Backups")

_BACKUP, _OF_VAULT, _PROOF = BackupRequest(), OfVault(), ProveRequest()
_Table = Annotated[
    str,
    Path(
        min_length=1,
        max_length=200,
        pattern=r"^[^\x00]+$",
        description="A table; without a schema it is one of retail_dwh.",
        examples=["dim_product"],
    ),
]
_Backup = Annotated[Id, Path(description="Id of the backup, or its beginning.", examples=["0f0e2c4b"])]


@router.post("/backup/create", status_code=202, responses=work_answers())
async def create_backup(starter: Starter, body: Annotated[BackupRequest, Body()] = _BACKUP) -> StartedRun:
    """Back up the whole database into the vault, encrypted."""
    return await starter.start(operations.BACKUP, body.given())


@router.post("/backup/table/{name}", status_code=202, responses=work_answers(404))
async def back_up_table(
    starter: Starter, pool: Pool, name: _Table, body: Annotated[OfVault, Body()] = _OF_VAULT
) -> StartedRun:
    """Back up one table into the vault, encrypted."""
    table = await find_table(pool, name)
    return await starter.start(operations.TABLE_BACKUP, {**body.given(), "tables": [table]})


@of_backups.post("/backups/{id}/verify", status_code=202, responses=work_answers(404))
async def verify_backup(
    starter: Starter,
    id: _Backup,  # noqa: A002 - the name in the address
    body: Annotated[OfVault, Body()] = _OF_VAULT,
) -> StartedRun:
    """Read every object of a backup again: its hash, its decryption, its contents."""
    return await starter.start(operations.VERIFY, {**body.given(), "backup": await _found(starter, id, body)})


@of_backups.post("/backups/{id}/prove", status_code=202, responses=work_answers(404))
async def prove_backup(
    starter: Starter,
    id: _Backup,  # noqa: A002 - the name in the address
    body: Annotated[ProveRequest, Body()] = _PROOF,
) -> StartedRun:
    """Restore a backup into a scratch database, and compare everything with what was backed up."""
    return await starter.start(operations.PROVE, {**body.given(), "backup": await _found(starter, id, body)})


@of_backups.post("/restore", status_code=202, responses=work_answers(404))
async def restore_backup(starter: Starter, body: RestoreRequest) -> StartedRun:
    """Restore a backup, or one table of it; without a confirmation only show the plan, as outcome of the run."""
    given = body.given()
    if not (body.backup or body.last_good or body.run):
        raise Problem(422, "No backup is chosen.", "Send backup (GET /api/v1/backups), last_good or run.")
    operation = operations.TABLE_RESTORE if body.table else operations.RESTORE
    operation.check(given)
    if body.backup:
        given["backup"] = await _found(starter, body.backup, body)
    return await starter.start(operation, given)


async def _found(starter: Starter, backup: str, body: OfVault) -> str:
    """Return the full id of a backup in the vault. Raises BackupMissing."""
    opened = await opened_vault(body.vault or starter.state.settings.vault)
    return (await asyncio.to_thread(find_backup, opened.vault, opened.manifest_key, backup)).id
