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
        Column("quantity", "integer", _fact("quantity")),
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
        Column("units", "bigint", _sum("quantity")),
        Column("gross_sales", "numeric", (*_sum("total_amount"), *_ONLY_SALES)),
        Column(
            "cancellations",
            "numeric",
            (
                *_sum("total_amount"),
                *_dimension("invoice", "invoice_type", kind="FILTER", description="cancellations only"),
            ),
        ),
        Column("revenue", "numeric", _sum("total_amount")),
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
        Column("revenue", "numeric", _sum("total_amount")),
    ),
    (
        *_join("date", "invoice", "country"),
        *_dimension("date", "year", "month", kind="GROUP_BY"),
        *_dimension("country", "country", kind="GROUP_BY"),
        *_fact("currency", kind="GROUP_BY"),
    ),
)


def _scored(*made_of: Input) -> tuple[Input, ...]:
    """A quintile over the customers of a currency; equal ones are ordered by their number."""
    return (
        *made_of,
        *_fact("currency", kind="WINDOW", description="quintiles within a currency"),
        *_dimension("customer", "customer_id", kind="SORT"),
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
        Column("monetary", "numeric", _sum("total_amount")),
        Column("recency_score", "integer", _scored(*_RECENCY)),
        Column("frequency_score", "integer", _scored(*_INVOICES)),
        Column("monetary_score", "integer", _scored(*_sum("total_amount"))),
    ),
    (
        *_join("invoice", "customer"),
        *_fact("customer_key", kind="FILTER", description="known customers only"),
        *_ONLY_SALES,
        *_fact("customer_key", "currency", kind="GROUP_BY"),
    ),
)

VIEWS = (_SALE_LINE, _DAILY_SALES, _MONTHLY_REVENUE_BY_COUNTRY, _CUSTOMER_RFM)
