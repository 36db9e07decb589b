"""A line's identity: a 128-bit hash of its feed, its business columns and its copy number.

Copy 1 has the XXH3-128 hash (big-endian) of version 1 of polars-hash's row encoding, which its author
fixes for good, over the columns of ``IDENTITY``; copy k has the hash of that hash and k. The source's own
line number and currency take part where a delivery carries them, and as null where not.
"""

from __future__ import annotations

import polars as pl
import polars_hash as plh

IDENTITY = (
    "feed",
    "invoice_no",
    "stock_code",
    "description",
    "quantity",
    "sold_at_local",
    "unit_price",
    "customer_id",
    "country",
    "source_line",
    "source_currency",
)
_AS_DELIVERED = ("fault", "raw", "quantity_text", "date_text", "price_text", "customer_text")


def _xxh3(columns: list[str]) -> pl.Expr:
    hashed: pl.Expr = plh.hash_rows(columns, version=1).nchash.xxh3_128(return_binary=True, byte_order="big")
    return hashed


def first_ids(frame: pl.DataFrame, feed: str) -> pl.DataFrame:
    """Add ``line_id`` as every line's identity if it were copy 1.

    A line that cannot be read in full is told apart by its raw text as well, so that it is a copy only
    of lines delivered exactly like it.
    """
    named = frame.with_columns(
        feed=pl.lit(feed),
        source_line=pl.lit(None, dtype=pl.Int64),
        source_currency=pl.lit(None, dtype=pl.String),
    ).with_columns(line_id=_xxh3(list(IDENTITY)))
    unread = (
        pl.col("quantity").is_null()
        | pl.col("unit_price").is_null()
        | pl.col("sold_at_local").is_null()
        | (pl.col("customer_id").is_null() & pl.col("customer_text").is_not_null())
    )
    if named.select(unread.any()).item():
        named = named.with_columns(
            line_id=pl.when(unread).then(_xxh3([*IDENTITY, *_AS_DELIVERED])).otherwise(pl.col("line_id"))
        )
    return named.drop("feed", "source_line", "source_currency")


class CopyNumbers:
    """Numbers the identical lines of deliveries whose rows come in several parts, in file order."""

    def __init__(self, parts: int) -> None:
        """``parts`` is how many frames will come; one alone needs no memory of what came before."""
        self._codes: dict[str, int] = {}
        self._seen: list[pl.DataFrame] = []
        self._counts: dict[tuple[str, bytes], int] = {}
        self._many = parts > 1

    def number(self, frame: pl.DataFrame) -> pl.DataFrame:
        """Add ``copy_number`` (Int32, from 1) and turn ``line_id`` into that of the copy."""
        key = ["delivery", "line_id"]
        halves = frame.select(
            self._coded(frame.get_column("delivery")),
            pl.col("line_id").bin.slice(0, 8).bin.reinterpret(dtype=pl.UInt64).alias("high"),
            pl.col("line_id").bin.slice(8, 8).bin.reinterpret(dtype=pl.UInt64).alias("low"),
        )
        before = self._came_before(halves)
        candidates = (
            frame.lazy()
            .select(*key, row=pl.int_range(pl.len()), before=before)
            .filter(halves.is_duplicated() | before)
            .collect()
        )
        numbered = candidates.with_columns(
            copy_number=pl.int_range(1, pl.len() + 1).over(key) + self._offsets(candidates)
        )
        if self._many:
            self._remember(halves, numbered)
        copies = numbered.filter(pl.col("copy_number") > 1)
        ids = copies.select(line_id=_xxh3(["line_id", "copy_number"])).to_series()
        numbers = pl.repeat(1, frame.height, dtype=pl.Int32, eager=True)
        if copies.height:
            numbers = numbers.scatter(
                copies.get_column("row"), copies.get_column("copy_number").cast(pl.Int32)
            )
            changed = (
                pl.repeat(None, frame.height, dtype=pl.Binary, eager=True)
                .to_frame("id")
                .with_columns(row=pl.int_range(pl.len()))
            )
            changed = changed.join(copies.select("row", new=ids), on="row", how="left", maintain_order="left")
            frame = frame.with_columns(line_id=pl.coalesce(changed.get_column("new"), pl.col("line_id")))
        return frame.with_columns(numbers.alias("copy_number"))

    def _coded(self, names: pl.Series) -> pl.Series:
        """Deliveries as small numbers: what came before is kept for every line."""
        if not self._many:
            return pl.repeat(0, names.len(), dtype=pl.UInt32, eager=True).alias(names.name)
        for name in names.unique():
            self._codes.setdefault(name, len(self._codes))
        return names.replace_strict(self._codes, return_dtype=pl.UInt32)

    def _came_before(self, halves: pl.DataFrame) -> pl.Series:
        """Whether an earlier part of the same delivery has the line."""
        if not self._seen:
            return pl.repeat(False, halves.height, dtype=pl.Boolean, eager=True)
        rows = halves.with_row_index("row")
        # polars hashes the right side of a semi-join: this part, not all that came before. By one column
        # first, for of several it would make a copy for every line that came before.
        again = pl.concat(self._seen, rechunk=False).join(halves, on="high", how="semi")
        known = rows.join(again, on=halves.columns, how="semi").get_column("row")
        return rows.get_column("row").is_in(known.implode())

    def _offsets(self, candidates: pl.DataFrame) -> pl.Series:
        """How many copies earlier parts have: what was counted, or one if it was alone there."""
        return pl.Series(
            [
                self._counts.get((delivery, line_id), int(before))
                for delivery, line_id, before in candidates.select(
                    "delivery", "line_id", "before"
                ).iter_rows()
            ],
            dtype=pl.Int64,
        )

    def _remember(self, halves: pl.DataFrame, numbered: pl.DataFrame) -> None:
        self._seen.append(halves)
        last = numbered.group_by("delivery", "line_id").agg(pl.col("copy_number").max())
        for delivery, line_id, number in last.iter_rows():
            self._counts[(delivery, line_id)] = number
