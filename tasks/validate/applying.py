"""Which rules of the contract apply to deliveries that are read by a mapping."""

from __future__ import annotations

from tasks.ingest.mapping.model import ColumnMapping, LineForm

# Rules of Online Retail's invoice numbers: of A and digits for adjustments, of C and digits for cancellations.
OF_ONLINE_RETAIL = frozenset({"negative_price_is_adjustment", "cancellation_is_negative"})
_PRESENT = {
    "customer_id": "customer_present",
    "description": "description_present",
    "country": "country_present",
}


def rules_without(mapping: ColumnMapping | None) -> frozenset[str]:
    """Return the names of the rules that do not apply.

    What a file cannot tell is not incomplete, and where equal lines are several sales, copies are no finding.

    Args:
        mapping: The mapping; None for files that are read by the usual names of the columns.
    """
    if mapping is None:
        return frozenset()
    absent = {rule for column, rule in _PRESENT.items() if not _tells(mapping.line, column)}
    copies = {"not_a_copy"} if mapping.line.equal_lines == "real" else set()
    letters = mapping.invoice_letters
    is_like_online_retail = (letters.cancellation, letters.adjustment) == ("C", "A")
    return frozenset(absent | copies) | (frozenset() if is_like_online_retail else OF_ONLINE_RETAIL)


def _tells(line: LineForm, column: str) -> bool:
    return (
        column in line.columns
        or bool(line.constants.get(column))
        or (line.usual_names and column not in line.constants)
    )
