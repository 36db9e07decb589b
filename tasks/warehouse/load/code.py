"""Code the lines of a part into narrow frames with natural keys, without the warehouse.

A sales line repeats most of what it says: its receipt (delivery, invoice, time, customer, country, store) and what was
sold at which price. A part is coded into the receipts, the priced products, and the lines: an identity and one number.
A line weighs 34 bytes on the wire instead of 175; ``insert_facts`` puts the columns of ``fact_sale`` together. What a
line alone says, a fraction or its attributes, has columns of its own in those parts that have it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import polars as pl

from tasks.warehouse.load.details import further_columns
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
            if a number does not fit, line_id, receipt, priced_product and line_no (Int32). Further columns only where
            the part needs them: quantity (Decimal; null where packed has it) and those of ``further_columns``.
    """

    frames: pl.DataFrame
    lines: pl.DataFrame


def code_part(lines: pl.DataFrame, ordinals: Mapping[str, int], adjustment: str | None = None) -> CodedPart:
    """Code the lines of a part.

    Args:
        lines: Silver lines, columns of ``tasks.validate.schema.LINE``, texts as Enum; at least one.
        ordinals: Number of each delivery in the load, by name.
        adjustment: Letter before the digits of an invoice number that makes it an adjustment; None for none.
    """
    receipts = find_receipts(lines, adjustment)
    priced = find_priced_products(lines, receipts.returned.gather(receipts.index))
    frames = {
        **receipts.frames(ordinals),
        **priced.frames(receipts.first_at(priced.products.get_column("description_sold_at"))),
    }
    quantity = lines.get_column("quantity").to_physical().cast(pl.Int64)
    whole = quantity // 10_000
    is_whole = whole * 10_000 == quantity
    coded = lines.select(
        "line_id",
        receipts.index.cast(pl.Int32).alias("receipt"),
        priced.index.cast(pl.Int32).alias("priced_product"),
        "line_no",
    )
    # Without the dtype, a list without a text would have none.
    row = [
        pl.Series(name, [value], dtype=pl.String if isinstance(value, str) else pl.List(pl.String))
        for name, value in frames.items()
    ]
    packed = _pack(
        coded, receipts.first_line_no, pl.select(pl.when(is_whole).then(whole).otherwise(0)).to_series()
    )
    if packed is None:
        coded = coded.with_columns(lines.get_column("quantity"))
    elif is_whole.all():
        coded = packed
    else:
        own = pl.select(pl.when(~is_whole).then(lines.get_column("quantity"))).to_series()
        coded = packed.with_columns(own.alias("quantity"))
    return CodedPart(pl.DataFrame(row), coded.hstack(further_columns(lines, whole, is_whole)))


def _pack(coded: pl.DataFrame, first_line_no: pl.Series, quantity: pl.Series) -> pl.DataFrame | None:
    """Pack the numbers of each line into one; None if one of them does not fit."""
    first = first_line_no.gather(coded.get_column("receipt"))
    fields = [
        (pl.col("receipt"), _RECEIPT),
        (pl.col("line_no") - first, _OFFSET),
        (pl.col("priced_product"), _PRICED_PRODUCT),
        (quantity + _ZERO_QUANTITY, _QUANTITY),
    ]
    columns = coded.select(
        (value if isinstance(value, pl.Expr) else pl.lit(value)).alias(str(bits)) for value, bits in fields
    )
    fits = columns.select(
        pl.all_horizontal(
            (pl.col(str(bits)).min() >= 0) & (pl.col(str(bits)).max() < 2**bits) for _, bits in fields
        )
    )
    if not fits.item():
        return None
    packed: pl.Expr = pl.lit(0, pl.Int64)
    for _, bits in fields:
        packed = packed * 2**bits + pl.col(str(bits)).cast(pl.Int64)
    return coded.select("line_id").with_columns(columns.select(packed=packed).to_series())
