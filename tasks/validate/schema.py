"""Columns of typed lines, of silver and of the quarantine.

Columns of text are Enums in memory, with the categories of their part.
"""

from __future__ import annotations

import polars as pl

from tasks.ingest.schema import FAULT, LINE_NO

MONEY = pl.Decimal(18, 4)
_DELIVERY: dict[str, pl.DataType] = {"delivery": pl.String()}
_CURRENCY: dict[str, pl.DataType] = {"currency": pl.String()}
_COPY_NUMBER: dict[str, pl.DataType] = {"copy_number": pl.Int32()}
# sold_at_local is the wall clock as delivered.
_VALUES: dict[str, pl.DataType] = {
    "invoice_no": pl.String(),
    "stock_code": pl.String(),
    "description": pl.String(),
    "quantity": pl.Int32(),
    "sold_at_local": pl.Datetime("us"),
    "sold_at": pl.Datetime("us", "UTC"),
    "unit_price": MONEY,
    "total_amount": MONEY,
    "customer_id": pl.Int64(),
    "country": pl.String(),
}
_COMPUTED = ("sold_at", "total_amount")
# The eight business columns, which make a line's identity.
BUSINESS = tuple(name for name in _VALUES if name not in _COMPUTED)
# Text of the columns that may be unreadable, trimmed.
TEXTS: dict[str, pl.DataType] = dict.fromkeys(
    ("quantity_text", "date_text", "price_text", "customer_text"), pl.String()
)
# Whether the price is a number of a size that fits, however many decimals it has.
_PRICE_IS_NUMBER: dict[str, pl.DataType] = {"price_is_number": pl.Boolean()}
# What normalise returns.
TYPED: dict[str, pl.DataType] = {
    **_DELIVERY,
    **LINE_NO,
    **FAULT,
    **_VALUES,
    **_CURRENCY,
    **TEXTS,
    **_PRICE_IS_NUMBER,
}
# What the rules see.
CHECKED: dict[str, pl.DataType] = {
    **_VALUES,
    **_COPY_NUMBER,
    **_PRICE_IS_NUMBER,
    **{name: kind for name, kind in {**FAULT, **TEXTS}.items() if name not in {"raw", "date_text"}},
}
# Silver; line_id is 16 bytes.
LINE: dict[str, pl.DataType] = {
    **_DELIVERY,
    **LINE_NO,
    "line_id": pl.Binary(),
    **_COPY_NUMBER,
    **_VALUES,
    **_CURRENCY,
}
QUARANTINE: dict[str, pl.DataType] = {
    **_DELIVERY,
    **LINE_NO,
    "rules": pl.List(pl.String()),
    # For each rule the value that breaks it, as delivered.
    "values": pl.List(pl.String()),
    "raw": pl.String(),
}
