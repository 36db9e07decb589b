"""Summary lines: totals under the lines of a delivery, or of a group of them, which are no sales.

A line is one

- by its words: its invoice number is a word for a total, or its stock code is and no line of its invoice follows;
- by its figures alone: it is the last of its delivery, at least ten lines stand before it, its quantity and its price
  or amount equal their sums, and it has no customer or no stock code.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, TypeAlias

import polars as pl

from tasks.ingest.ingested import IngestedFile
from tasks.ingest.part import delivery_heights
from tasks.workspace.parquet_parts import dictionary_encode

# In capitals, without white space and punctuation.
_WORDS = """
TOTAL TOTALS TOTALE TOTALI TOTAAL TOTALT TOTALES TOTAUX TOTALSUM TOTALSUMME GRANDTOTAL GRANDTOTALS OVERALLTOTAL
FINALTOTAL DAYTOTAL DAILYTOTAL INVOICETOTAL SUBTOTAL SUBTOTALS SUBTOTALE SUBTOTAAL SUBTOTALES SOUSTOTAL SOUSTOTAUX
TOTALGENERAL TOTALGÉNÉRAL TOTALEGENERALE TOTALGERAL TOTALGENERALE EINDTOTAAL SUMATOTAL TUSSENTOTAAL
SUM SUMS SUMME SUMMEN SUMA SUMMA SUMMARY SOMME SOMMA SOMA GESAMT GESAMTSUMME GESAMTBETRAG GESAMTERGEBNIS INSGESAMT
ERGEBNIS TEILERGEBNIS ENDSUMME TAGESSUMME ZWISCHENSUMME TEILSUMME DELSUMMA DELSUM SLUTSUMMA IALT YHTEENSÄ VÄLISUMMA
RAZEM ŁĄCZNIE CELKEM MEZISOUČET SPOLU SKUPAJ UKUPNO ÖSSZESEN TOPLAM ARATOPLAM GENELTOPLAM KOKKU KOPĀ VISO
ΣΎΝΟΛΟ ΣΥΝΟΛΟ ИТОГО ВСЕГО УСЬОГО РАЗОМ ОБЩО 合計 小計 総計 合计 小计 总计 합계 소계
"""  # noqa: RUF001
WORDS = frozenset(_WORDS.split())
# Spreadsheets write the group beside the word: 536365 Total.
_GROUP = r"\S*[0-9]\S*"
_LONGEST_CODE = 7
_PUNCTUATION = r"[^\p{L}\p{N}]"
_FEWEST_LINES = 10


# The delivery and the invoice number of a row.
Place: TypeAlias = tuple[str, str | None]


@dataclass
class _Sums:
    """The lines of a delivery so far: their number, and the sums of those that are no summaries."""

    lines: int = 0
    quantity: Decimal = field(default_factory=Decimal)
    amount: Decimal = field(default_factory=Decimal)

    def add(self, lines: pl.DataFrame, summaries: Sequence[int]) -> None:
        """Add lines; ``summaries`` are positions of those that are left out."""
        self.lines += lines.height
        for frame, sign in ((lines, 1), (lines[list(summaries)], -1)):
            quantity, amount = frame.get_column("quantity"), frame.get_column("total_amount")
            self.quantity += sign * Decimal(quantity.sum() or 0)
            self.amount += sign * Decimal(amount.sum() or 0)

    def are_of(self, line: Mapping[str, Any]) -> bool:
        """Return whether a line has these sums."""
        return line["quantity"] == self.quantity and self.amount in (line["unit_price"], line["total_amount"])


class SummaryLines:
    """Finds the summary lines of deliveries, over all parts of an output.

    Args:
        deliveries: The deliveries with their numbers of lines.
    """

    def __init__(self, deliveries: Sequence[IngestedFile]) -> None:
        self._rows = {delivery.name: delivery.rows for delivery in deliveries}
        self._sums: dict[str, _Sums] = {}

    def find(
        self, raw: pl.DataFrame, lines: pl.DataFrame, following: Callable[[], Place | None]
    ) -> dict[int, str]:
        """Find the summary lines of the next part.

        Args:
            raw: Rows of bronze.
            lines: The same rows, typed.
            following: Reads where the first row of the next part belongs; None if there is no further part.

        Returns:
            Position of each summary line to its word, or to its figures.
        """
        found = _by_words(raw, following)
        figures = lines.select("quantity", "unit_price", "total_amount", "customer_text", "stock_code")
        start = 0
        for name, height in delivery_heights(raw):
            end = start + height
            sums = self._sums.setdefault(name, _Sums())
            is_complete = sums.lines + height == self._rows[name]
            before = end - is_complete
            # Most deliveries lie in one part, and most last lines are no totals: then nothing is added up.
            may_be_total = before not in found and _may_be_total(figures, before, sums.lines + before - start)
            if not is_complete or may_be_total:
                sums.add(figures[start:before], [row - start for row in found if start <= row < before])
            if is_complete and may_be_total and sums.are_of(figures.row(before, named=True)):
                shown = raw.select("quantity", pl.coalesce(pl.col("amount", "unit_price").cast(pl.String)))
                found[before] = " and ".join(map(str, shown.row(before)))
            start = end
        return found


def _may_be_total(lines: pl.DataFrame, row: int, lines_before: int) -> bool:
    if lines_before < _FEWEST_LINES or row >= lines.height:
        return False
    line = lines.row(row, named=True)
    is_readable = line["quantity"] is not None and line["unit_price"] is not None
    return is_readable and (line["customer_text"] is None or line["stock_code"] is None)


def _by_words(raw: pl.DataFrame, following: Callable[[], Place | None]) -> dict[int, str]:
    found = _rows_with_a_word(raw.get_column("stock_code"))
    for row in list(found):
        place: Place = raw.select("delivery", "invoice_no").row(row)
        after = raw.select("delivery", "invoice_no").row(row + 1) if row + 1 < raw.height else following()
        # A product may be called so.
        if place[1] is not None and place == after:
            del found[row]
    return found | _rows_with_a_word(raw.get_column("invoice_no"))


def _rows_with_a_word(column: pl.Series) -> dict[int, str]:
    """Position of each row whose code is a word for a total, to the word as delivered."""
    texts, codes = dictionary_encode(column)
    # Most codes begin with a digit; those with a word behind it are long.
    candidates = texts.filter((texts >= "A") | (texts < "0") | (texts.str.len_bytes() > _LONGEST_CODE))
    letters = candidates.str.replace_all(_GROUP, "").str.replace_all(_PUNCTUATION, "").str.to_uppercase()
    words = candidates.filter(letters.is_in(list(WORDS)))
    if not words.len():
        return {}
    rows = codes.is_in(texts.is_in(words.implode()).arg_true().implode()).fill_null(False).arg_true()
    return dict(zip(rows, column.cast(pl.String).gather(rows), strict=True))
