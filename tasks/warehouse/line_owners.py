"""Statements on which delivery owns a line that several bring, and on what products are by the lines that are left."""

from __future__ import annotations

from tasks.postgres.queries import compact_sql

# What deliveries can say differently of the same line, the greatest first: a total order, in which no value is least.
_GREATEST_DETAILS = ", ".join(
    (
        *(f"coalesce(s.{name}::text,'') collate \"C\" desc" for name in ("attributes", "invoice_attributes")),
        *(f"s.{name}_amount desc nulls last" for name in ("discount", "tax", "cost")),
    )
)


def by_details(name: str, package: str = "tasks.warehouse") -> str:
    """Return a statement that orders the sources ``s`` of a line by their details, the greatest first."""
    return compact_sql(name, package).replace("{details}", _GREATEST_DETAILS)


def recompute_merchandise(products: str) -> str:
    """Return a statement that finds again whether products are merchandise, of which no line may be left.

    Args:
        products: Query for the keys of the products.
    """
    return compact_sql("recompute_product_merchandise").replace("{products}", products)
