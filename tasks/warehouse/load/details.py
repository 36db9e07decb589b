"""What a line alone says, in columns that are sent only for parts that have them."""

from __future__ import annotations

import polars as pl

# What is no part of a line's identity: deliveries of the same line can differ in it.
ARE_DETAILS = frozenset(("discount_amount", "tax_amount", "cost_amount", "attributes", "invoice_attributes"))
_SENT = (*sorted(ARE_DETAILS), "source_line")


def further_columns(lines: pl.DataFrame, whole: pl.Series, is_whole: pl.Series) -> pl.DataFrame:
    """Return the further columns of ``pg_temp.staged_line`` that a part needs.

    Args:
        lines: Silver lines, columns of ``tasks.validate.schema.LINE``.
        whole: Their quantities without the fraction (Int64).
        is_whole: Whether that is the quantity.

    Returns:
        total_amount (Decimal; null where it is quantity x price) and the lines' source_line, discount_amount,
        tax_amount, cost_amount, attributes and invoice_attributes, without those that no line has.
    """
    columns = [lines.get_column(name) for name in _SENT if lines.get_column(name).null_count() < lines.height]
    own = _own_amounts(lines, whole, is_whole)
    return pl.DataFrame(columns if own is None else [own, *columns])


def _own_amounts(lines: pl.DataFrame, whole: pl.Series, is_whole: pl.Series) -> pl.Series | None:
    """The amounts that are not quantity x price, which Postgres rounds half away from zero; None if all are."""
    total, price = lines.get_column("total_amount"), lines.get_column("unit_price").to_physical()
    product = whole * price.cast(pl.Int64)
    if not is_whole.all():
        fraction = lines.get_column("quantity").to_physical()
        exact = pl.lit(fraction).cast(pl.Int128) * pl.lit(price).cast(pl.Int128)
        rounded = (exact.abs() + 5_000) // 10_000 * exact.sign()
        product = pl.select(
            pl.when(is_whole).then(product).otherwise(rounded.cast(pl.Int64, strict=False))
        ).to_series()
    differs = total.to_physical().cast(pl.Int64).ne_missing(product)
    if not differs.any():
        return None
    return pl.select(pl.when(differs).then(total).alias("total_amount")).to_series()
