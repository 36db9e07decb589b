"""Lineage of the tables of ``retail_dwh``; each has an entry per column, which a test holds against the catalogue."""

from __future__ import annotations

from tasks.report.lineage.dataset import Column, Dataset, Input, inputs
from tasks.report.lineage.stages import FEED, SILVER_NAME

DELIVERY_TABLE = "retail_ops.delivery"
_KEY = "a surrogate key for each distinct value"
# Of a product's lines: the price above 0 first, then the time, then the text.
_LATEST = "from the latest line with a price above 0, else from the latest line"


def _silver(*columns: str) -> tuple[Input, ...]:
    return inputs(SILVER_NAME, *columns)


def _key(*columns: str) -> tuple[Input, ...]:
    return inputs(SILVER_NAME, *columns, kind="TRANSFORMATION", description=_KEY)


def _latest(*columns: str) -> tuple[Input, ...]:
    return (
        *inputs(SILVER_NAME, *columns, kind="AGGREGATION", description=_LATEST),
        *inputs(SILVER_NAME, "unit_price", "sold_at", "description", kind="SORT"),
    )


def _row_per(*columns: str) -> tuple[Input, ...]:
    return inputs(SILVER_NAME, *columns, kind="GROUP_BY", description="a row for each distinct value")


def _looked_up(table: str, key: str, *columns: str) -> tuple[Input, ...]:
    return (*inputs(f"retail_dwh.{table}", key), *inputs(SILVER_NAME, *columns, kind="JOIN"))


_FACT_SALE = Dataset(
    "retail_dwh.fact_sale",
    (
        Column("line_id", "uuid", _silver("line_id")),
        Column("sold_at", "timestamp with time zone", _silver("sold_at")),
        Column(
            "date_key",
            "integer",
            inputs(
                SILVER_NAME,
                "sold_at_local",
                kind="TRANSFORMATION",
                description="the local day as yyyymmdd",
            ),
        ),
        Column("product_key", "integer", _looked_up("dim_product", "product_key", "stock_code")),
        Column("customer_key", "integer", _looked_up("dim_customer", "customer_key", "customer_number")),
        Column("country_key", "integer", _looked_up("dim_country", "country_key", "country")),
        Column(
            "invoice_key",
            "integer",
            (*_looked_up("dim_invoice", "invoice_key", "invoice_no"), *inputs(FEED, "feed", kind="JOIN")),
        ),
        Column(
            "delivery_key",
            "integer",
            (*inputs(DELIVERY_TABLE, "delivery_key"), *inputs(SILVER_NAME, "delivery", kind="JOIN")),
        ),
        Column("line_no", "integer", _silver("line_no")),
        Column("quantity", "numeric(18,4)", _silver("quantity")),
        Column("copy_number", "integer", _silver("copy_number")),
        Column("unit_price", "numeric(18,4)", _silver("unit_price")),
        Column("total_amount", "numeric(18,4)", _silver("total_amount")),
        Column("currency", "character(3)", _silver("currency")),
        Column("description", "text", _silver("description")),
        *(
            Column(name, kind, _silver(name))
            for name, kind in {
                "kind": "text",
                "is_merchandise": "boolean",
                "store": "text",
                "source_line": "text",
                "discount_amount": "numeric(18,4)",
                "tax_amount": "numeric(18,4)",
                "cost_amount": "numeric(18,4)",
                "attributes": "jsonb",
                "invoice_attributes": "jsonb",
            }.items()
        ),
    ),
    inputs(
        SILVER_NAME,
        "line_id",
        kind="FILTER",
        description="a line that another delivery has loaded is recorded as its further source",
    ),
)

_DIM_PRODUCT = Dataset(
    "retail_dwh.dim_product",
    (
        Column("product_key", "integer", _key("stock_code")),
        Column("stock_code", "text", _silver("stock_code")),
        Column("description", "text", _latest("description")),
        Column(
            "is_merchandise",
            "boolean",
            inputs(
                SILVER_NAME,
                "is_merchandise",
                kind="AGGREGATION",
                description="whether one of its lines is merchandise",
            ),
        ),
        Column("description_priced", "boolean", _latest("unit_price")),
        Column("description_sold_at", "timestamp with time zone", _latest("sold_at")),
    ),
    _row_per("stock_code"),
)

_DIM_CUSTOMER = Dataset(
    "retail_dwh.dim_customer",
    (
        Column("customer_key", "integer", _key("customer_number")),
        Column(
            "customer_id",
            "bigint",
            inputs(
                SILVER_NAME,
                "customer_number",
                kind="TRANSFORMATION",
                description="the code as a number, where it is a plain whole one",
            ),
        ),
        Column("customer_number", "text", _silver("customer_number")),
    ),
    _row_per("customer_number"),
)

_DIM_COUNTRY = Dataset(
    "retail_dwh.dim_country",
    (
        Column("country_key", "integer", _key("country")),
        Column("country", "text", _silver("country")),
    ),
    _row_per("country"),
)

_DIM_INVOICE = Dataset(
    "retail_dwh.dim_invoice",
    (
        Column(
            "invoice_key",
            "integer",
            (*_key("invoice_no"), *inputs(FEED, "feed", kind="TRANSFORMATION", description=_KEY)),
        ),
        Column("feed", "text", inputs(FEED, "feed")),
        Column("invoice_no", "text", _silver("invoice_no")),
        Column(
            "invoice_type",
            "text",
            (
                *inputs(
                    SILVER_NAME,
                    "kind",
                    kind="AGGREGATION",
                    description="cancellation if all lines are returns",
                ),
                *inputs(
                    SILVER_NAME,
                    "invoice_no",
                    kind="TRANSFORMATION",
                    description="adjustment by the letter of the feed's mapping, A and digits without one",
                ),
            ),
        ),
        Column("timezone", "text", inputs(FEED, "timezone")),
    ),
    _row_per("invoice_no"),
)

# The revision that creates the calendar fills it: no column of a delivery is in it.
_DIM_DATE = Dataset(
    "retail_dwh.dim_date",
    tuple(
        Column(name, kind)
        for name, kind in {
            "date_key": "integer",
            "date": "date",
            "year": "smallint",
            "quarter": "smallint",
            "month": "smallint",
            "month_name": "text",
            "iso_year": "smallint",
            "iso_week": "smallint",
            "day_of_month": "smallint",
            "day_of_week": "smallint",
            "day_name": "text",
            "is_weekend": "boolean",
        }.items()
    ),
)

DIMENSIONS = (_DIM_PRODUCT, _DIM_CUSTOMER, _DIM_COUNTRY, _DIM_INVOICE, _DIM_DATE)
# What a load writes: the calendar is there from the start.
LOADED = (_DIM_PRODUCT, _DIM_CUSTOMER, _DIM_COUNTRY, _DIM_INVOICE, _FACT_SALE)
TABLES = (_FACT_SALE, *DIMENSIONS)
# Tables of the ledger that columns of the star schema are made of.
LEDGER = (
    Dataset(
        FEED,
        (
            Column("feed", "text"),
            Column("timezone", "text"),
            Column("currency", "character(3)"),
            Column("date_format", "text"),
            Column("mapping", "text"),
        ),
    ),
    Dataset(DELIVERY_TABLE, (Column("delivery_key", "integer"),)),
)
