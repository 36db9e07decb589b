"""Line ids: 128-bit hashes of feed, business columns and copy number.

The id of copy 1 is the XXH3-128 hash (big-endian) of the columns of ``IDENTITY`` in version 1 of the row
encoding of polars-hash, which its author keeps stable for good. If a line has a mark, its id is the hash of that
id and the mark (``with_marks``). The id of copy k is the hash of the id of copy 1 and k. ``source_currency`` is the
line's currency where it is not the feed's, else null; ``quantity`` is null for a fraction, ``customer_id`` for a code
that is no plain whole number, and ``source_line`` for all lines.
"""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl
import polars_hash as plh

from tasks.ingest.schema import FAULT, MEASURES
from tasks.validate.numbers import plain_text, product
from tasks.validate.schema import BUSINESS, TEXTS
from tasks.workspace.parquet_parts import dictionary_encode

IDENTITY = ("feed", *BUSINESS, "source_line", "source_currency")
_AS_DELIVERED = (*FAULT, *TEXTS)
# What is wrong with a line though its identity can be read; null if nothing is.
_FAULTS = ("fault", "currency_fault", "amount_fault", *(f"{name}_fault" for name in MEASURES))


def _xxh3(columns: list[str]) -> pl.Expr:
    digest: pl.Expr = plh.hash_rows(columns, version=1).nchash.xxh3_128(return_binary=True, byte_order="big")
    return digest


def line_ids(frame: pl.DataFrame, feed: str, currency: str) -> pl.DataFrame:
    """Add the line ids of copy 1.

    The id of a line with an unparsed value or another fault also covers its raw text: only lines with exactly the same
    text are copies of it, and no line without a fault is.

    Args:
        frame: Typed lines, columns of ``schema.TYPED``.
        feed: Name of the feed.
        currency: Currency of the feed.

    Returns:
        The frame with ``line_id`` (Binary, 16 bytes).
    """
    hashed = frame.with_columns(
        feed=pl.lit(feed),
        quantity=pl.col("whole_quantity"),
        # As it was before sources told one: its mark is hashed in place of it.
        source_line=pl.lit(None, dtype=pl.Int64),
        source_currency=_other_currency(frame, currency),
    )
    line_id = hashed.select(line_id=_xxh3(list(IDENTITY))).to_series()
    unparsed = frame.select(
        (
            pl.col("quantity").is_null()
            | pl.col("unit_price").is_null()
            | pl.col("sold_at_local").is_null()
            | pl.col("currency").is_null()
            | (pl.col("customer_number").is_null() & pl.col("customer_text").is_not_null())
            | pl.any_horizontal(pl.col(name).is_not_null() for name in _FAULTS)
        ).arg_true()
    ).to_series()
    if unparsed.len():
        ids = hashed[unparsed].select(_xxh3([*IDENTITY, *_AS_DELIVERED])).to_series()
        line_id = _scatter(line_id, unparsed, ids)
    return with_marks(frame.with_columns(line_id), _marks(frame))


def _marks(frame: pl.DataFrame) -> dict[str, pl.Expr]:
    """What lines have beyond ``IDENTITY``, by name, as text that is null where a line has none.

    Add new ones at the end, never change one: a line with several is hashed in this order. Those that no line of a part
    has are left out.
    """
    nulls = frame.null_count().row(0, named=True)
    marks: dict[str, pl.Expr] = {}
    if frame.get_column("in_second_hour").any():
        marks["local_hour"] = pl.when("in_second_hour").then(pl.lit("second"))
    number = pl.col("customer_number")
    if nulls["customer_number"] != nulls["customer_id"]:
        marks["customer_number"] = pl.when(pl.col("customer_id").is_null()).then(number)
    quantity = pl.col("quantity")
    if nulls["quantity"] != nulls["whole_quantity"]:
        marks["quantity"] = pl.when(pl.col("whole_quantity").is_null()).then(plain_text(quantity))
    if nulls["amount_text"] < frame.height:
        total = pl.col("total_amount")
        differs = total.ne_missing(product(quantity, pl.col("unit_price")))
        marks["amount"] = pl.when(pl.col("amount_text").is_not_null() & differs).then(plain_text(total))
    if nulls["kind_mark"] < frame.height:
        marks["kind"] = pl.col("kind_mark")
    marks |= {
        name: pl.col(name).cast(pl.String) for name in ("store", "source_line") if nulls[name] < frame.height
    }
    return marks


def with_marks(lines: pl.DataFrame, marks: Mapping[str, pl.Expr]) -> pl.DataFrame:
    """Let what is new in an identity take part in the ids of those lines that have it, and of no others.

    Args:
        lines: Lines with ``line_id``.
        marks: What a line has beyond ``IDENTITY``, by name, in the order in which it is hashed: text, null for lines
            without it.

    Returns:
        The lines; the ``line_id`` of a line with a mark is the hash of its id, the name and the text of the mark.
    """
    for name, mark in marks.items():
        values = lines.select(mark.alias("mark")).to_series()
        rows = values.is_not_null().arg_true()
        if rows.len():
            ids = pl.select(
                lines.get_column("line_id").gather(rows), pl.lit(name).alias("name"), values.gather(rows)
            ).select(_xxh3(["line_id", "name", "mark"]))
            lines = lines.with_columns(_scatter(lines.get_column("line_id"), rows, ids.to_series()))
    return lines


