"""Columns of frames that are copied into tables of the warehouse or fetched from them."""

from __future__ import annotations

import polars as pl

from tasks.validate.schema import LINE

# The dimensions' surrogate keys, by natural key.
SURROGATE_KEYS = {
    "stock_code": "product_key",
    "customer_id": "customer_key",
    "country": "country_key",
    "invoice_no": "invoice_key",
}


def _keys(*names: str) -> dict[str, pl.DataType]:
    return dict.fromkeys(names, pl.Int32())


def _line_columns(*names: str) -> dict[str, pl.DataType]:
    return {name: LINE[name] for name in names}


# retail_dwh.fact_sale
FACT: dict[str, pl.DataType] = {
    **_line_columns("line_id", "sold_at"),
    **_keys("date_key", *SURROGATE_KEYS.values(), "delivery_key"),
    **_line_columns(
        "line_no", "quantity", "copy_number", "unit_price", "total_amount", "currency", "description"
    ),
}
# retail_ops.line_source
LINE_SOURCE: dict[str, pl.DataType] = {
    **_keys("invoice_key"),
    **_line_columns("line_id"),
    **_keys("delivery_key"),
    **_line_columns("line_no"),
}
# Names and keys of deliveries.
DELIVERY_KEY: dict[str, pl.DataType] = {**_line_columns("delivery"), **_keys("delivery_key")}
# Loaded lines (select_lines_of_invoices.sql), a row for each delivery that owns the line or is a further source.
EXISTING_LINE: dict[str, pl.DataType] = {
    **_line_columns("line_id"),
    **_keys("source_key", "source_line_no"),
    "owns": pl.Boolean(),
}
# Lines that deliveries own or are a further source of (select_lines_of_deliveries.sql).
DELIVERY_LINE: dict[str, pl.DataType] = {
    **_line_columns("line_id"),
    **_keys("invoice_key", "delivery_key"),
    "owns": pl.Boolean(),
}
# pg_temp.withdrawn_line
WITHDRAWN = ("invoice_key", "line_id", "delivery_key", "owns")
