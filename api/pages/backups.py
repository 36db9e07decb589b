"""The backups in the vault, and whether a test restore has proven them."""

from __future__ import annotations

from fastapi import APIRouter
from fastapi.responses import HTMLResponse

from api.pages.site import answer_or_notice, page, page_router, paginate
from api.query_types import Paging
from api.state import State
from flows.vault_access import backups_in

router: APIRouter = page_router()


@router.get("/backups")
async def backups(state: State, paging: Paging) -> HTMLResponse:
    """Show the backups, newest first."""
    listed, notice = await answer_or_notice(backups_in(state.settings.vault))
    if listed is None:
        return page("backups.html", "/backups", "Backups", notice=notice, listed=None)
    rows = [
        {**row, "findings": backup.proofs[0].findings if backup.proofs else ()}
        for row, backup in zip(listed.as_json()["backups"], listed.backups, strict=True)
    ]
    return page(
        "backups.html",
        "/backups",
        "Backups",
        notice=None,
        listed=listed,
        rows=rows[paging.offset : paging.offset + paging.page_size],
        proven=sum(row["proven"] for row in rows),
        bytes=sum(row["size_bytes"] for row in rows),
        pagination=paginate("/backups", paging, len(rows)),
    )
