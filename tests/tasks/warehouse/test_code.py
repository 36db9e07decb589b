"""A coded part says everything that its lines say; property-tested without a server."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import ROUND_HALF_UP, Context, Decimal
from typing import Any

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from tasks.ingest.schema import KINDS
from tasks.validate.schema import LINE
from tasks.warehouse.load.code import CodedPart, code_part

_ORDINALS = {"a.csv": 0, "b.csv": 1}
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_EXACT = Context(prec=60, rounding=ROUND_HALF_UP)
_PLAIN = {
    "kind": "sale",
    "is_merchandise": True,
    "store": None,
    "source_line": None,
    "discount_amount": None,
    "tax_amount": None,
    "cost_amount": None,
    "attributes": None,
    "invoice_attributes": None,
}
_OF_LINE = tuple(name for name in _PLAIN if name not in {"kind", "is_merchandise", "store"})
_amount = st.sampled_from([None, None, "0.0000", "1.5000", "-2.2500", "99999999999999.9999"]).map(
    lambda text: text and Decimal(text)
)
_json = st.sampled_from([None, None, '{"Note":"a,\\\\ \\""}', '{"n":"1"}'])
_eight = {
    "delivery": st.sampled_from(sorted(_ORDINALS)),
    "line_no": st.integers(1, 20_000),
    "copy_number": st.sampled_from([1, 1, 1, 2, 3]),
    "invoice_no": st.sampled_from(["1", "2", "C3", "A4", "É,'\"\\"]),
    "stock_code": st.sampled_from(["A", "B", "POST", "{}", ","]),
    "description": st.sampled_from([None, "x", "X", "a,b", "\\N", "{}"]),
    "quantity": st.sampled_from([0, 1, -1, 12, 262_143, -262_144, 262_144, -(2**31), 2**31 - 1]).map(Decimal),
    "sold_at": st.sampled_from([0, 1, 60_000_000, 1_291_190_760_000_000, 2_524_607_999_999_999]).map(
        lambda us: _EPOCH + timedelta(microseconds=us)
    ),
    "unit_price": st.sampled_from(["0.0000", "0.0001", "2.5500", "-11062.0600", "99999999999999.9999"]).map(
        Decimal
    ),
    "customer_number": st.sampled_from([None, "1", "17850", "999999999999999"]),
    "country": st.sampled_from([None, "EIRE", "United Kingdom"]),
    "currency": st.sampled_from(["GBP", "EUR"]),
}
_further = {
    "customer_number": st.sampled_from([None, "1", "00123", "C,1", "%2C", "50%,\"'{}"]),
    "quantity": st.sampled_from(["1", "0.5", "-0.0001", "1.2345", "300000.75", "99999999999999.9999"]).map(
        Decimal
    ),
    "unit_price": st.sampled_from(["0.0000", "0.0001", "2.5500", "-3.3333", "1.0001"]).map(Decimal),
    "kind": st.sampled_from(KINDS),
    "is_merchandise": st.booleans(),
    "store": st.sampled_from([None, "North", "South, \\ {"]),
    "source_line": st.sampled_from([None, "1", "1/2"]),
    "discount_amount": _amount,
    "tax_amount": _amount,
    "cost_amount": _amount,
    "attributes": _json,
    "invoice_attributes": _json,
    "own_amount": st.sampled_from([None, None, "0.0000", "-7.0100", "99999999999999.9999"]),
}
_plain_lines = st.fixed_dictionaries(_eight)
_any_lines = st.fixed_dictionaries(_eight | _further)
_lines = st.one_of(
    st.lists(_plain_lines, min_size=1, max_size=12), st.lists(_any_lines, min_size=1, max_size=12)
)


def _total(quantity: Decimal, price: Decimal) -> Decimal:
    """Quantity x price as Postgres rounds it to four decimals."""
    return _EXACT.quantize(_EXACT.multiply(quantity, price), Decimal("0.0001"))


def _row(values: dict[str, Any]) -> dict[str, Any]:
    """A line as it is expected to come out; amounts that fit numeric(18,4)."""
    row = {**_PLAIN, **values}
    own = row.pop("own_amount", None)
    total = _total(row["quantity"], row["unit_price"])
    row["total_amount"] = Decimal(own or 0) if own or abs(total) >= 10**14 else total
    return row


def _silver(rows: list[dict[str, Any]]) -> pl.DataFrame:
    full = [
        {
            **row,
            "line_id": number.to_bytes(16, "big"),
            "sold_at_local": row["sold_at"].replace(tzinfo=None),
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


def _text_at(text: str, position: int) -> str | None:
    values = text.split(",")
    return values[position] or None if position < len(values) else None


def _time_at(text: str, position: int) -> datetime:
    return _EPOCH + timedelta(microseconds=int(Decimal(text.split(",")[position]).scaleb(6)))


def _decode(part: CodedPart) -> list[dict[str, Any]]:
    """Put the lines together again, as the merge does on the server."""
    frame: dict[str, Any] = part.frames.row(0, named=True)
    copies = dict(zip(_list(frame["copies"]), _list(frame["copy_numbers"]), strict=True))
    own = dict(zip(_list(frame["described"]), frame["own_descriptions"], strict=True))
    told = dict(zip(_list(frame["told"]), frame["told_kinds"].split(","), strict=False))
    lines = []
    for line in part.lines.iter_rows(named=True):
        if "packed" in line:
            packed = line["packed"]
            receipt, offset = packed >> 48, (packed >> 35) & 8191
            priced, quantity = (packed >> 19) & 65_535, Decimal((packed & 524_287) - 262_144)
            line_no = (_list(frame["first_line_numbers"])[receipt] or 0) + offset
        else:
            receipt, priced = line["receipt"], line["priced_product"]
            line_no, quantity = line["line_no"], Decimal(0)
        if line.get("quantity") is not None:
            quantity = line["quantity"]
        product = sum(map(int, frame["product_steps"][: priced + 1])) - 1
        country = _at(frame["receipt_countries"], receipt)
        currency = _at(frame["receipt_currencies"], receipt) or 1
        delivery = _at(frame["receipt_deliveries"], receipt)
        store = _at(frame["receipt_stores"], receipt)
        customer = _text_at(frame["receipt_customers"], receipt)
        price = Decimal(frame["prices"].split(",")[priced])
        own_amount = line.get("total_amount")
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
                "sold_at": _time_at(frame["receipt_times"], receipt),
                "unit_price": price,
                "customer_number": customer and customer.replace("%2C", ",").replace("%25", "%"),
                "country": frame["countries"][country - 1] if country else None,
                "currency": frame["currencies"][currency - 1],
                "store": frame["stores"][store - 1] if store else None,
                "kind": "return" if frame["invoice_types"][receipt] == "c" else told.get(priced + 1, "sale"),
                "is_merchandise": priced + 1 not in _list(frame["others"]),
                "total_amount": _total(quantity, price) if own_amount is None else own_amount,
                **{name: line.get(name) for name in _OF_LINE},
            }
        )
    return lines


@given(_lines)
def test_the_lines_are_there(values: list[dict[str, Any]]) -> None:
    rows = [_row(each) for each in values]
    decoded = _decode(code_part(_silver(rows), _ORDINALS))
    assert decoded == [{"line_id": number.to_bytes(16, "big"), **row} for number, row in enumerate(rows)]


@given(_lines)
def test_a_product_has_its_latest_description(values: list[dict[str, Any]]) -> None:
    rows = [_row(each) for each in values]
    frame = code_part(_silver(rows), _ORDINALS).frames.row(0, named=True)
    for product, (code, description) in enumerate(
        zip(frame["stock_codes"], frame["descriptions"], strict=True)
    ):
        by = _at(frame["described_by"], product)
        ranked = [
            (row["unit_price"] > 0, row["sold_at"], row["description"])
            for row in rows
            if row["stock_code"] == code and row["description"] is not None
        ]
        if not ranked:
            assert (description, by) == (None, None)
            continue
        assert by is not None
        sold_at = _time_at(frame["receipt_times"], abs(by) - 1)
        assert (by > 0, sold_at, description) == max(ranked)


@given(_lines)
def test_a_product_is_merchandise_if_one_of_its_lines_is(values: list[dict[str, Any]]) -> None:
    rows = [_row(each) for each in values]
    frame = code_part(_silver(rows), _ORDINALS).frames.row(0, named=True)
    others = {frame["stock_codes"][(product or 0) - 1] for product in _list(frame["not_merchandise"])}
    merchandise = {row["stock_code"] for row in rows if row["is_merchandise"]}
    assert others == {row["stock_code"] for row in rows} - merchandise


@given(_lines, st.sampled_from([None, "A", "C"]))
def test_a_receipt_of_returns_alone_is_a_cancellation(
    values: list[dict[str, Any]], adjustment: str | None
) -> None:
    rows = [_row(each) for each in values]
    frame = code_part(_silver(rows), _ORDINALS, adjustment).frames.row(0, named=True)
    kinds: dict[str, set[str]] = {}
    for row in rows:
        kinds.setdefault(row["invoice_no"], set()).add(row["kind"])
    greatest: dict[str, str] = {}
    for number, letter in zip(frame["invoice_numbers"], frame["invoice_types"], strict=True):
        greatest[number] = max(greatest.get(number, letter), letter)
    for number, letter in greatest.items():
        if adjustment is not None and number[:1] == adjustment:
            assert letter == "a"
        else:
            assert letter == ("c" if kinds[number] == {"return"} else "s")


def test_a_line_of_a_day_is_one_number() -> None:
    rows = [
        {"delivery": "a.csv", "line_no": number, "copy_number": 1, "invoice_no": "1", "stock_code": "A"}
        for number in (7, 8)
    ]
    rest = {
        "description": "x",
        "quantity": Decimal(3),
        "sold_at": _EPOCH,
        "unit_price": Decimal("2.55"),
        "customer_number": "1",
        "country": None,
        "currency": "GBP",
    }
    part = code_part(_silver([_row({**row, **rest}) for row in rows]), _ORDINALS)
    assert part.lines.columns == ["line_id", "packed"]
    assert part.frames.get_column("product_steps").to_list() == ["1"]
