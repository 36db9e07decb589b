"""The terms of a sum that a file tells twice: amounts of its lines, columns of the file, counts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from tasks.ingest.mapping.check import mapping_error, nearest
from tasks.ingest.schema import KINDS

LINE_TERMS = ("amount", "discount", "tax")
TermKind = Literal["line", "order", "column", "invoices", "footer"]


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
            those count; ``order.`` and a key of ``[order]``; ``column:`` and a name; ``count.invoices``;
            ``footer.number``, the first number in the footer.

    Raises:
        SettingsError: It is none of these.
    """
    if text == "count.invoices":
        return Term("invoices")
    if text == "footer.number":
        return Term("footer")
    if text.startswith("column:") and text.removeprefix("column:").strip():
        return Term("column", text.removeprefix("column:").strip())
    if text.startswith("order.") and text.removeprefix("order."):
        return Term("order", text.removeprefix("order."))
    name, _, kind = text.removeprefix("line.").partition(":")
    if not text.startswith("line.") or name not in LINE_TERMS:
        known = [
            *(f"line.{each}" for each in LINE_TERMS),
            "order.",
            "column:",
            "count.invoices",
            "footer.number",
        ]
        raise mapping_error(
            f"[[check]] {text!r} is no term.{nearest(text, known)}", f"Use {', '.join(known)}."
        )
    if kind and kind not in KINDS:
        raise mapping_error(f"[[check]] {kind!r} is no kind of line.{nearest(kind, KINDS)}")
    return Term("line", name, kind or None)
