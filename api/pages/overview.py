"""The first page: health, the last runs, the last backup and its proof."""

from __future__ import annotations

import asyncio
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from api.health import read_health
from api.pages.site import Notice, answer_or_notice, fetch_page_answer, page, page_router
from api.state import ApiState, Pool, State
from flows.vault_access import ListedBackups, backups_in
from tasks.errors import RetailError
from tasks.postgres.pool import QueryPool
from tasks.warehouse.status import read_state

# The rest of the page does not wait longer for a vault that is far away.
_VAULT_SECONDS = 5.0
router: APIRouter = page_router()


@router.get("/")
async def overview(request: Request, pool: Pool, state: State) -> HTMLResponse:
    """Show how the warehouse is."""
    health = await read_health(pool)
    ledger, notice = await answer_or_notice(read_state(pool, runs=8))
    sales = await _sales_totals(request, pool) if ledger and ledger.runs else []
    backups, vault_notice = await _backups(state)
    listed = backups.as_json()["backups"] if backups else []
    proofs = [proof for backup in (backups.backups if backups else ()) for proof in backup.proofs]
    return page(
        "overview.html",
        "/",
        "Overview",
        health=health,
        missing=[table.name for table in health.tables if not table.exists],
        ledger=ledger,
        notice=notice,
        sales=sales,
        backup=listed[0] if listed else None,
        proof=max(proofs, key=lambda proof: proof.proved_at, default=None),
        vault_notice=vault_notice,
    )


async def _backups(state: ApiState) -> tuple[ListedBackups | None, Notice | None]:
    """The backups in the vault. Whatever is wrong with it, the warehouse is shown."""
    try:
        return await asyncio.wait_for(backups_in(state.settings.vault), _VAULT_SECONDS), None
    except TimeoutError:
        return None, Notice(f"The vault did not answer within {_VAULT_SECONDS:.0f} s.", "Open Backups.")
    except RetailError as error:
        return None, Notice(error.description, error.next_step)


async def _sales_totals(request: Request, pool: QueryPool) -> list[dict[str, Any]]:
    """The sales by currency, which are summed again only after a load."""
    attempt = await fetch_page_answer(pool, "select_last_attempt")
    kept: tuple[int, list[dict[str, Any]]] | None = getattr(request.app.state, "sales_totals", None)
    if kept is None or kept[0] != attempt:
        kept = (attempt, await fetch_page_answer(pool, "select_sales_totals"))
        request.app.state.sales_totals = kept
    return kept[1]
