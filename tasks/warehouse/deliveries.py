"""The loaded deliveries of the ledger."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from tasks.postgres.queries import compact_sql
from tasks.warehouse.questions import Warehouse, reading

_SECONDS = 60.0
_COUNT = "select count(*) from retail_ops.delivery where $1 = '' or feed = $1"


@dataclass(frozen=True)
class LoadedDeliveryRow:
    """A delivery in the warehouse; rows in = loaded + duplicate + quarantined + passed over."""

    feed: str
    name: str
    loaded_at: datetime
    rows_in: int
    rows_loaded: int
    rows_duplicate: int
    rows_quarantined: int
    rows_passed_over: int
    passed_over: Mapping[str, Any]
    quality_score: float | None
    content_hash: str
    contract_version: str
    run_id: str
    vanished_at: datetime | None
    notes: tuple[str, ...]
    attempts: int


@dataclass(frozen=True)
class DeliveryList:
    """The last loaded deliveries, and the number of all of them."""

    deliveries: tuple[LoadedDeliveryRow, ...]
    total: int


async def list_deliveries(
    warehouse: Warehouse, feed: str = "", limit: int = 1000, offset: int = 0
) -> DeliveryList:
    """List the deliveries in the warehouse, the last loaded first.

    Args:
        warehouse: The warehouse, or a pool of connections to it.
        feed: Name of a feed; empty for all.
        limit: Most deliveries to list.
        offset: Deliveries to pass over.

    Raises:
        WarehouseError: the schema has another revision than this release.
    """
    async with reading(warehouse, _SECONDS) as connection:
        rows = await connection.fetch(compact_sql("select_deliveries"), feed, limit, offset)
        # Each row has the total; beyond the last page there is none.
        total = rows[0]["total"] if rows else await connection.fetchval(_COUNT, feed)
    return DeliveryList(tuple(map(_listed, rows)), total)


def _listed(row: Mapping[str, Any]) -> LoadedDeliveryRow:
    values = {name: value for name, value in row.items() if name != "total"}
    values |= {"passed_over": json.loads(row["passed_over"]), "notes": tuple(row["notes"])}
    return LoadedDeliveryRow(**values)
