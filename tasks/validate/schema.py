"""Columns of typed lines, of silver and of the quarantine.

Columns of text are Enums in memory, with the categories of their part.
"""

from __future__ import annotations

import polars as pl

from tasks.ingest.schema import FAULT, LINE_NO, MEASURES

MONEY = pl.Decimal(18, 4)
QUANTITY = pl.Decimal(18, 4)
_DELIVERY: dict[str, pl.DataType] = {"delivery": pl.String()}
_CURRENCY: dict[str, pl.DataType] = {"currency": pl.String()}
_COPY_NUMBER: dict[str, pl.DataType] = {"copy_number": pl.Int32()}
# sold_at_local is the wall clock as delivered, or that of the instant if the date tells its offset.
_VALUES: dict[str, pl.DataType] = {
    "invoice_no": pl.String(),
    "stock_code": pl.String(),
    "description": pl.String(),
    "quantity": QUANTITY,
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
# What a line may have beyond the eight columns. customer_number is every customer's code, of which customer_id is the
# number if it is a plain whole one; store and source_line as delivered; the amounts in the line's currency; the
# attributes as JSON objects.
_FURTHER: dict[str, pl.DataType] = {
    "customer_number": pl.String(),
    "kind": pl.String(),
    "is_merchandise": pl.Boolean(),
    "store": pl.String(),
    "source_line": pl.String(),
    "discount_amount": MONEY,
    "tax_amount": MONEY,
    "cost_amount": MONEY,
    "attributes": pl.String(),
    "invoice_attributes": pl.String(),
}
# Text of the columns that may be unreadable, trimmed.
TEXTS: dict[str, pl.DataType] = dict.fromkeys(
    ("quantity_text", "date_text", "price_text", "customer_text", "currency_text"), pl.String()
)
# What is wrong with the line's currency; see ``tasks.ingest.currency``.
_CURRENCY_FAULT: dict[str, pl.DataType] = {"currency_fault": pl.String()}
# Whether a code is a number that a program has rounded.
_ROUNDED: dict[str, pl.DataType] = dict.fromkeys(
    ("invoice_no_rounded", "stock_code_rounded", "customer_rounded"), pl.Boolean()
)
# Whether a date tells that it lies in the second of two equal hours, and whether it names a zone that we do not know.
_ZONE: dict[str, pl.DataType] = {"in_second_hour": pl.Boolean(), "has_unknown_zone": pl.Boolean()}
# Whether quantity and price are numbers of a size that fits, however many decimals they have.
_IS_NUMBER: dict[str, pl.DataType] = dict.fromkeys(("quantity_is_number", "price_is_number"), pl.Boolean())
# The amount of the line as delivered, null where it tells none; and what is wrong with an amount that is told:
# ``unreadable`` or ``inexact``.
_AMOUNTS: dict[str, pl.DataType] = {
    "amount_text": pl.String(),
    **{f"{name}_fault": pl.String() for name in ("amount", *MEASURES)},
}
# Null for a fraction.
_WHOLE: dict[str, pl.DataType] = {"whole_quantity": pl.Int32()}
# The kind of a line whose invoice number tells another one.
_KIND_MARK: dict[str, pl.DataType] = {"kind_mark": pl.String()}
# Whether a text of the part has a NUL character, as the rules ask of each.
_MAY_HAVE_NUL: dict[str, pl.DataType] = {"may_have_nul": pl.Boolean()}
# What normalise returns.
TYPED: dict[str, pl.DataType] = {
    **_DELIVERY,
    **LINE_NO,
    **FAULT,
    **_VALUES,
    **_CURRENCY,
    **_FURTHER,
    **_CURRENCY_FAULT,
    **TEXTS,
    **_ROUNDED,
    **_ZONE,
    **_IS_NUMBER,
    **_AMOUNTS,
    **_WHOLE,
    **_KIND_MARK,
    **_MAY_HAVE_NUL,
}
# Findings that a line alone does not show: its value if the rule of that name is broken, else null. ``summary`` is the
# word or the figures of a total, ``unfinished`` the last field of a line that was cut.
FINDINGS: dict[str, pl.DataType] = dict.fromkeys(("summary", "unfinished"), pl.String())
# What the rules see.
CHECKED: dict[str, pl.DataType] = {
    **_VALUES,
    **_COPY_NUMBER,
    **{name: _FURTHER[name] for name in ("customer_number", "store", "source_line")},
    **_IS_NUMBER,
    **_AMOUNTS,
    **_MAY_HAVE_NUL,
    "has_unknown_zone": pl.Boolean(),
    **_CURRENCY_FAULT,
    **FINDINGS,
    **{
        name: kind
        for name, kind in {**FAULT, **TEXTS, **_ROUNDED}.items()
        if name not in {"raw", "quantity_text", "date_text", "price_text", "currency_text"}
    },
}
# Silver; line_id is 16 bytes.
LINE: dict[str, pl.DataType] = {
    **_DELIVERY,
    **LINE_NO,
    "line_id": pl.Binary(),
    **_COPY_NUMBER,
    **{name: kind for name, kind in _VALUES.items() if name != "customer_id"},
    **_CURRENCY,
    **_FURTHER,
}
QUARANTINE: dict[str, pl.DataType] = {
    **_DELIVERY,
    **LINE_NO,
    "rules": pl.List(pl.String()),
    # For each rule the value that breaks it, as delivered.
    "values": pl.List(pl.String()),
    "raw": pl.String(),
}
