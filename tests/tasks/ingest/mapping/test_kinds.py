"""Words of a mapping tell what a row is; a row that was never sold is counted with its amount."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from tasks.ingest.ingested import Bronze
from tasks.ingest.mapping.passed_over import in_currency, passed_over_text
from tests.support.deliveries import frame_of
from tests.support.small_mapping import read

KINDS = """
[[kind]]
kind = "tip"
when = { Item = ["Tip"], SKU = [""] }
[[kind]]
kind = "void"
when = { State = ["voided", "cancelled"] }
[[kind]]
kind = "return"
when = { State = ["refund"] }
sign = "negative"
[[kind]]
kind = "no_line"
when = { State = ["payment"] }
[[kind]]
kind = "unpriced"
when = { Price = [""] }
"""


def _read(tmp_path: Path, *rows: str, mapping: str = KINDS) -> tuple[Bronze, pl.DataFrame]:
    bronze = read(tmp_path, rows, mapping)
    return bronze, frame_of(bronze)


def test_the_first_kind_that_fits_counts_and_all_its_columns_must_fit(tmp_path: Path) -> None:
    _, rows = _read(
        tmp_path,
        "1,S1,Mug,1,2.50,EUR,paid",
        "1,,Tip,1,3.00,EUR,refund",
        "1,S2,Tip,1,3.00,EUR,paid",
        "1,S1,Mug,1,2.50,EUR,refund",
    )
    assert rows.select("stock_code", "kind").rows() == [
        ("S1", None),
        (None, "tip"),
        ("S2", None),
        ("S1", "return"),
    ]


def test_a_column_that_is_merely_filled_tells_a_kind(tmp_path: Path) -> None:
    by_time = (
        '[[kind]]\nkind = "cancelled"\nfilled = ["Cancelled at"]\nwhen = { State = ["paid"] }\n'
        '[[kind]]\nkind = "no_line"\nfilled = ["Cancelled at"]\n'
    )
    rows = [
        "1,S1,Mug,1,2.50,EUR,paid,",
        "2,S1,Mug,1,3.00,EUR,paid,2026-03-02 10:00",
        "3,S1,Mug,1,4.00,EUR,open,2026-03-02 11:00",
        "4,S1,Mug,1,5.00,EUR,open,2026-03-02 12:00",
    ]
    bronze = read(tmp_path, rows, by_time, more="Cancelled at")
    assert frame_of(bronze).get_column("unit_price").to_list() == ["2.50"]
    (delivery,) = bronze.deliveries
    assert delivery.passed_over == {
        "cancelled": {"rows": 1, "amounts": {"EUR": "3"}},
        "Cancelled at is filled": {"rows": 2, "amounts": {"EUR": "9"}},
    }


def test_a_word_gives_the_sign_of_quantity_and_amount(tmp_path: Path) -> None:
    refunds = ["1,S1,Mug,2,2.50,EUR,refund", "1,S1,Mug,2,-2.50,EUR,refund", "1,S1,Mug,-2,2.50,EUR,refund"]
    _, rows = _read(tmp_path, *refunds)
    assert rows.select("quantity", "unit_price").rows() == [("-2", "2.50")] * 3
    of_line = (
        KINDS
        + '[line.measures]\ntax = { column = "Tax" }\ndiscount = { column = "Off", sign = "negative" }\n'
    )
    bronze = read(
        tmp_path,
        ["1,S1,Mug,2,5.00,EUR,refund,0.50,-1.00", "1,S1,Mug,0,0.00,EUR,refund,0.00,0.00"],
        of_line,
        price="line",
        more="Tax,Off",
    )
    columns = ("quantity", "amount", "unit_price", "tax", "discount")
    assert frame_of(bronze).select(columns).rows() == [
        ("-2", "-5.00", None, "-0.50", "-1.00"),
        ("0", "0.00", None, "0.00", "0.00"),
    ]


def test_rows_never_sold_are_counted_by_reason_with_amounts_by_currency(tmp_path: Path) -> None:
    bronze, rows = _read(
        tmp_path,
        "1,S1,Mug,2,2.50,EUR,paid",
        "2,S1,Mug,2,2.55,EUR,voided",
        "3,S1,Mug,3,1.00,EUR,cancelled",
        "4,S1,Mug,1,$8.00,USD,voided",
        "5,S1,Mug,1,9.00,,voided",
        "6,S1,Mug,1,,EUR,paid",
        "7,,Cash,,12.00,EUR,payment",
    )
    assert rows.get_column("line_no").to_list() == [1]
    (delivery,) = bronze.deliveries
    assert delivery.rows == 1
    assert delivery.passed_over == {
        "State = payment": {"rows": 1, "amounts": {}},
        "unpriced": {"rows": 1, "amounts": {}},
        "void": {"rows": 4, "amounts": {"": "9", "EUR": "8.10", "USD": "8"}},
    }
    assert passed_over_text(delivery.passed_over) == (
        "5 rows are no sales by the mapping (unpriced 1; void 4, 9.00, EUR 8.10, USD 8.00). "
        "1 row is no line by the mapping (State = payment: 1)."
    )


def test_the_currency_of_the_feed_where_a_delivery_tells_none() -> None:
    passed_over = {
        "footer": {"rows": 1, "amounts": {"": "20.50"}},
        "void": {"rows": 3, "amounts": {"": "1200"}},
    }
    told = in_currency(passed_over, "USD")
    assert told == {
        "footer": {"rows": 1, "amounts": {"USD": "20.50"}},
        "void": {"rows": 3, "amounts": {"USD": "1200"}},
    }
    assert passed_over_text(told) == (
        "3 rows are no sales by the mapping (void 3, USD 1,200.00). 1 row is no line by the mapping (footer: 1)."
    )
    assert passed_over_text({}) == ""
    # Where other lines tell theirs, it is none of the feed's.
    assert in_currency(passed_over, "USD", tells_currency=True) == passed_over
    mixed = {"void": {"rows": 2, "amounts": {"": "9", "EUR": "8.10"}}}
    assert in_currency(mixed, "USD") == mixed


def test_an_unknown_word_sets_the_row_aside_with_its_amount(tmp_path: Path) -> None:
    mapping = KINDS + '[words]\nState = ["paid", "refund"]\n'
    _, rows = _read(
        tmp_path,
        "1,S1,Mug,2,2.50,EUR,paid",
        "2,S1,Mug,2,1250.50,EUR,rückerstattet",
        "3,S1,Mug,x,2.50,EUR,open",
        mapping=mapping,
    )
    told = "the column State has a word that the mapping does not know:"
    assert rows.get_column("fault").to_list() == [
        None,
        f"{told} rückerstattet (amount 2501 EUR)",
        f"{told} open",
    ]
    assert rows.get_column("kind").to_list() == [None, None, None]


def test_a_broken_row_has_no_kind(tmp_path: Path) -> None:
    bronze, rows = _read(tmp_path, "1,S1,Mug,2,2.50,EUR,paid", "2,torn")
    assert rows.select("kind", "raw").rows() == [(None, None), (None, "2026-03-01,2,torn")]
    assert not bronze.deliveries[0].passed_over


@pytest.mark.parametrize(
    ("when", "kind"),
    [
        ('{ Gone = [""], State = ["paid"] }', "fee"),
        ('{ Gone = ["x"], State = ["paid"] }', None),
        ('{ Gone = [""] }', None),
    ],
)
def test_a_column_that_only_some_files_have_is_blank_in_the_others(
    tmp_path: Path, when: str, kind: str | None
) -> None:
    mapping = f'[signature]\nknown = ["Gone"]\n[[kind]]\nkind = "fee"\nwhen = {when}\n[words]\nGone = ["a"]\n'
    _, rows = _read(tmp_path, "1,S1,Mug,2,2.50,EUR,paid", mapping=mapping)
    assert rows.select("kind", "fault").rows() == [(kind, None)]


def test_returns_that_would_add_to_revenue_are_told(tmp_path: Path) -> None:
    without_sign = KINDS.replace('sign = "negative"\n', "")
    rows = (
        "1,S1,Mug,1,2.50,EUR,refund",
        "2,S1,Mug,1,-2.50,EUR,refund",
        "3,S1,Mug,-1,-2.50,EUR,paid",
        "4,S1,Mug,-1,2.50,EUR,paid",
        "5,S1,Mug,1,2.50,EUR,paid",
        "6,S1,Mug,1,,EUR,refund",
    )
    bronze, _ = _read(tmp_path / "a", *rows, mapping=without_sign)
    (file,) = bronze.deliveries
    assert (
        "2 lines are returns whose amounts are positive, so that revenue grows by them: invoices 1, 3. If the file writes "
        'returns without a minus, add sign = "negative" to their [[kind]].'
    ) in file.notes
    signed, _ = _read(tmp_path / "b", *(row for row in rows if row[0] != "3"))
    assert not [note for note in signed.deliveries[0].notes if "returns" in note]
