"""Silver to star schema, exactly once: the one transaction of a load.

Under a lock that keeps loaders apart: drop what the ledger already holds, add the lines that are new, let
lines that are there be vouched for by each delivery that brings them, take out what a replacement no
longer has, and write the ledger. The union of the deliveries' lines is in the warehouse before and after.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any
from uuid import UUID

import asyncpg
import polars as pl

from tasks import progress
from tasks.errors import ReplacementRefused
from tasks.ingest import workspace
from tasks.validate import contract
from tasks.validate.score import Judged
from tasks.validate.silver import Silver
from tasks.warehouse.connect import ConnectionSettings, connected
from tasks.warehouse.copy import copy_frame, fetch_frame
from tasks.warehouse.dimensions import add_keys, latest_descriptions, merge_descriptions
from tasks.warehouse.ledger import READING_SETTINGS, Attempt, Run, lock_loads, record_attempts, save_feed
from tasks.warehouse.statements import sql
from tasks.warehouse.withdraw import HELD, held_lines, remove_lines

# A replacement that takes out more than this share of a delivery's lines, and more than this many, is
# more likely a truncated file than a correction.
GUARD_SHARE = 0.1
GUARD_LINES = 20
FACT = (
    "line_id",
    "sold_at",
    "date_key",
    "product_key",
    "customer_key",
    "country_key",
    "invoice_key",
    "delivery_key",
    "line_no",
    "quantity",
    "copy_number",
    "unit_price",
    "total_amount",
    "currency",
    "description",
)
_EXISTING = {"line_id": pl.Binary(), "holder": pl.Int32(), "held_line_no": pl.Int32(), "owns": pl.Boolean()}


@dataclass(frozen=True)
class Loaded:
    """What became of a delivery: ``outcome`` is loaded, replaced, unchanged or refused (with the reason)."""

    name: str
    outcome: str
    rows_in: int
    rows_loaded: int
    rows_duplicate: int
    rows_quarantined: int
    lines_withdrawn: int = 0
    refusal: ReplacementRefused | None = None


@dataclass
class _Work:
    """A delivery of this load, and how many of its lines it owns or vouches for so far."""

    judged: Judged
    key: int
    replaces: bool
    owned: int = 0
    vouched: int = 0
    withdrawn: int = 0


@dataclass
class _Load:
    connection: asyncpg.Connection
    silver: Silver
    work: dict[str, _Work] = field(default_factory=dict)
    created_invoices: list[pl.Series] = field(default_factory=list)


async def load(
    settings: ConnectionSettings,
    silver: Silver,
    accepted: Sequence[Judged],
    run: Run,
    *,
    replace_anyway: bool = False,
) -> tuple[Loaded, ...]:
    """Load the ``accepted`` deliveries of ``silver`` in one transaction, with their ledger rows.

    A delivery that the ledger holds with the same bytes is left as it is (``unchanged``, or as loaded or
    replaced if this very run did so and only the answer to its COMMIT was lost). A replacement that would take out too
    many lines is refused unless ``replace_anyway``; the others load. The run must be in the ledger.
    Raises Transient errors where trying again can help, else WarehouseError or FeedConflict.
    """
    async with connected(settings) as connection:
        async with connection.transaction():
            await lock_loads(connection)
            progress.report("load.locked")
            await save_feed(connection, silver.judging.feed)
            this = _Load(connection, silver)
            settled, held = await _compare_with_ledger(this, accepted, run, replace_anyway)
            if this.work:
                await _write_ledger(this, run)
                progress.report("load.ledger_written")
                for number in range(silver.parts):
                    await _add_part(this, pl.read_parquet(workspace.part(silver.folder, number)))
                    progress.report("load.part_added", done=number + 1, total=silver.parts)
                await remove_lines(connection, held)
                progress.report("load.withdrawn")
                await _account(this, run)
                progress.report("load.accounted")
        progress.report("load.committed")
    return (*settled, *(_loaded(one) for one in this.work.values()))


def _loaded(one: _Work) -> Loaded:
    judged = one.judged
    return Loaded(
        judged.name,
        "replaced" if one.replaces else "loaded",
        judged.rows_in,
        one.owned,
        one.vouched + judged.rows_dropped,
        judged.rows_quarantined,
        one.withdrawn,
    )


async def _compare_with_ledger(
    this: _Load, accepted: Sequence[Judged], run: Run, replace_anyway: bool
) -> tuple[list[Loaded], pl.DataFrame]:
    """Decide what each delivery is: unchanged, refused, or work; and which lines the replacements lose."""
    feed = this.silver.judging.feed.feed
    rows = await this.connection.fetch(
        "select * from retail_ops.delivery where feed = $1 and name = any($2::text[])",
        feed,
        [one.name for one in accepted],
    )
    ledger = {row["name"]: row for row in rows}
    of_this_run = [row["name"] for row in rows if row["run_id"] == run.run_id]
    outcomes: dict[str, str] = {}
    if of_this_run:  # the answer to its COMMIT was lost, and the task is retried
        outcomes = dict(
            await this.connection.fetch(sql("select_outcomes_of_run"), run.run_id, feed, of_this_run)
        )
    settled: list[Loaded] = []
    next_key = 1 + int(
        await this.connection.fetchval("select coalesce(max(delivery_key), 0) from retail_ops.delivery")
    )
    for judged in accepted:
        row = ledger.get(judged.name)
        if row is None:
            this.work[judged.name] = _Work(judged, next_key, replaces=False)
            next_key += 1
        elif row["content_hash"] == judged.content_hash and row["reading_settings"] == READING_SETTINGS:
            settled.append(_as_recorded(row, outcomes.get(judged.name, "unchanged")))
        else:
            this.work[judged.name] = _Work(judged, row["delivery_key"], replaces=True)
    gone, refused = await _lost_lines(this, replace_anyway)
    return settled + refused, gone


def _as_recorded(row: asyncpg.Record, outcome: str) -> Loaded:
    return Loaded(
        row["name"],
        outcome,
        row["rows_in"],
        row["rows_loaded"],
        row["rows_duplicate"],
        row["rows_quarantined"],
    )


async def _lost_lines(this: _Load, replace_anyway: bool) -> tuple[pl.DataFrame, list[Loaded]]:
    """The lines that replacements no longer have; a replacement that loses too many leaves the work."""
    replaced = {one.key: one for one in this.work.values() if one.replaces}
    if not replaced:  # the look would read all facts while their indexes are missing
        return pl.DataFrame(schema=HELD), []
    held = await held_lines(this.connection, list(replaced))
    if not held.height:
        return held, []
    keys = pl.DataFrame(
        {"delivery": [one.judged.name for one in replaced.values()], "delivery_key": list(replaced)},
        schema={"delivery": pl.String, "delivery_key": pl.Int32},
    )
    incoming = (
        pl.scan_parquet([workspace.part(this.silver.folder, number) for number in range(this.silver.parts)])
        .select("delivery", "line_id")
        .join(keys.lazy(), on="delivery", how="inner")
        .collect()
    )
    gone = held.join(incoming, on=["delivery_key", "line_id"], how="anti")
    refused: list[Loaded] = []
    for key, one in replaced.items():
        one.withdrawn = gone.filter(pl.col("delivery_key") == key).height
        before = held.filter(pl.col("delivery_key") == key).height
        if not replace_anyway and one.withdrawn > GUARD_LINES and one.withdrawn > GUARD_SHARE * before:
            del this.work[one.judged.name]
            gone = gone.filter(pl.col("delivery_key") != key)
            refused.append(_refused(one, before))
    return gone, refused


def _refused(one: _Work, before: int) -> Loaded:
    refusal = ReplacementRefused(
        f"{one.judged.name}: this replacement would take out {one.withdrawn} of the {before} lines that the delivery "
        "brought before, more than a tenth. What is there stays. If the file is right, run again with --replace.",
        delivery=one.judged.name,
        withdrawn=one.withdrawn,
        held=before,
    )
    return replace(
        Loaded(one.judged.name, "refused", one.judged.rows_in, 0, 0, one.judged.rows_quarantined),
        refusal=refusal,
    )


async def _write_ledger(this: _Load, run: Run) -> None:
    """The deliveries' rows first, since facts refer to them; their counts are set at the end."""
    feed = this.silver.judging.feed.feed
    await this.connection.executemany(
        sql("upsert_delivery"),
        [
            (
                one.key,
                feed,
                one.judged.name,
                one.judged.content_hash,
                READING_SETTINGS,
                run.run_id,
                contract.VERSION,
                one.judged.rows_in,
                one.judged.rows_quarantined,
                round(one.judged.score(), 2),
            )
            for one in this.work.values()
        ],
    )


