"""Silver lines into fact_sale: the new ones as facts, those that are there vouched for or renumbered."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
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
from tasks.warehouse.schema.columns import EXISTING, FACT, LINE_SOURCE
from tasks.workspace import outputs
from tasks.workspace.part_files import dictionary_encode, read_part

# Silver columns.
_TEXTS = tuple(name for name, kind in LINE.items() if kind == pl.String)
_OTHERS = tuple(name for name in LINE if name not in _TEXTS)


@dataclass(frozen=True)
class Part:
    """The lines of one part of a silver, with date_key, their natural keys told apart, and the latest description
    of each product among them."""

    lines: pl.DataFrame
    naturals: tuple[DictionaryColumn, ...]
    descriptions: pl.DataFrame


class Parts:
    """The parts of a silver in turn, each read while the one before is loaded, the first at once."""

    def __init__(self, silver: Silver) -> None:
        self._silver = silver
        self._next = self._begin(0)

    def _begin(self, number: int) -> asyncio.Task[Part]:
        return asyncio.create_task(asyncio.to_thread(_read, self._silver, number))

    async def take(self, number: int) -> Part:
        """The part of that number; each is taken once, in order."""
        part = await self._next
        if number + 1 < self._silver.parts:
            self._next = self._begin(number + 1)
        return part

    async def close(self) -> None:
        """Wait for what is still being read."""
        await asyncio.wait([self._next])


def _read(silver: Silver, number: int) -> Part:
    lines = read_part(outputs.part_path(silver.folder, number), _TEXTS, _OTHERS)
    lines = lines.with_columns(date_keys(lines.get_column("sold_at_local")))
    return _encode(lines)


def _encode(lines: pl.DataFrame) -> Part:
    return Part(lines, natural_keys(lines), latest_descriptions(lines))


async def add_part(plan: LoadPlan, part: Part) -> None:
    """Add the lines of a part that belong to deliveries of the load."""
    part = await asyncio.to_thread(_of_the_load, plan, part)
    if not part.lines.height:
        return
    keyed = await add_keys(
        plan.connection, part.lines, part.naturals, part.descriptions, plan.silver.settings.feed
    )
    progress.report("load.dimensions_copied")
    if len(plan.work) == 1:
        # One delivery's lines are all different: its own earlier parts hold none of this one's.
        plan.created_invoices.append(keyed.new_invoices)
        seen = pl.concat(plan.created_invoices)
    else:
        seen = keyed.new_invoices
    before = await _existing(plan.connection, keyed.lines, seen)
    new, further_sources = await _merge(plan, keyed.lines, before)
    await copy_frame(plan.connection, "retail_dwh.fact_sale", new.select(*FACT))
    progress.report("load.facts_copied")
    await copy_frame(
        plan.connection,
        "retail_ops.line_source",
        further_sources.select(*LINE_SOURCE),
    )
    await merge_descriptions(plan.connection, keyed.descriptions)
    progress.report("load.line_sources_copied")


def _of_the_load(plan: LoadPlan, part: Part) -> Part:
    """The lines of a part that are the load's, with delivery_key."""
    names, places = dictionary_encode(part.lines.get_column("delivery"))
    keys = [plan.work[name].key if name in plan.work else None for name in names]
    key = pl.Series("delivery_key", keys, dtype=pl.Int32).gather(places)
    lines = part.lines.drop("delivery").with_columns(key)
    if key.null_count():
        return _encode(lines.drop_nulls("delivery_key"))
    return replace(part, lines=lines)


async def _existing(
    connection: asyncpg.Connection, lines: pl.DataFrame, new_invoices: pl.Series
) -> pl.DataFrame:
    """Facts and vouchers of the invoices that were there before."""
    invoices = lines.get_column("invoice_key").unique()
    known = invoices.filter(~invoices.is_in(new_invoices.implode()))
    if not known.len():
        return pl.DataFrame(schema=EXISTING)
    return await fetch_frame(connection, sql("select_lines_of_invoices"), known.to_list(), schema=EXISTING)


def _invoice_spans_deliveries(lines: pl.DataFrame) -> bool:
    spread = lines.group_by("invoice_key").agg(
        (pl.col("delivery_key").min() != pl.col("delivery_key").max()).alias("shared")
    )
    return bool(spread.get_column("shared").any())


async def _merge(
    plan: LoadPlan, lines: pl.DataFrame, before: pl.DataFrame
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Split lines into new facts and new vouchers; move the line numbers of those that are there."""
    if before.height:
        owners = before.filter(pl.col("owns")).select("line_id", "holder", "held_line_no")
        lines = lines.join(owners, on="line_id", how="left", maintain_order="left")
        known = lines.filter(pl.col("holder").is_not_null())
        new = lines.filter(pl.col("holder").is_null()).drop("holder", "held_line_no")
    else:
        new, known = lines, lines.clear()
    further_sources = new.clear()
    if len(plan.work) > 1 and _invoice_spans_deliveries(new):
        first = new.get_column("line_id").is_first_distinct()
        new, further_sources = new.filter(first), new.filter(~first)
    _count(plan, "owned", new)
    _count(plan, "further", further_sources)
    if known.height:
        kept = known.filter(pl.col("holder") == pl.col("delivery_key"))
        _count(plan, "owned", kept)
        await _renumber(plan.connection, "update_fact_line_numbers", kept)
        others = known.filter(pl.col("holder") != pl.col("delivery_key")).drop("holder", "held_line_no")
        _count(plan, "further", others)
        given = before.filter(~pl.col("owns")).select(
            "line_id", pl.col("holder").alias("delivery_key"), "held_line_no"
        )
        others = others.join(given, on=["line_id", "delivery_key"], how="left", maintain_order="left")
        await _renumber(
            plan.connection,
            "update_line_source_numbers",
            others.filter(pl.col("held_line_no").is_not_null()),
        )
        further = others.filter(pl.col("held_line_no").is_null()).select(further_sources.columns)
        further_sources = pl.concat([further_sources, further])
    return new, further_sources


def _count(plan: LoadPlan, what: str, lines: pl.DataFrame) -> None:
    counts = dict(lines.get_column("delivery_key").value_counts().iter_rows())
    for one in plan.work.values():
        setattr(one, what, getattr(one, what) + counts.get(one.key, 0))


async def _renumber(connection: asyncpg.Connection, statement: str, lines: pl.DataFrame) -> None:
    moved = lines.filter(pl.col("held_line_no") != pl.col("line_no"))
    if moved.height:
        await connection.execute(
            sql(statement),
            moved.get_column("invoice_key").to_list(),
            [UUID(bytes=value) for value in moved.get_column("line_id")],
            moved.get_column("delivery_key").to_list(),
            moved.get_column("line_no").to_list(),
        )
