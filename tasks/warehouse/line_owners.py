"""Statements on which delivery owns a line that several bring, and on what products are by the lines that are left.

Deliveries can say different things of the same line: what is no part of its identity, its details. The one with the
greatest details owns the line, so that what a fact shows does not depend on the order of the deliveries.
"""

from __future__ import annotations

from tasks.postgres.queries import compact_sql


def _details(row: str) -> tuple[str, ...]:
    """What the details of a row are ordered by: any total order will do; no value is less than every value."""
    texts = (f"coalesce({row}.{name}::text,'')collate\"C\"" for name in ("attributes", "invoice_attributes"))
    amounts = (f"coalesce({row}.{name}_amount,'-infinity')" for name in ("discount", "tax", "cost"))
    return (*texts, *amounts)


def find_outdone_lines(*, some_withdrawn: bool) -> str:
    """Return a statement that finds the lines of a load whose owner has lesser details than a further source.

    For temporary table ``further_source`` beside the sources in ``retail_ops.line_source``.

    Args:
        some_withdrawn: Whether to leave out those whose owner withdraws them.
    """
    greater = f"({','.join(_details('s'))})>({','.join(_details('f'))})"
    others = (
        "and not exists(select from pg_temp.withdrawn_line w "
        "where w.owns and w.invoice_key=f.invoice_key and w.line_id=f.line_id)"
        if some_withdrawn
        else ""
    )
    statement = compact_sql("create_outdone_lines", "tasks.warehouse.load")
    return statement.replace("{greater}", greater).replace("{others}", others)


def pass_lines_on(lines: str) -> str:
    """Return a statement that gives lines to the further source with the greatest details, among equals the first.

    Args:
        lines: Query for invoice_key and line_id of the lines; those without further sources stay as they are.
    """
    order = ",".join(f"{detail} desc" for detail in _details("s"))
    return compact_sql("pass_lines_on").replace("{order}", order).replace("{lines}", lines)


def recompute_merchandise(products: str) -> str:
    """Return a statement that finds again whether products are merchandise, of which no line may be left.

    Args:
        products: Query for the keys of the products.
    """
    return compact_sql("recompute_product_merchandise").replace("{products}", products)