async def _add_part(this: _Load, part: pl.DataFrame) -> None:
    keys = pl.DataFrame(
        [(one.judged.name, one.key) for one in this.work.values()],
        schema={"delivery": pl.String, "delivery_key": pl.Int32},
        orient="row",
    )
    lines = part.join(keys, on="delivery", how="inner", maintain_order="left")
    if not lines.height:
        return
    keyed = await add_keys(this.connection, lines, this.silver.judging.feed)
    progress.report("load.dimensions_copied")
    if len(this.work) == 1:
        # One delivery's lines are all different: its own earlier parts hold none of this one's.
        this.created_invoices.append(keyed.new_invoices)
        seen = pl.concat(this.created_invoices)
    else:
        seen = keyed.new_invoices
    before = await _existing(this.connection, keyed.lines, seen)
    new, vouchers = await _merge(this, keyed.lines, before)
    best = asyncio.create_task(asyncio.to_thread(latest_descriptions, new))
    await copy_frame(
        this.connection, "retail_dwh.fact_sale", new.select(FACT).cast({"copy_number": pl.Int16})
    )
    progress.report("load.facts_copied")
    await copy_frame(
        this.connection,
        "retail_ops.line_voucher",
        vouchers.select("invoice_key", "line_id", "delivery_key", "line_no"),
    )
    await merge_descriptions(this.connection, await best)
    progress.report("load.vouchers_copied")


