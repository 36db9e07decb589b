"""Lineage of the views of ``retail_dwh``; a test holds it against the columns that Postgres says they use."""

from __future__ import annotations

from tasks.report.lineage.dataset import Column, Dataset, Input, Kind, inputs

_SALES_ONLY = "invoices of type sale only"


def _fact(*columns: str, kind: Kind = "IDENTITY", description: str = "") -> tuple[Input, ...]:
    return inputs("retail_dwh.fact_sale", *columns, kind=kind, description=description)


def _dimension(name: str, *columns: str, kind: Kind = "IDENTITY", description: str = "") -> tuple[Input, ...]:
    return inputs(f"retail_dwh.dim_{name}", *columns, kind=kind, description=description)


def _join(*dimensions: str) -> tuple[Input, ...]:
    return tuple(
        item
        for name in dimensions
        for item in (
            *_fact(f"{name}_key", kind="JOIN"),
            *_dimension(name, f"{name}_key", kind="JOIN"),
        )
    )


def _sum(*columns: str, description: str = "sum") -> tuple[Input, ...]:
    return _fact(*columns, kind="AGGREGATION", description=description)


def _of_kind(*kinds: str) -> tuple[Input, ...]:
    return (
        *_sum("total_amount"),
        *_fact("kind", kind="FILTER", description=f"lines of kind {' and '.join(kinds)} only"),
    )


_REVENUE = _of_kind("sale", "return")
_UNITS = (
    *_sum("quantity"),
    *_fact("kind", kind="FILTER", description="lines of kind sale and return only"),
)
_DISCOUNTS = (*_sum("discount_amount"), *_of_kind("discount"))
_ONLY_SALES = _dimension("invoice", "invoice_type", kind="FILTER", description=_SALES_ONLY)
_INVOICES = (
    *_sum("invoice_key", description="number of invoices"),
    *_ONLY_SALES,
)

_SALE_LINE = Dataset(
    "retail_dwh.sale_line",
    (
        Column("feed", "text", _dimension("invoice", "feed")),
        Column("invoice_no", "text", _dimension("invoice", "invoice_no")),
        Column("stock_code", "text", _dimension("product", "stock_code")),
        Column("description", "text", _fact("description")),
        Column("quantity", "numeric(18,4)", _fact("quantity")),
        Column(
            "sold_at_local",
            "timestamp without time zone",
            (
                *_fact("sold_at", kind="TRANSFORMATION", description="as local time"),
                *_dimension(
                    "invoice", "timezone", kind="TRANSFORMATION", description="time zone of the feed"
                ),
            ),
        ),
        Column("unit_price", "numeric(18,4)", _fact("unit_price")),
        Column("customer_id", "bigint", _dimension("customer", "customer_id")),
        Column("country", "text", _dimension("country", "country")),
        Column("currency", "character(3)", _fact("currency")),
        Column(
            "line_type",
            "text",
            (
                *_dimension("invoice", "invoice_type"),
                *_fact(
                    "quantity",
                    "unit_price",
                    kind="CONDITIONAL",
                    description="stock movement for a negative quantity at price 0",
                ),
            ),
        ),
        Column("copy_number", "integer", _fact("copy_number")),
        Column("customer_number", "text", _dimension("customer", "customer_number")),
        Column("kind", "text", _fact("kind")),
        Column("is_merchandise", "boolean", _fact("is_merchandise")),
        Column("store", "text", _fact("store")),
        Column("source_line", "text", _fact("source_line")),
        Column("total_amount", "numeric(18,4)", _fact("total_amount")),
        Column("discount_amount", "numeric(18,4)", _fact("discount_amount")),
        Column("tax_amount", "numeric(18,4)", _fact("tax_amount")),
        Column("cost_amount", "numeric(18,4)", _fact("cost_amount")),
        Column(
            "net_amount",
            "numeric",
            _fact(
                "total_amount",
                "discount_amount",
                kind="TRANSFORMATION",
                description="total_amount less discount_amount",
            ),
        ),
        Column("attributes", "jsonb", _fact("attributes")),
    ),
    _join("invoice", "product", "customer", "country"),
)

