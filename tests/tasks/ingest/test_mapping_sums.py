"""Sums that a file tells twice are compared with what its lines give."""

from __future__ import annotations

from decimal import Decimal

import polars as pl
import pytest

from tasks.errors import SettingsError
from tasks.ingest.mapping.model import Check, ColumnMapping, LineForm, Notation
from tasks.ingest.mapping.sums import SumChecks, SumResult, sums_refusal
from tasks.ingest.mapping.terms import term_of

SUBTOTAL = Check("invoice", ("line.amount:sale",), ("order.discount",), "column:Subtotal", Decimal("0.01"))
_LINE = {
    "quantity": "1",
    "unit_price": None,
    "amount": None,
    "discount": None,
    "tax": None,
    "kind": None,
    "fault": None,
}


def _results(
    check: Check, rows: list[dict[str, str | None]], *, decimal: str = ".", frames: int = 1, footer: str = ""
) -> SumResult:
    """The result of a check; a row has bronze columns, and those of the file in capitals."""
    mapping = ColumnMapping(
        name="till",
        content={},
        line=LineForm({}, marks=("$",)),
        notation=Notation(decimal="," if decimal == "," else "."),
        order={"discount": ("Discount",)},
        checks=(check,),
    )
    names = {"Subtotal", "Discount", "Refund", *(name for row in rows for name in row if name[0].isupper())}
    file = [{"source": 0} | {name: row.get(name) for name in names} for row in rows]
    lines = [
        {"source": 0, "line_no": number} | _LINE | {k: v for k, v in row.items() if not k[0].isupper()}
        for number, row in enumerate(rows, start=1)
    ]
    checks = SumChecks(mapping, decimal)
    size = -(-len(rows) // frames)
    for start in range(0, len(rows), size):
        checks.add(
            pl.DataFrame(
                file[start : start + size], schema={"source": pl.UInt32} | dict.fromkeys(names, pl.String)
            ),
            pl.DataFrame(
                lines[start : start + size],
                schema={"source": pl.UInt32, "line_no": pl.Int32, "invoice_no": pl.String}
                | dict.fromkeys(_LINE, pl.String),
            ),
        )
    if footer:
        checks.add_footer(0, footer)
    (result,) = checks.results(0)
    return result


def _order(number: str, subtotal: str | None, *prices: str, **first: str) -> list[dict[str, str | None]]:
    rows: list[dict[str, str | None]] = [{"invoice_no": number, "unit_price": price} for price in prices]
    rows[0] |= {"Subtotal": subtotal, **first}
    return rows


@pytest.mark.parametrize("frames", [1, 2, 3])
def test_an_order_over_frames(frames: int) -> None:
    rows = _order("1", "$1,010.00", "1000.00", "12.00", Discount="2.00") + _order("2", "3.00", "3.00")
    assert _results(SUBTOTAL, rows, frames=frames) == SumResult(
        "line.amount:sale - order.discount = column:Subtotal", "invoice", 2, 0
    )
    rows[0]["Discount"] = "1.98"
    broken = _results(SUBTOTAL, rows, frames=frames)
    assert (broken.checked, broken.broken) == (2, 1)
    assert broken.examples == (("1", "1010.02", "1010"),)


def test_a_line_of_another_kind_does_not_count() -> None:
    rows = [*_order("1", "5.00", "5.00"), {"invoice_no": "1", "unit_price": "3.00", "kind": "tip"}]
    assert _results(SUBTOTAL, rows).broken == 0
    rows[1]["kind"] = "return"
    assert _results(SUBTOTAL, rows).broken == 1


def test_the_amount_of_a_line_counts_as_delivered() -> None:
    rows = [
        {"invoice_no": "1", "quantity": "0.355", "unit_price": None, "amount": "6.39", "Subtotal": "6.39"}
    ]
    assert _results(SUBTOTAL, rows).broken == 0


def test_with_a_decimal_comma() -> None:
    rows = [{"invoice_no": "1", "quantity": "2", "unit_price": "1.250,50", "Subtotal": "2.501,00"}]
    result = _results(SUBTOTAL, rows, decimal=",")
    assert (result.checked, result.broken) == (1, 0)


def test_what_cannot_be_read_or_is_not_told_is_not_checked() -> None:
    rows = _order("1", None, "5.00") + _order("2", "n/a", "5.00") + _order("3", "5.00", "x")
    assert _results(SUBTOTAL, rows).checked == 0


def test_a_refund_that_was_taken_off_the_lines() -> None:
    check = Check("invoice", ("line.amount",), (), "column:Subtotal", unless_amount=("Refund",))
    rows = _order("1", "9.00", "5.00", Refund="4.00") + _order("2", "9.00", "9.00", Refund="0.00")
    result = _results(check, rows)
    assert (result.checked, result.broken) == (1, 0)
    check = Check("invoice", ("line.amount",), (), "column:Subtotal", unless={"State": ("open",)})
    rows = _order("1", "9.00", "5.00", State="open") + _order("2", "9.00", "9.00", State="paid")
    assert _results(check, rows).checked == 1


def test_a_cent_a_piece() -> None:
    check = Check("invoice", ("line.amount",), (), "column:Subtotal", rounded=True)
    rows = [{"invoice_no": "1", "quantity": "3", "unit_price": "3.33", "Subtotal": "10.00"}]
    assert _results(check, rows).broken == 0
    rows[0]["Subtotal"] = "10.03"
    assert _results(check, rows).broken == 1


def test_rows() -> None:
    check = Check("row", ("line.amount",), ("line.discount",), "column:Net")
    rows: list[dict[str, str | None]] = [
        {"invoice_no": "1", "unit_price": "5.00", "discount": "1.00", "Net": "4.00"},
        {"invoice_no": "1", "unit_price": "5.00", "Net": "4.00"},
    ]
    result = _results(check, rows)
    assert (result.checked, result.broken, result.examples) == (2, 1, (("1", "5", "4"),))


def test_the_total_and_the_count_of_a_file() -> None:
    count = Check("file", ("count.invoices",), (), "footer.number")
    rows = _order("1", None, "5.00", "6.00", Total="14.00") + _order("2", None, "3.00")
    assert _results(count, rows, footer="2 record(s) downloaded, from 2026").broken == 0
    wrong = _results(count, rows, footer="3 record(s) downloaded")
    assert wrong.is_wrong
    assert wrong.examples == (("", "2", "3"),)
    total = Check("file", ("line.amount",), (), "column:Total")
    assert not _results(total, rows).is_wrong
    assert _results(total, rows[1:] + rows[:1]).broken == 0
    rows[0]["Total"] = "14.01"
    assert _results(total, rows).is_wrong


@pytest.mark.parametrize(
    ("orders", "broken", "is_wrong"),
    [(1, 1, False), (2, 2, True), (199, 2, True), (200, 2, False), (3, 0, False)],
)
def test_when_a_reading_is_wrong(orders: int, broken: int, is_wrong: bool) -> None:
    rows = [row for n in range(orders) for row in _order(f"I{n}", "4.00" if n < broken else "5.00", "5.00")]
    result = _results(SUBTOTAL, rows)
    assert (result.checked, result.broken, result.is_wrong) == (orders, broken, is_wrong)
    refusal = sums_refusal([result])
    assert (refusal is not None) == is_wrong
    if refusal:
        assert "I0: 5 by its lines, 4 by the file" in refusal
        assert "--accept-sums" in refusal


@pytest.mark.parametrize("text", ["amount", "line.amout", "line.amount:sales", "column:", "order.", "sum(a)"])
def test_a_wrong_term(text: str) -> None:
    with pytest.raises(SettingsError):
        term_of(text)


def _file(check: Check, rows: pl.DataFrame, footer: str = "", decimal: str = ".") -> SumResult:
    mapping = ColumnMapping(
        "till", {}, LineForm({}), notation=Notation(decimal="," if decimal == "," else "."), checks=(check,)
    )
    checks = SumChecks(mapping, decimal)
    for half in (rows.head(2), rows.slice(2)):
        checks.count(half)
        line = {"source": 0, "line_no": 1, "invoice_no": "1", **_LINE, "amount": "1250"}
        checks.add(
            half.tail(1), pl.DataFrame([line], schema_overrides={"source": pl.UInt32, "amount": pl.String})
        )
    if footer:
        checks.add_footer(0, footer, is_split=True)
    return checks.results(0)[0]


def test_a_column_is_added_up_over_all_rows() -> None:
    check = Check("file", ("sum:Part",), (), "column:Paid")
    parts = ["2,500.00", "-187.50", "-12.25", None]
    rows = pl.DataFrame({"source": [0] * 4, "Part": parts, "Paid": ["2300.25"] * 4}).with_columns(
        pl.col("source").cast(pl.UInt32)
    )
    result = _file(check, rows)
    assert (result.checked, result.broken) == (1, 0)
    wrong = _file(check, rows.with_columns(Paid=pl.lit("2300.26")))
    assert wrong.examples == (("", "2300.25", "2300.26"),)
    assert _file(check, rows.with_columns(Part=pl.lit("n/a"))).checked == 0


@pytest.mark.parametrize(
    ("footer", "decimal"),
    [("Summe 2.500,00 €", ","), ("Total 2,500.00", "."), ("Total 2'500", "."), ("Total 2500,0", ",")],
)
def test_a_total_in_the_footer_is_read_as_the_numbers_are(footer: str, decimal: str) -> None:
    rows = pl.DataFrame({"source": [0, 0, 0]}, schema={"source": pl.UInt32})
    result = _file(Check("file", ("line.amount",), (), "footer.number"), rows, footer, decimal)
    assert (result.checked, result.broken) == (1, 0)


def test_a_comma_between_the_fields_of_a_footer_is_no_part_of_its_number() -> None:
    check = Check("file", ("count.invoices",), (), "footer.number")
    rows = _order("1", None, "5.00") + _order("2", None, "3.00")
    assert _results(check, rows, footer='2,100.00,"records"').broken == 0
    assert _results(check, rows, footer="2,5;records", decimal=",").examples == (("", "2", "2.5"),)
