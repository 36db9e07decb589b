"""A coded part says everything that its lines say; property-tested without a server."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from tasks.validate.schema import LINE
from tasks.warehouse.load.code import CodedPart, code_part

_ORDINALS = {"a.csv": 0, "b.csv": 1}
_ABSENT = (
    "store",
    "source_line",
    "discount_amount",
    "tax_amount",
    "cost_amount",
    "attributes",
    "invoice_attributes",
)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_lines = st.fixed_dictionaries(
    {
        "delivery": st.sampled_from(sorted(_ORDINALS)),
        "line_no": st.integers(1, 20_000),
        "copy_number": st.sampled_from([1, 1, 1, 2, 3]),
        "invoice_no": st.sampled_from(["1", "2", "C3", "A4", "É,'\"\\"]),
        "stock_code": st.sampled_from(["A", "B", "POST", "{}", ","]),
        "description": st.sampled_from([None, "x", "X", "a,b", "\\N", "{}"]),
        "quantity": st.sampled_from([0, 1, -1, 12, 262_143, -262_144, 262_144, -(2**31), 2**31 - 1]),
        "sold_at": st.sampled_from([0, 1, 60_000_000, 1_291_190_760_000_000]).map(
            lambda us: _EPOCH + timedelta(microseconds=us)
        ),
        "unit_price": st.sampled_from(
            ["0.0000", "0.0001", "2.5500", "-11062.0600", "99999999999999.9999"]
        ).map(Decimal),
        "customer_number": st.sampled_from([None, "1", "17850", "999999999999999"]),
        "country": st.sampled_from([None, "EIRE", "United Kingdom"]),
        "currency": st.sampled_from(["GBP", "EUR"]),
    }
)


def _silver(rows: list[dict[str, Any]]) -> pl.DataFrame:
    full = [
        {
            **row,
            "quantity": Decimal(row["quantity"]),
            "line_id": number.to_bytes(16, "big"),
            "sold_at_local": row["sold_at"].replace(tzinfo=None),
            "total_amount": Decimal(0),
            "kind": "sale",
            "is_merchandise": True,
            **dict.fromkeys(_ABSENT),
        }
        for number, row in enumerate(rows)
    ]
    lines = pl.DataFrame(full, schema=LINE)
    texts = [name for name, dtype in LINE.items() if dtype == pl.String]
    return lines.with_columns(
        pl.col(name).cast(pl.Enum(lines.get_column(name).unique().drop_nulls().sort())) for name in texts
    )


def _list(text: str) -> list[int | None]:
    return [int(value) if value else None for value in text.split(",")] if text else []


def _at(text: str, position: int) -> int | None:
    values = _list(text)
    return values[position] if position < len(values) else None  # as unnest pads the shorter list


def _decode(part: CodedPart) -> list[dict[str, Any]]:
    """Put the lines together again, as the merge does on the server."""
    frame: dict[str, Any] = part.frames.row(0, named=True)
    copies = dict(zip(_list(frame["copies"]), _list(frame["copy_numbers"]), strict=True))
    own = dict(zip(_list(frame["described"]), frame["own_descriptions"], strict=True))
    lines = []
    for line in part.lines.iter_rows(named=True):
        if "packed" in line:
            packed = line["packed"]
            receipt, offset = packed >> 48, (packed >> 35) & 8191
            priced, quantity = (packed >> 19) & 65_535, (packed & 524_287) - 262_144
            line_no = (_list(frame["first_line_numbers"])[receipt] or 0) + offset
        else:
            receipt, priced = line["receipt"], line["priced_product"]
            line_no, quantity = line["line_no"], line["quantity"]
        product = (_list(frame["priced_products"])[priced] or 0) - 1
        country = _at(frame["receipt_countries"], receipt)
        currency = _at(frame["receipt_currencies"], receipt) or 0
        delivery = _at(frame["receipt_deliveries"], receipt)
        lines.append(
            {
                "line_id": line["line_id"],
                "delivery": next(name for name, number in _ORDINALS.items() if number == delivery),
                "line_no": line_no,
                "copy_number": copies.get(priced + 1, 1),
                "invoice_no": frame["invoice_numbers"][receipt],
                "stock_code": frame["stock_codes"][product],
                "description": own[priced + 1] if priced + 1 in own else frame["descriptions"][product],
                "quantity": quantity,
                "sold_at": _EPOCH + timedelta(microseconds=_at(frame["receipt_times"], receipt) or 0),
                "unit_price": Decimal(_list(frame["prices"])[priced] or 0).scaleb(-4),
                "customer_number": frame["receipt_customers"].split(",")[receipt] or None,
                "country": frame["countries"][country - 1] if country else None,
                "currency": frame["currencies"][currency - 1],
            }
        )
    return lines


@given(st.lists(_lines, min_size=1, max_size=12))
def test_the_lines_are_there(rows: list[dict[str, Any]]) -> None:
    decoded = _decode(code_part(_silver(rows), _ORDINALS))
    expected = [{"line_id": number.to_bytes(16, "big"), **row} for number, row in enumerate(rows)]
    assert decoded == expected


@given(st.lists(_lines, min_size=1, max_size=12))
def test_a_product_has_its_latest_description(rows: list[dict[str, Any]]) -> None:
    frame = code_part(_silver(rows), _ORDINALS).frames.row(0, named=True)
    times, described_by = _list(frame["receipt_times"]), frame["described_by"].split(",")
    for code, description, by in zip(frame["stock_codes"], frame["descriptions"], described_by, strict=True):
        ranked = [
            (row["unit_price"] > 0, row["sold_at"], row["description"])
            for row in rows
            if row["stock_code"] == code and row["description"] is not None
        ]
        if not ranked:
            assert (description, by) == (None, "")
            continue
        sold_at = _EPOCH + timedelta(microseconds=times[abs(int(by)) - 1] or 0)
        assert (int(by) > 0, sold_at, description) == max(ranked)


def test_a_line_of_a_day_is_one_number() -> None:
    rows = [
        {"delivery": "a.csv", "line_no": number, "copy_number": 1, "invoice_no": "1", "stock_code": "A"}
        for number in (7, 8)
    ]
    rest = {"description": "x", "quantity": 1, "sold_at": _EPOCH, "unit_price": Decimal("2.55")}
    part = code_part(
        _silver(
            [{**row, **rest, "customer_number": "1", "country": None, "currency": "GBP"} for row in rows]
        ),
        _ORDINALS,
    )
    assert part.lines.columns == ["line_id", "packed"]
    assert part.frames.get_column("priced_products").to_list() == ["1"]
