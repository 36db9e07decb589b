"""Send what a load needs into temporary tables, before it takes the load lock."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from weakref import WeakSet

import asyncpg
import polars as pl

from tasks import progress
from tasks.errors import RightsMissing
from tasks.postgres.connection_limit import connection_limit
from tasks.postgres.copy import copy_frame
from tasks.postgres.queries import compact_sql
from tasks.postgres.settings import ConnectionSettings
from tasks.validate import contract
from tasks.validate.score import DeliveryQuality
from tasks.validate.silver import Silver
from tasks.warehouse.ledger import Run
from tasks.warehouse.ledger_rows import passed_over_row
from tasks.warehouse.load.parts import PartReader
from tasks.warehouse.load.refusals import Overrides
from tasks.workspace.integrity import read_checked

_STAGING = (
    "set_temp_buffers",
    "create_staged_parts",
    "alter_staged_parts",
    "create_staged_lines",
    "create_staged_quarantine",
)
# Connections whose staging tables exist and are empty.
_ready: WeakSet[asyncpg.Connection] = WeakSet()


async def stage(
    connection: asyncpg.Connection,
    settings: ConnectionSettings,
    silver: Silver,
    accepted: Sequence[DeliveryQuality],
    run: Run,
    parts: PartReader,
    *,
    known: Mapping[str, str] | None,
    overrides: Overrides,
) -> frozenset[str]:
    """Copy the lines of accepted deliveries, and what the ledger records of them, into the staging tables.

    Args:
        connection: Connection without an open transaction.
        settings: Its settings.
        silver: The lines.
        accepted: The deliveries to load, in the order of ``parts``' ordinals.
        run: The run.
        parts: Reader of their lines.
        known: See ``tasks.warehouse.load.transaction.load``.
        overrides: What is loaded in spite of the guards.

    Returns:
        Columns of ``pg_temp.staged_line`` that lines have; see ``CodedPart.lines``.

    Raises:
        RightsMissing: the role may not create temporary tables.
    """
    # asyncpg's pools hand out proxies; a connection of ours is the same object until it is closed.
    if connection not in _ready:
        await _create_staging(connection, settings)
    _ready.discard(connection)
    request = _request(silver, accepted, run, known=known, overrides=overrides)
    has_request = False
    columns: set[str] = set()
    for number in range(silver.parts):
        part = await parts.read(number)
        if part is None:
            continue
        texts = [] if has_request else [pl.lit(request).alias("request")]
        frames = part.frames.with_columns(pl.lit(number, pl.Int32).alias("part"), *texts)
        has_request = True
        columns.update(part.lines.columns)
        lines = part.lines.with_columns(pl.lit(number, pl.Int32).alias("part")) if number else part.lines
        await copy_frame(connection, "pg_temp.staged_part", frames)
        async with connection_limit(settings).send_slot:
            await copy_frame(connection, "pg_temp.staged_line", lines)
        progress.report("load.part_staged", done=number + 1, total=silver.parts)
    if not has_request:
        empty = pl.DataFrame({"part": [0], "request": [request]}, schema_overrides={"part": pl.Int32})
        await copy_frame(connection, "pg_temp.staged_part", empty)
    await copy_frame(connection, "pg_temp.staged_quarantine", _quarantine(silver, accepted))
    progress.report("load.staged")
    return frozenset(columns)


async def _create_staging(connection: asyncpg.Connection, settings: ConnectionSettings) -> None:
    try:
        await connection.execute(_staging_script())
    except asyncpg.InsufficientPrivilegeError as error:
        raise RightsMissing(
            f"the role {settings.user} may not create temporary tables, in which a load sends its lines.",
            "Have an administrator run once: "
            f'grant temporary on database "{settings.database}" to "{settings.user}"; Then run again.',
            warehouse=settings.display,
        ) from error


def _staging_script() -> str:
    """Return statements that create the staging tables anew; a load that failed may have left rows."""
    return ";\n".join(
        (
            "drop view if exists pg_temp.unpacked_line",
            "drop table if exists pg_temp.staged_part, pg_temp.staged_line, pg_temp.staged_quarantine",
            *(compact_sql(name, "tasks.warehouse.load") for name in _STAGING),
        )
    )


def mark_empty(connection: asyncpg.Connection) -> None:
    """Note that the load emptied the staging tables, so that the next one on this connection need not make them."""
    _ready.add(connection)


def _request(
    silver: Silver,
    accepted: Sequence[DeliveryQuality],
    run: Run,
    *,
    known: Mapping[str, str] | None,
    overrides: Overrides,
) -> str:
    deliveries, scores = [], []
    for ordinal, quality in enumerate(accepted):
        deliveries.append(
            {
                "delivery": ordinal,
                "name": quality.name,
                "content_hash": quality.content_hash,
                "known_hash": (known or {}).get(quality.name),
                "rows_in": quality.rows_in,
                "rows_quarantined": quality.rows_quarantined,
                "rows_dropped": quality.rows_dropped,
                "quality_score": round(quality.score(), 2),
                **passed_over_row(quality),
            }
        )
        scores += [{"delivery": ordinal} | row for row in quality.score_rows()]
    request = {
        "run_id": str(run.run_id),
        "feed": silver.settings.feed.feed,
        "settings": {
            name: value for name, value in asdict(silver.settings.feed).items() if value is not None
        },
        "reading_settings": silver.settings.feed.reading_settings,
        "contract_version": contract.VERSION,
        **asdict(overrides),
        "checks_known": known is not None,
        "deliveries": deliveries,
        "scores": scores,
    }
    return json.dumps(request, separators=(",", ":"), ensure_ascii=False)


def _quarantine(silver: Silver, accepted: Sequence[DeliveryQuality]) -> pl.DataFrame:
    ordinals = pl.DataFrame(
        [(quality.name, ordinal) for ordinal, quality in enumerate(accepted)],
        schema={"name": pl.String(), "delivery": pl.Int32()},
        orient="row",
    )
    lines = pl.read_parquet(read_checked(silver.quarantine))
    return (
        lines.rename({"delivery": "name"})
        .join(ordinals, on="name", how="inner")
        .select("delivery", "line_no", "rules", pl.col("values").alias("rejected_values"), "raw")
    )