async def _existing(
    connection: asyncpg.Connection, lines: pl.DataFrame, new_invoices: pl.Series
) -> pl.DataFrame:
    """Facts and vouchers of the invoices that were there before."""
    invoices = lines.get_column("invoice_key").unique()
    known = invoices.filter(~invoices.is_in(new_invoices.implode()))
    if not known.len():
        return pl.DataFrame(schema=_EXISTING)
    return await fetch_frame(connection, sql("select_lines_of_invoices"), known.to_list(), schema=_EXISTING)


def _several_bring_one_invoice(lines: pl.DataFrame) -> bool:
    spread = lines.group_by("invoice_key").agg(
        (pl.col("delivery_key").min() != pl.col("delivery_key").max()).alias("shared")
    )
    return bool(spread.get_column("shared").any())


async def _merge(this: _Load, lines: pl.DataFrame, before: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Split lines into new facts and new vouchers; move the line numbers of those that are there."""
    if before.height:
        owners = before.filter(pl.col("owns")).select("line_id", "holder", "held_line_no")
        lines = lines.join(owners, on="line_id", how="left", maintain_order="left")
        known = lines.filter(pl.col("holder").is_not_null())
        new = lines.filter(pl.col("holder").is_null()).drop("holder", "held_line_no")
    else:
        new, known = lines, lines.clear()
    vouchers = new.clear()
    if len(this.work) > 1 and _several_bring_one_invoice(new):
        first = new.get_column("line_id").is_first_distinct()
        new, vouchers = new.filter(first), new.filter(~first)
    _count(this, "owned", new)
    _count(this, "vouched", vouchers)
    if known.height:
        kept = known.filter(pl.col("holder") == pl.col("delivery_key"))
        _count(this, "owned", kept)
        await _renumber(this.connection, "update_fact_line_numbers", kept)
        others = known.filter(pl.col("holder") != pl.col("delivery_key")).drop("holder", "held_line_no")
        _count(this, "vouched", others)
        given = before.filter(~pl.col("owns")).select(
            "line_id", pl.col("holder").alias("delivery_key"), "held_line_no"
        )
        others = others.join(given, on=["line_id", "delivery_key"], how="left", maintain_order="left")
        await _renumber(
            this.connection,
            "update_voucher_line_numbers",
            others.filter(pl.col("held_line_no").is_not_null()),
        )
        further = others.filter(pl.col("held_line_no").is_null()).select(vouchers.columns)
        vouchers = pl.concat([vouchers, further])
    return new, vouchers


def _count(this: _Load, what: str, lines: pl.DataFrame) -> None:
    for name, count in lines.group_by("delivery").len().iter_rows():
        one = this.work[name]
        setattr(one, what, getattr(one, what) + count)


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


async def _account(this: _Load, run: Run) -> None:
    """The final counts, the quarantine, the scores and the history, in place of what was there."""
    connection, feed = this.connection, this.silver.judging.feed.feed
    work = list(this.work.values())
    keys = [one.key for one in work]
    counted = await connection.fetch(
        sql("update_delivery_counts"),
        keys,
        [one.owned for one in work],
        [one.vouched + one.judged.rows_dropped for one in work],
    )
    for row in counted:  # lines that a replacement of this load lost may have passed on within it
        one = this.work[row["name"]]
        one.owned, one.vouched = row["rows_loaded"], row["rows_duplicate"] - one.judged.rows_dropped
    for table in ("quarantine", "quality_score"):
        await connection.execute(
            f"delete from retail_ops.{table} where delivery_key = any($1::integer[])", keys
        )
    await copy_frame(connection, "retail_ops.quality_score", _score_rows(work))
    quarantined = pl.read_parquet(this.silver.quarantine)
    if quarantined.height:
        named = pl.DataFrame(
            {"delivery": list(this.work), "delivery_key": keys}, schema_overrides={"delivery_key": pl.Int32}
        )
        rows = quarantined.join(named, on="delivery", how="inner").with_columns(
            contract_version=pl.lit(contract.VERSION)
        )
        columns = ("delivery_key", "line_no", "rules", "contract_version", "raw")
        await connection.executemany(
            "insert into retail_ops.quarantine (delivery_key, line_no, rules, contract_version, raw) values ($1, $2, $3, $4, $5)",
            rows.select(columns).rows(),
        )
    attempts = [
        Attempt(
            one.judged.name,
            "replaced" if one.replaces else "loaded",
            "",
            one.judged.content_hash,
            round(one.judged.score(), 2),
        )
        for one in work
    ]
    await record_attempts(connection, run.run_id, feed, attempts)


def _score_rows(work: Sequence[_Work]) -> pl.DataFrame:
    rows: list[tuple[Any, ...]] = []
    for one in work:
        for name, score in one.judged.scores().items():
            counts = one.judged.dimensions.get(name)
            rows.append(
                (
                    one.key,
                    name,
                    f"{score:.2f}",
                    counts.errors if counts else 0,
                    counts.warnings if counts else 0,
                )
            )
    frame = pl.DataFrame(
        rows, schema=["delivery_key", "dimension", "score", "error_lines", "warning_lines"], orient="row"
    )
    return frame.cast(
        {
            "delivery_key": pl.Int32,
            "score": pl.Decimal(5, 2),
            "error_lines": pl.Int64,
            "warning_lines": pl.Int64,
        }
    )
