"""Silver lines into fact_sale: new lines become facts, existing lines get a further source or a new line number."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from typing import Literal
from uuid import UUID

import asyncpg
import polars as pl

from tasks import progress
from tasks.postgres.copy import copy_frame, fetch_frame
from tasks.postgres.queries import sql
from tasks.validate.schema import LINE
from tasks.validate.silver import Silver
from tasks.warehouse.dimensions import (
    DictionaryColumn,
    add_keys,
    date_keys,
    latest_descriptions,
    merge_descriptions,
    natural_keys,
)
from tasks.warehouse.load.plan import LoadPlan
from tasks.warehouse.schema.columns import EXISTING_LINE, FACT, LINE_SOURCE
from tasks.workspace import outputs
from tasks.workspace.integrity import read_checked
from tasks.workspace.part_files import dictionary_encode, read_part

# Silver columns.
_TEXTS = tuple(name for name, dtype in LINE.items() if dtype == pl.String)
_OTHERS = tuple(name for name in LINE if name not in _TEXTS)


@dataclass(frozen=True)
class Part:
    """A part of silver, prepared for the load without the warehouse.

    Attributes:
        lines: Silver lines with date_key.
        natural_keys: Their dictionary-encoded natural keys.
        descriptions: Latest description of each of their products.
    """

    lines: pl.DataFrame
    natural_keys: tuple[DictionaryColumn, ...]
    descriptions: pl.DataFrame


class PartReader:
    """Read the parts of silver in order, one ahead of the load; the first at once."""

    def __init__(self, silver: Silver) -> None:
        self._silver = silver
        self._next = self._start_reading(0)

    def _start_reading(self, number: int) -> asyncio.Task[Part]:
        return asyncio.create_task(asyncio.to_thread(_read, self._silver, number))

    async def read(self, number: int) -> Part:
        """Return a part. Call it once for each number, in order."""
        part = await self._next
        if number + 1 < self._silver.parts:
            self._next = self._start_reading(number + 1)
        return part

    async def close(self) -> None:
        """Wait for the read in progress."""
        await asyncio.wait([self._next])


def _read(silver: Silver, number: int) -> Part:
    lines = read_part(read_checked(outputs.part_path(silver.folder, number)), _TEXTS, _OTHERS)
    lines = lines.with_columns(date_keys(lines.get_column("sold_at_local")))
    return _prepare(lines)


def _prepare(lines: pl.DataFrame) -> Part:
    return Part(lines, natural_keys(lines), latest_descriptions(lines))


async def add_part(plan: LoadPlan, part: Part) -> None:
    """Add the lines of a part that belong to the plan's deliveries."""
    part = await asyncio.to_thread(_select_planned, plan, part)
    if not part.lines.height:
        return
    keyed = await add_keys(
        plan.connection, part.lines, part.natural_keys, part.descriptions, plan.silver.settings.feed
    )
    progress.report("load.dimensions_copied")
    if len(plan.deliveries) == 1:
        # The lines of one delivery are distinct, so no line of this part is in its earlier parts.
        plan.created_invoices.append(keyed.new_invoices)
        new_invoices = pl.concat(plan.created_invoices)
    else:
        new_invoices = keyed.new_invoices
    existing = await _existing_lines(plan.connection, keyed.lines, new_invoices)
    new, further_sources = await _merge(plan, keyed.lines, existing)
    await copy_frame(plan.connection, "retail_dwh.fact_sale", new.select(*FACT))
    progress.report("load.facts_copied")
    await copy_frame(
        plan.connection,
        "retail_ops.line_source",
        further_sources.select(*LINE_SOURCE),
    )
    await merge_descriptions(plan.connection, keyed.descriptions)
    progress.report("load.line_sources_copied")


