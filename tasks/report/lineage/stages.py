"""Lineage of deliveries, bronze, silver and the quarantine."""

from __future__ import annotations

from tasks.ingest.schema import BRONZE, COLUMNS
from tasks.report.lineage.dataset import Column, Dataset, Input, inputs
from tasks.validate.schema import LINE, QUARANTINE

DELIVERY = "delivery"
BRONZE_NAME = "bronze"
SILVER_NAME = "silver"
QUARANTINE_NAME = "quarantine"
FEED = "retail_ops.feed"

_IDENTITY_INPUTS = (
    *inputs(FEED, "feed", kind="TRANSFORMATION", description="hashed", masking=True),
    *inputs(
        BRONZE_NAME, *COLUMNS, kind="TRANSFORMATION", description="normalised, then hashed", masking=True
    ),
)
_COPIES = inputs(
    BRONZE_NAME, "delivery", *COLUMNS, kind="WINDOW", description="numbers the identical lines of a delivery"
)
_DATE_FORMAT = Input(FEED, "date_format", "CONDITIONAL", "decides how the date is read")
_MADE_OF: dict[str, tuple[Input, ...]] = {
    "delivery": inputs(BRONZE_NAME, "delivery"),
    "line_no": inputs(BRONZE_NAME, "line_no"),
    "line_id": (
        *_IDENTITY_INPUTS,
        *_COPIES[:1],
        *inputs(FEED, "timezone", "date_format", kind="CONDITIONAL"),
    ),
    "copy_number": _COPIES,
    "invoice_no": inputs(
        BRONZE_NAME, "invoice_no", kind="TRANSFORMATION", description="trimmed, in upper case"
    ),
    "stock_code": inputs(
        BRONZE_NAME, "stock_code", kind="TRANSFORMATION", description="trimmed, in upper case"
    ),
    "description": inputs(BRONZE_NAME, "description", kind="TRANSFORMATION", description="trimmed"),
    "quantity": inputs(
        BRONZE_NAME, "quantity", kind="TRANSFORMATION", description="parsed as an exact decimal"
    ),
    "sold_at_local": (
        Input(BRONZE_NAME, "invoice_date", "TRANSFORMATION", "parsed as local time"),
        _DATE_FORMAT,
    ),
    "sold_at": (
        Input(BRONZE_NAME, "invoice_date", "TRANSFORMATION", "parsed as local time, converted to UTC"),
        Input(FEED, "timezone", "TRANSFORMATION", "time zone of the local time"),
        _DATE_FORMAT,
    ),
    "unit_price": inputs(
        BRONZE_NAME, "unit_price", kind="TRANSFORMATION", description="parsed as an exact decimal"
    ),
    "total_amount": inputs(
        BRONZE_NAME,
        "quantity",
        "unit_price",
        "amount",
        kind="TRANSFORMATION",
        description="as delivered, else quantity x unit_price",
    ),
    "customer_number": inputs(
        BRONZE_NAME, "customer_id", kind="TRANSFORMATION", description="trimmed, in upper case"
    ),
    "country": inputs(BRONZE_NAME, "country", kind="TRANSFORMATION", description="trimmed"),
    "currency": inputs(FEED, "currency"),
    "kind": (
        *inputs(BRONZE_NAME, "kind", "invoice_no", "quantity", kind="CONDITIONAL"),
        *inputs(FEED, "mapping", kind="CONDITIONAL"),
    ),
    "is_merchandise": (
        *inputs(BRONZE_NAME, "kind", "stock_code", kind="CONDITIONAL"),
        *inputs(FEED, "mapping", kind="CONDITIONAL"),
    ),
    "store": inputs(BRONZE_NAME, "store", kind="TRANSFORMATION", description="trimmed"),
    "source_line": inputs(BRONZE_NAME, "source_line", kind="TRANSFORMATION", description="trimmed"),
    **{
        f"{name}_amount": inputs(
            BRONZE_NAME, name, kind="TRANSFORMATION", description="parsed as an exact decimal"
        )
        for name in ("discount", "tax", "cost")
    },
    "attributes": inputs(BRONZE_NAME, "attributes"),
    "invoice_attributes": inputs(BRONZE_NAME, "invoice_attributes"),
}
_QUARANTINE_MADE_OF: dict[str, tuple[Input, ...]] = {
    "delivery": inputs(BRONZE_NAME, "delivery"),
    "line_no": inputs(BRONZE_NAME, "line_no"),
    "rules": inputs(
        BRONZE_NAME, *COLUMNS, "fault", kind="CONDITIONAL", description="checked by the rules of the contract"
    ),
    "values": inputs(
        BRONZE_NAME,
        *COLUMNS,
        "fault",
        kind="TRANSFORMATION",
        description="the values that break a rule, as delivered",
    ),
    "raw": inputs(BRONZE_NAME, *COLUMNS, "raw", kind="TRANSFORMATION", description="the line as delivered"),
}
_RULES = inputs(
    BRONZE_NAME,
    *COLUMNS,
    "fault",
    kind="FILTER",
    description="a line that breaks an error rule goes to the quarantine",
)

STAGES = (
    Dataset(DELIVERY, tuple(Column(name, "text") for name in COLUMNS)),
    Dataset(
        BRONZE_NAME,
        tuple(
            Column(name, str(kind), inputs(DELIVERY, name) if name in COLUMNS else ())
            for name, kind in BRONZE.items()
        ),
    ),
    Dataset(
        SILVER_NAME, tuple(Column(name, str(kind), _MADE_OF[name]) for name, kind in LINE.items()), _RULES
    ),
    Dataset(
        QUARANTINE_NAME,
        tuple(Column(name, str(kind), _QUARANTINE_MADE_OF[name]) for name, kind in QUARANTINE.items()),
        _RULES,
    ),
)
