"""What becomes of lines when codes are normalised otherwise: identities, copy numbers, and the delivery that owns a line."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from tasks.validate.line_id import ids_of_copies, line_ids
from tasks.validate.schema import MONEY, TYPED

# What select_lines.sql returns; line ids have 16 bytes.
LINES: dict[str, pl.DataType] = {
    "invoice_key": pl.Int32(),
    "line_id": pl.Binary(),
    "delivery_key": pl.Int32(),
    "line_no": pl.Int32(),
    "owns": pl.Boolean(),
    "target_key": pl.Int32(),
    "target_product_key": pl.Int32(),
    "is_renamed": pl.Boolean(),
    "copy_number": pl.Int32(),
    "drops": pl.Boolean(),
    "feed": pl.String(),
    "timezone": pl.String(),
    "invoice_no": pl.String(),
    "stock_code": pl.String(),
    "description": pl.String(),
    "quantity": pl.Int32(),
    "sold_at": pl.Datetime("us", "UTC"),
    "unit_price": MONEY,
    "customer_id": pl.Int64(),
    "country": pl.String(),
}
_OLD = ("invoice_key", "line_id")


@dataclass(frozen=True)
class Changes:
    """Rows to remove, and rows to add once they are gone.

    Attributes:
        removed_facts: invoice_key, line_id.
        facts: Columns of ``pg_temp.recoded_fact``: what is new, and the key of the row that has the other columns.
        removed_sources: invoice_key, line_id, delivery_key.
        sources: Columns of ``retail_ops.line_source``.
        moved: Lines that a delivery owns more than before, fewer if negative: delivery_key, lines.
    """

    removed_facts: pl.DataFrame
    facts: pl.DataFrame
    removed_sources: pl.DataFrame
    sources: pl.DataFrame
    moved: pl.DataFrame


def recode(lines: pl.DataFrame) -> Changes:
    """Find out what changes for the lines of some invoices.

    Equal lines of one delivery are numbered anew in file order, where a renamed one is among them; a feed that drops
    identical lines keeps the first. Of the deliveries whose facts become one, the elder owns it, by its key.

    Args:
        lines: Columns of ``LINES``, with the codes as they are from now on: all lines of the invoices, one row for
            each delivery that brought a line. ``is_renamed`` is true if a code changes, ``owns`` if the fact has this
            delivery.
    """
    numbered = _numbered(lines)
    kept = numbered.filter(~(pl.col("drops") & (pl.col("number") > 1))).sort(
        "target_key", "new_id", ~pl.col("owns"), "delivery_key"
    )
    kept = kept.with_columns(is_owner=pl.struct("target_key", "new_id").is_first_distinct())
    same = (
        ~pl.col("is_renamed")
        & (pl.col("owns") == pl.col("is_owner"))
        & (pl.col("line_id") == pl.col("new_id"))
    )
    added, unchanged = kept.filter(~same), kept.filter(same)
    removed = numbered.join(unchanged, on=[*_OLD, "delivery_key"], how="anti")
    facts, sources = added.filter("is_owner"), added.filter(~pl.col("is_owner"))
    owned = pl.concat(
        [
            kept.filter("is_owner").select("delivery_key", lines=pl.lit(1, pl.Int64)),
            numbered.filter("owns").select("delivery_key", lines=pl.lit(-1, pl.Int64)),
        ]
    )
    return Changes(
        removed.filter("owns").select(_OLD),
        facts.select(
            pl.col("invoice_key").alias("old_invoice_key"),
            pl.col("line_id").alias("old_line_id"),
            pl.col("target_key").alias("invoice_key"),
            pl.col("new_id").alias("line_id"),
            pl.col("target_product_key").alias("product_key"),
            pl.col("number").alias("copy_number"),
            "delivery_key",
            "line_no",
        ),
        removed.filter(~pl.col("owns")).select(*_OLD, "delivery_key"),
        sources.select(
            pl.col("target_key").alias("invoice_key"),
            pl.col("new_id").alias("line_id"),
            "delivery_key",
            "line_no",
        ),
        owned.group_by("delivery_key").agg(pl.col("lines").sum()).filter(pl.col("lines") != 0),
    )


def _numbered(lines: pl.DataFrame) -> pl.DataFrame:
    """Add the copy numbers (``number``) and identities (``new_id``) that the lines have from now on."""
    lines = _with_first_ids(lines)
    # A line that keeps its codes and has another identity than its values give has something beyond them in it.
    as_computed = _copy_ids(lines, "copy_number") == lines.get_column("line_id")
    lines = lines.filter(pl.col("is_renamed") | as_computed)
    equal = ["delivery_key", "first_id"]
    place = pl.col("line_no").rank("ordinal").over(equal).cast(pl.Int32)
    lines = lines.with_columns(
        number=pl.when(pl.col("is_renamed").any().over(equal)).then(place).otherwise("copy_number")
    )
    return lines.with_columns(_copy_ids(lines, "number").alias("new_id"))


def _with_first_ids(lines: pl.DataFrame) -> pl.DataFrame:
    """Add the identity that each line has as copy 1 (``first_id``)."""
    # What lines have beyond these columns came with later releases.
    absent = {
        name: pl.lit(None, dtype) for name, dtype in TYPED.items() if name not in {*LINES, "in_second_hour"}
    }
    # Lines were loaded in the feed's currency only, which is no part of an identity.
    currency = "any"
    with_ids = []
    for (feed, zone), part in lines.partition_by("feed", "timezone", as_dict=True).items():
        local = pl.col("sold_at").dt.convert_time_zone(str(zone)).dt.replace_time_zone(None)
        typed = part.drop("line_id").with_columns(
            **absent
            | {
                "sold_at_local": local,
                "currency": pl.lit(currency),
                "in_second_hour": pl.lit(False),
                "whole_quantity": pl.col("quantity"),
            }
        )
        first = line_ids(typed, str(feed), currency).get_column("line_id").alias("first_id")
        with_ids.append(part.with_columns(first))
    return pl.concat(with_ids)


def _copy_ids(lines: pl.DataFrame, number: str) -> pl.Series:
    copies = lines.select(pl.col("first_id").alias("line_id"), pl.col(number).alias("copy_number"))
    return (
        copies.with_columns(ids_of_copies(copies).alias("copy_id"))
        .select(pl.when(pl.col("copy_number") > 1).then("copy_id").otherwise("line_id"))
        .to_series()
    )
