"""A line's identity: a 128-bit hash of its feed, its business columns and its copy number.

Copy 1 has the XXH3-128 hash (big-endian) of version 1 of polars-hash's row encoding, which its author
fixes for good, over the columns of ``IDENTITY``; copy k has the hash of that hash and k. The source's own
line number and currency take part where a delivery carries them, and as null where not.
"""

from __future__ import annotations

import polars as pl
import polars_hash as plh

from tasks.ingest.schema import FAULT
from tasks.validate.schema import BUSINESS, TEXTS
from tasks.workspace.part_files import dictionary_encode

IDENTITY = ("feed", *BUSINESS, "source_line", "source_currency")
_AS_DELIVERED = (*FAULT, *TEXTS)


def _xxh3(columns: list[str]) -> pl.Expr:
    hashed: pl.Expr = plh.hash_rows(columns, version=1).nchash.xxh3_128(return_binary=True, byte_order="big")
    return hashed


def line_ids(frame: pl.DataFrame, feed: str) -> pl.DataFrame:
    """Add ``line_id`` as every line's identity if it were copy 1.

    A line that cannot be read in full is told apart by its raw text as well, so that it is a copy only
    of lines delivered exactly like it.
    """
    named = frame.with_columns(
        feed=pl.lit(feed),
        source_line=pl.lit(None, dtype=pl.Int64),
        source_currency=pl.lit(None, dtype=pl.String),
    ).with_columns(line_id=_xxh3(list(IDENTITY)))
    unread = named.select(
        (
            pl.col("quantity").is_null()
            | pl.col("unit_price").is_null()
            | pl.col("sold_at_local").is_null()
            | (pl.col("customer_id").is_null() & pl.col("customer_text").is_not_null())
        ).arg_true()
    ).to_series()
    if unread.len():
        told = named[unread].select(_xxh3([*IDENTITY, *_AS_DELIVERED])).to_series()
        named = named.with_columns(_replaced(named.get_column("line_id"), unread, told))
    return named.drop("feed", "source_line", "source_currency")


def _replaced(ids: pl.Series, rows: pl.Series, others: pl.Series) -> pl.Series:
    """``ids`` with ``others`` in their place in some rows."""
    places = pl.int_range(ids.len(), dtype=pl.UInt32, eager=True)
    last = ids.len() + others.len()
    places = places.scatter(rows, pl.int_range(ids.len(), last, dtype=pl.UInt32, eager=True))
    return pl.concat([ids, others.alias(ids.name)], rechunk=True).gather(places)


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
        halves = self._halves(frame)
        # Half an identity finds all copies, and hardly ever a line more.
        suspect = halves.get_column("high").is_duplicated()
        before = self._came_before(halves)
        if before is not None:
            suspect |= before
        candidates = frame.select(*key).with_row_index("row").filter(suspect)
        counted = pl.int_range(1, pl.len() + 1).over(key)
        if before is not None:
            counted += self._offsets(candidates, before.filter(suspect))
        numbered = candidates.with_columns(copy_number=counted.cast(pl.Int32))
        if self._many:
            self._remember(halves, numbered)
        copies = numbered.filter(pl.col("copy_number") > 1)
        numbers = pl.repeat(1, frame.height, dtype=pl.Int32, eager=True).alias("copy_number")
        if not copies.height:
            return frame.with_columns(numbers)
        rows = copies.get_column("row")
        ids = copies.select(_xxh3(["line_id", "copy_number"])).to_series()
        return frame.with_columns(
            _replaced(frame.get_column("line_id"), rows, ids),
            numbers.scatter(rows, copies.get_column("copy_number")),
        )

    def _halves(self, frame: pl.DataFrame) -> pl.DataFrame:
        """The identities as two numbers, and if several parts come, the deliveries as one."""
        identity = pl.col("line_id").bin
        high = identity.slice(0, 8).bin.reinterpret(dtype=pl.UInt64).alias("high")
        if not self._many:
            return frame.select(high)
        low = identity.slice(8, 8).bin.reinterpret(dtype=pl.UInt64).alias("low")
        return frame.select(self._coded(frame.get_column("delivery")), high, low)

    def _coded(self, names: pl.Series) -> pl.Series:
        """Deliveries as small numbers: what came before is kept for every line."""
        texts, places = dictionary_encode(names)
        codes = [self._codes.setdefault(name, len(self._codes)) for name in texts]
        return pl.Series(names.name, codes, dtype=pl.UInt32).gather(places)

    def _came_before(self, halves: pl.DataFrame) -> pl.Series | None:
        """Whether an earlier part of the same delivery has the line; None if nothing came before."""
        if not self._seen:
            return None
        rows = halves.with_row_index("row")
        # polars hashes the right side of a semi-join: this part, not all that came before. By one column
        # first, for of several it would make a copy for every line that came before.
        again = pl.concat(self._seen, rechunk=False).join(halves, on="high", how="semi")
        known = rows.join(again, on=halves.columns, how="semi").get_column("row")
        return rows.get_column("row").is_in(known.implode())

    def _offsets(self, candidates: pl.DataFrame, before: pl.Series) -> pl.Series:
        """How many copies earlier parts have: what was counted, or one if it was alone there."""
        keys = candidates.select("delivery", "line_id").iter_rows()
        return pl.Series(
            [self._counts.get(key, int(came)) for key, came in zip(keys, before, strict=True)], dtype=pl.Int64
        )

    def _remember(self, halves: pl.DataFrame, numbered: pl.DataFrame) -> None:
        self._seen.append(halves)
        last = numbered.group_by("delivery", "line_id").agg(pl.col("copy_number").max())
        for delivery, line_id, number in last.iter_rows():
            self._counts[(delivery, line_id)] = number
