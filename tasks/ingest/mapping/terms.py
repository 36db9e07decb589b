"""The terms of a sum that a file tells twice: amounts of its lines, columns of the file, counts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from tasks.ingest.mapping.check import mapping_error, nearest
from tasks.ingest.mapping.form import ORDER_KEYS
from tasks.ingest.schema import KINDS

LINE_TERMS = ("amount", "discount", "tax")
# Kinds that name a column of the file.
OF_COLUMNS: tuple[Literal["column", "count", "sum"], ...] = ("column", "count", "sum")
TermKind = Literal["line", "order", "column", "invoices", "count", "sum", "footer"]


@dataclass(frozen=True)
class Term:
    """A term.

    Attributes:
        kind: Where its value is: in the lines (added up), in a column that the file has once an invoice, or in the file.
        name: Name of the line's amount, of the key of ``[order]`` or of the column; else empty.
        of: Kind of the lines that are added up; None for all.
    """

    kind: TermKind
    name: str = ""
    of: str | None = None


def term_of(text: str) -> Term:
    """Read a term.

    Args:
        text: ``line.amount``, ``line.discount`` or ``line.tax``, each with ``:`` and a kind of line behind it if only
            those count; ``order.`` and a key of ``[order]``; ``column:`` and a name; ``count:`` and a name, for the
            number of its different values in all rows but blank ones and the footer; ``sum:`` and a name, for what it
            adds up to in these; ``count.invoices``, of the lines; ``footer.number``, the first number in the footer.

    Raises:
        SettingsError: It is none of these.
    """
    name, _, kind = text.removeprefix("line.").partition(":")
    if text == "count.invoices":
        return Term("invoices")
    if text == "footer.number":
        return Term("footer")
    for kind_of_column in OF_COLUMNS:
        column = text.removeprefix(f"{kind_of_column}:").strip()
        if text.startswith(f"{kind_of_column}:") and column:
            return Term(kind_of_column, column)
    if text.removeprefix("order.") in ORDER_KEYS and text.startswith("order."):
        return Term("order", text.removeprefix("order."))
    if text.startswith("line.") and name in LINE_TERMS and kind in {"", *KINDS}:
        return Term("line", name, kind or None)
    lines = [f"line.{each}" for each in LINE_TERMS]
    known = [
        *lines,
        *(f"{line}:{each}" for line in lines for each in KINDS),
        *(f"order.{key}" for key in ORDER_KEYS),
        "count.invoices",
        "footer.number",
    ]
    raise mapping_error(
        f"[[check]] {text!r} is no term.{nearest(text, known)}",
        "Name an amount of the line or the order; or a column, as column:NAME, as count:NAME for its different values, or as "
        "sum:NAME for the total of all rows.",
    )
