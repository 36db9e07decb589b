"""What the ledger says in a snapshot, for the manifest."""

from __future__ import annotations

import asyncpg

from tasks.backup.manifest import WarehouseState, sha256_of
from tasks.postgres.copy import fetch_json
from tasks.postgres.queries import compact_sql


async def read_warehouse_state(connection: asyncpg.Connection) -> WarehouseState | None:
    """Read the ledger on a connection; None for a database without one.

    The hash of the deliveries is over their names, contents and reading settings, in the order of their names.
    """
    (is_warehouse,) = await fetch_json(
        connection,
        "select to_json(coalesce(has_table_privilege(to_regclass('retail_ops.run'), 'select'), false) "
        "and to_regclass('retail_ops.schema_version') is not null)",
    )
    if not is_warehouse:
        return None
    (state,) = await fetch_json(connection, compact_sql("select_warehouse_state", "tasks.backup"))
    run, score = state["run"] or (None, None)
    return WarehouseState(
        revision=state["revision"] or "",
        deliveries=len(state["deliveries"]),
        deliveries_sha256=sha256_of(state["deliveries"]),
        run=run,
        quality_score=score,
        last_good_run=state["last_good_run"],
        runs=tuple(state["runs"]),
    )