def _other_currency(frame: pl.DataFrame, currency: str) -> pl.Expr:
    dtype = frame.schema["currency"]
    if isinstance(dtype, pl.Enum) and list(dtype.categories) == [currency]:
        return pl.lit(None, dtype=pl.String)
    code = pl.col("currency").cast(pl.String)
    return pl.when(code != currency).then(code)


def ids_of_copies(copies: pl.DataFrame) -> pl.Series:
    """Return the line ids of copies after the first, by ``line_id`` of copy 1 and ``copy_number`` (Int32, from 2)."""
    return copies.select(_xxh3(["line_id", "copy_number"])).to_series()


def _scatter(ids: pl.Series, rows: pl.Series, values: pl.Series) -> pl.Series:
    """Replace ``ids`` in some rows with ``values``."""
    indices = pl.int_range(ids.len(), dtype=pl.UInt32, eager=True)
    end = ids.len() + values.len()
    indices = indices.scatter(rows, pl.int_range(ids.len(), end, dtype=pl.UInt32, eager=True))
    return pl.concat([ids, values.alias(ids.name)], rechunk=True).gather(indices)


class CopyNumbers:
    """Numbers the identical lines of each delivery in file order, across the parts of an output.

    The lines of a delivery stand together.

    Args:
        parts: Number of parts; a single part needs no memory of earlier ones.
    """

    def __init__(self, parts: int) -> None:
        self._codes: dict[str, int] = {}
        self._earlier: list[pl.DataFrame] = []
        self._last_numbers: dict[tuple[str, bytes], int] = {}
        self._several_parts = parts > 1

    def number(self, frame: pl.DataFrame) -> pl.DataFrame:
        """Number the copies of the next part.

        Args:
            frame: Lines with ``delivery`` and the ``line_id`` of copy 1.

        Returns:
            The frame with ``copy_number`` (Int32, from 1) and the ``line_id`` of that copy.
        """
        key = ["delivery", "line_id"]
        halves = self._id_halves(frame)
        # Equal high halves find all copies, and very rarely other lines too.
        suspect = halves.get_column("high").is_duplicated()
        repeated = self._occurred_before(halves)
        if repeated is not None:
            suspect |= repeated
        candidates = frame.select(*key).with_row_index("row").filter(suspect)
        numbers = pl.int_range(1, pl.len() + 1).over(key)
        if repeated is not None:
            numbers += self._earlier_copies(candidates, repeated.filter(suspect))
        numbered = candidates.with_columns(copy_number=numbers.cast(pl.Int32))
        if self._several_parts:
            self._remember(halves, numbered)
        copies = numbered.filter(pl.col("copy_number") > 1)
        copy_number = pl.repeat(1, frame.height, dtype=pl.Int32, eager=True).alias("copy_number")
        if not copies.height:
            return frame.with_columns(copy_number)
        rows = copies.get_column("row")
        ids = ids_of_copies(copies)
        return frame.with_columns(
            _scatter(frame.get_column("line_id"), rows, ids),
            copy_number.scatter(rows, copies.get_column("copy_number")),
        )

    def _id_halves(self, frame: pl.DataFrame) -> pl.DataFrame:
        """Return the high halves of the ids as UInt64; for several parts also the low halves and delivery codes."""
        both = frame.get_column("line_id").bin.reinterpret(dtype=pl.Array(pl.UInt64, 2)).arr
        high = both.get(0).alias("high")
        if not self._several_parts:
            return high.to_frame()
        return pl.DataFrame(
            [self._delivery_codes(frame.get_column("delivery")), high, both.get(1).alias("low")]
        )

    def _delivery_codes(self, names: pl.Series) -> pl.Series:
        """Encode deliveries as integers, the same in all parts: less memory, as all earlier lines are kept."""
        categories, codes = dictionary_encode(names)
        common_codes = [self._codes.setdefault(name, len(self._codes)) for name in categories]
        return pl.Series(names.name, common_codes, dtype=pl.UInt32).gather(codes)

    def _occurred_before(self, halves: pl.DataFrame) -> pl.Series | None:
        """Return per line whether an earlier part of its delivery has it; None for the first part."""
        if not self._earlier:
            return None
        rows = halves.with_row_index("row")
        # The right side of a semi-join is hashed: this part, not all earlier ones. First by one column,
        # because a join by several columns copies the keys of all earlier lines.
        matches = pl.concat(self._earlier, rechunk=False).join(halves, on="high", how="semi")
        repeated = rows.join(matches, on=halves.columns, how="semi").get_column("row")
        return rows.get_column("row").is_in(repeated.implode())

    def _earlier_copies(self, candidates: pl.DataFrame, repeated: pl.Series) -> pl.Series:
        """Return the number of copies of each candidate in earlier parts; those with one copy have no last number."""
        keys = candidates.select("delivery", "line_id").iter_rows()
        return pl.Series(
            [
                self._last_numbers.get(key, int(occurred))
                for key, occurred in zip(keys, repeated, strict=True)
            ],
            dtype=pl.Int64,
        )

    def _remember(self, halves: pl.DataFrame, numbered: pl.DataFrame) -> None:
        """Keep what the next part needs: the lines of the last delivery, which may go on in it."""
        codes = halves.get_column("delivery")
        if codes[0] != codes[-1]:
            halves = halves.filter(codes == codes[-1])
        if self._earlier and self._earlier[-1].item(0, "delivery") != codes[-1]:
            self._earlier.clear()
            self._last_numbers.clear()
        self._earlier.append(halves)
        last = numbered.group_by("delivery", "line_id").agg(pl.col("copy_number").max())
        for delivery, line_id, number in last.iter_rows():
            self._last_numbers[(delivery, line_id)] = number
