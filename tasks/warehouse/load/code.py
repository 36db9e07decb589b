"""Code the lines of a part into narrow frames with natural keys, without the warehouse.

A sales line repeats most of what it says: its receipt (delivery, invoice, time, customer, country) and what was sold
at which price. A part is coded into the receipts, the priced products, and the lines: an identity and one number.
A line weighs 34 bytes on the wire instead of 175; ``insert_facts`` puts the columns of ``fact_sale`` together.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import polars as pl

from tasks.warehouse.load.priced_products import find_priced_products
from tasks.warehouse.load.receipts import find_receipts

# Bits of the packed number of a line: receipt, line number from the receipt's first, priced product, quantity.
# unpack_lines.sql takes it apart.
_RECEIPT, _OFFSET, _PRICED_PRODUCT, _QUANTITY = 15, 13, 16, 19
_ZERO_QUANTITY = 2 ** (_QUANTITY - 1)


@dataclass(frozen=True)
class CodedPart:
    """A part of silver, coded.

    Attributes:
        frames: One row, columns of ``pg_temp.staged_part``: the texts of receipts and products as lists (String),
            their numbers as text separated by commas, empty for null.
        lines: A row per line, columns of ``pg_temp.staged_line``: line_id (Binary, 16 bytes) and packed (Int64); or,
            if a number does not fit, line_id, receipt, priced_product, line_no and quantity (Int32).
    """

    frames: pl.DataFrame
    lines: pl.DataFrame


def code_part(lines: pl.DataFrame, ordinals: Mapping[str, int]) -> CodedPart:
    """Code the lines of a part.

    Args:
        lines: Silver lines, columns of ``tasks.validate.schema.LINE``, texts as Enum; at least one.
        ordinals: Number of each delivery in the load, by name.
    """
    receipts = find_receipts(lines)
    priced = find_priced_products(lines)
    frames = {
        **receipts.frames(ordinals),
        **priced.frames(receipts.first_at(priced.products.get_column("description_sold_at"))),
    }
    coded = lines.select(
        "line_id",
        receipts.index.cast(pl.Int32).alias("receipt"),
        priced.index.cast(pl.Int32).alias("priced_product"),
        "line_no",
        pl.col("quantity").cast(pl.Int32),
    )
    # Without the dtype, a list without a text would have none.
    row = [
        pl.Series(name, [value], dtype=pl.String if isinstance(value, str) else pl.List(pl.String))
        for name, value in frames.items()
    ]
    return CodedPart(pl.DataFrame(row), _pack(coded, receipts.first_line_no))


def _pack(coded: pl.DataFrame, first_line_no: pl.Series) -> pl.DataFrame:
    """Pack the numbers of each line into one, unless one of them does not fit."""
    first = first_line_no.gather(coded.get_column("receipt"))
    fields = [
        (pl.col("receipt"), _RECEIPT),
        (pl.col("line_no") - first, _OFFSET),
        (pl.col("priced_product"), _PRICED_PRODUCT),
        (pl.col("quantity").cast(pl.Int64) + _ZERO_QUANTITY, _QUANTITY),
    ]
    fits = coded.select(
        pl.all_horizontal((value.min() >= 0) & (value.max() < 2**bits) for value, bits in fields)
    )
    if not fits.item():
        return coded
    packed: pl.Expr = pl.lit(0, pl.Int64)
    for value, bits in fields:
        packed = packed * 2**bits + value.cast(pl.Int64)
    return coded.select("line_id", packed=packed)