_DAILY_SALES = Dataset(
    "retail_dwh.daily_sales",
    (
        Column("date", "date", _dimension("date", "date")),
        Column("currency", "character(3)", _fact("currency")),
        Column("invoices", "bigint", _INVOICES),
        Column("lines", "bigint", _sum("line_id", description="number of lines")),
        Column("units", "numeric", _UNITS),
        Column(
            "gross_sales",
            "numeric",
            (
                *_of_kind("sale"),
                *_dimension("invoice", "invoice_type", kind="FILTER", description="no adjustments"),
            ),
        ),
        Column(
            "cancellations",
            "numeric",
            (
                *_sum("total_amount"),
                *_dimension("invoice", "invoice_type", kind="FILTER", description="cancellations only"),
            ),
        ),
        Column("revenue", "numeric", _REVENUE),
        Column("returns", "numeric", _of_kind("return")),
        Column("discounts", "numeric", _DISCOUNTS),
        Column("net_sales", "numeric", (*_REVENUE, *_DISCOUNTS)),
        *(
            Column(name, "numeric", _of_kind(kind))
            for name, kind in {
                "shipping": "shipping",
                "tips": "tip",
                "deposits": "deposit",
                "gift_cards": "gift_card",
                "fees": "fee",
            }.items()
        ),
        Column("margin", "numeric", (*_REVENUE, *_sum("discount_amount", "cost_amount"))),
    ),
    (
        *_join("date", "invoice"),
        *_dimension("date", "date", kind="GROUP_BY"),
        *_fact("currency", kind="GROUP_BY"),
    ),
)

_MONTHLY_REVENUE_BY_COUNTRY = Dataset(
    "retail_dwh.monthly_revenue_by_country",
    (
        Column(
            "month",
            "date",
            _dimension("date", "year", "month", kind="TRANSFORMATION", description="first day of the month"),
        ),
        Column("country", "text", _dimension("country", "country")),
        Column("currency", "character(3)", _fact("currency")),
        Column("invoices", "bigint", _INVOICES),
        Column("customers", "bigint", _sum("customer_key", description="number of known customers")),
        Column("revenue", "numeric", _REVENUE),
    ),
    (
        *_join("date", "invoice", "country"),
        *_dimension("date", "year", "month", kind="GROUP_BY"),
        *_dimension("country", "country", kind="GROUP_BY"),
        *_fact("currency", kind="GROUP_BY"),
    ),
)


def _scored(*made_of: Input) -> tuple[Input, ...]:
    """A quintile over the customers of a currency; equal ones are ordered by their code."""
    return (
        *made_of,
        *_fact("currency", kind="WINDOW", description="quintiles within a currency"),
        *_dimension("customer", "customer_number", kind="SORT"),
    )


_LAST_SALE = (*_sum("sold_at", description="the latest"), *_ONLY_SALES)
_RECENCY = (
    *_sum("sold_at", description="days from the latest sale to the latest of all customers"),
    *_ONLY_SALES,
)
_CUSTOMER_RFM = Dataset(
    "retail_dwh.customer_rfm",
    (
        Column("customer_id", "bigint", _dimension("customer", "customer_id")),
        Column("currency", "character(3)", _fact("currency")),
        Column("last_sold_at", "timestamp with time zone", _LAST_SALE),
        Column("recency_days", "integer", (*_RECENCY, *_fact("currency", kind="WINDOW"))),
        Column("frequency", "bigint", _INVOICES),
        Column("monetary", "numeric", _REVENUE),
        Column("recency_score", "integer", _scored(*_RECENCY)),
        Column("frequency_score", "integer", _scored(*_INVOICES)),
        Column("monetary_score", "integer", _scored(*_REVENUE)),
        Column("customer_number", "text", _dimension("customer", "customer_number")),
    ),
    (
        *_join("invoice", "customer"),
        *_fact("customer_key", kind="FILTER", description="known customers only"),
        *_ONLY_SALES,
        *_fact("customer_key", "currency", kind="GROUP_BY"),
    ),
)

_INVOICE = Dataset(
    "retail_dwh.invoice",
    (
        Column("feed", "text", _dimension("invoice", "feed")),
        Column("invoice_no", "text", _dimension("invoice", "invoice_no")),
        Column("invoice_type", "text", _dimension("invoice", "invoice_type")),
        Column("sold_at", "timestamp with time zone", _sum("sold_at", description="the first")),
        Column(
            "sold_at_local",
            "timestamp without time zone",
            (
                *_sum("sold_at", description="the first, as local time"),
                *_dimension(
                    "invoice", "timezone", kind="TRANSFORMATION", description="time zone of the feed"
                ),
            ),
        ),
        Column("store", "text", _sum("store", description="the one that all its lines tell")),
        Column("lines", "bigint", _sum("line_id", description="number of lines")),
        Column("units", "numeric", _UNITS),
        Column("amounts", "jsonb", _sum("total_amount", "currency", description="sums by currency")),
        Column("attributes", "jsonb", _sum("invoice_attributes", description="the greatest")),
    ),
    (*_join("invoice"), *_fact("invoice_key", "currency", kind="GROUP_BY")),
)

VIEWS = (_SALE_LINE, _DAILY_SALES, _MONTHLY_REVENUE_BY_COUNTRY, _CUSTOMER_RFM, _INVOICE)