def _select_planned(plan: LoadPlan, part: Part) -> Part:
    """Keep the lines of the plan's deliveries, and replace delivery by delivery_key."""
    names, codes = dictionary_encode(part.lines.get_column("delivery"))
    keys = [plan.deliveries[name].key if name in plan.deliveries else None for name in names]
    delivery_key = pl.Series("delivery_key", keys, dtype=pl.Int32).gather(codes)
    lines = part.lines.drop("delivery").with_columns(delivery_key)
    if delivery_key.null_count():
        return _prepare(lines.drop_nulls("delivery_key"))
    return replace(part, lines=lines)


async def _existing_lines(
    connection: asyncpg.Connection, lines: pl.DataFrame, new_invoices: pl.Series
) -> pl.DataFrame:
    """Fetch the facts and further sources of existing invoices, columns as in ``EXISTING_LINE``."""
    invoices = lines.get_column("invoice_key").unique()
    existing = invoices.filter(~invoices.is_in(new_invoices.implode()))
    if not existing.len():
        return pl.DataFrame(schema=EXISTING_LINE)
    return await fetch_frame(
        connection, sql("select_lines_of_invoices"), existing.to_list(), schema=EXISTING_LINE
    )


def _invoice_spans_deliveries(lines: pl.DataFrame) -> bool:
    invoices = lines.group_by("invoice_key").agg(
        (pl.col("delivery_key").min() != pl.col("delivery_key").max()).alias("is_shared")
    )
    return bool(invoices.get_column("is_shared").any())


async def _merge(
    plan: LoadPlan, lines: pl.DataFrame, existing: pl.DataFrame
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Split lines into new facts and new further sources, and update the line numbers of existing ones."""
    if existing.height:
        owners = existing.filter(pl.col("owns")).select(
            "line_id", pl.col("source_key").alias("owner_key"), "source_line_no"
        )
        lines = lines.join(owners, on="line_id", how="left", maintain_order="left")
        loaded = lines.filter(pl.col("owner_key").is_not_null())
        new = lines.filter(pl.col("owner_key").is_null()).drop("owner_key", "source_line_no")
    else:
        new, loaded = lines, lines.clear()
    further_sources = new.clear()
    if len(plan.deliveries) > 1 and _invoice_spans_deliveries(new):
        is_first = new.get_column("line_id").is_first_distinct()
        new, further_sources = new.filter(is_first), new.filter(~is_first)
    _count(plan, "owned", new)
    _count(plan, "further", further_sources)
    if loaded.height:
        own = loaded.filter(pl.col("owner_key") == pl.col("delivery_key"))
        _count(plan, "owned", own)
        await _renumber(plan.connection, "update_fact_line_numbers", own)
        others = loaded.filter(pl.col("owner_key") != pl.col("delivery_key")).drop(
            "owner_key", "source_line_no"
        )
        _count(plan, "further", others)
        sources = existing.filter(~pl.col("owns")).select(
            "line_id", pl.col("source_key").alias("delivery_key"), "source_line_no"
        )
        others = others.join(sources, on=["line_id", "delivery_key"], how="left", maintain_order="left")
        await _renumber(
            plan.connection,
            "update_line_source_numbers",
            others.filter(pl.col("source_line_no").is_not_null()),
        )
        added = others.filter(pl.col("source_line_no").is_null()).select(further_sources.columns)
        further_sources = pl.concat([further_sources, added])
    return new, further_sources


def _count(plan: LoadPlan, counter: Literal["owned", "further"], lines: pl.DataFrame) -> None:
    counts = dict(lines.get_column("delivery_key").value_counts().iter_rows())
    for delivery in plan.deliveries.values():
        setattr(delivery, counter, getattr(delivery, counter) + counts.get(delivery.key, 0))


async def _renumber(connection: asyncpg.Connection, statement: str, lines: pl.DataFrame) -> None:
    moved = lines.filter(pl.col("source_line_no") != pl.col("line_no"))
    if moved.height:
        await connection.execute(
            sql(statement),
            moved.get_column("invoice_key").to_list(),
            [UUID(bytes=value) for value in moved.get_column("line_id")],
            moved.get_column("delivery_key").to_list(),
            moved.get_column("line_no").to_list(),
        )
