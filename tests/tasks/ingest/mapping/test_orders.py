"""What an order says once, and what its lines get of its first or parent row, in a mapped delivery."""

from __future__ import annotations

import json
from pathlib import Path

import polars as pl

from tasks.ingest.mapping.order import FirstLines, WithoutParent
from tests.support.deliveries import frame_of
from tests.support.small_mapping import read

ORDER = """
[order]
shipping = "Shipping"
status = "State"
other = ["Note", "Memo"]
"""


def test_an_order_is_told_once_an_invoice_as_sorted_json(tmp_path: Path) -> None:
    lines = [
        '1,S1,Mug,1,2.50,EUR,paid,"1,004.90","a ""b""\n\u00e9",',
        "1,S1,Mug,1,2.50,EUR,paid,4.90,,x",
        "2,S1,Mug,1,2.50,EUR,,,,",
        "1,S1,Mug,1,2.50,EUR,paid,4.90,,",
        "3,S1,Mug,1,2.50,EUR,paid,free,,x",
        ",S1,Mug,1,2.50,EUR,paid,4.90,,",
    ]
    rows = frame_of(read(tmp_path, lines, '[read]\ndecimal = "."\n' + ORDER, more="Shipping,Note,Memo"))
    told = rows.get_column("invoice_attributes").to_list()
    assert told == [
        '{"other":"a \\"b\\"\\n\u00e9","shipping":"1004.90","status":"paid"}',
        None,
        None,
        None,
        '{"other":"x","shipping":"free","status":"paid"}',
        None,
    ]
    assert json.loads(told[0])["other"] == 'a "b"\n\u00e9'


def test_what_the_first_row_of_an_order_tells_stands_on_its_first_line(tmp_path: Path) -> None:
    keys = ORDER + '[fill]\nkey = ["Order"]\n[rows]\nnone = { Item = [""] }\n'
    lines = ["1,,,,,EUR,paid,4.90,,", "1,S1,Mug,1,2.50,EUR,,,,", "2,S1,Mug,1,2.50,EUR,,,,"]
    rows = frame_of(read(tmp_path, lines, keys, more="Shipping,Note,Memo"))
    assert rows.get_column("invoice_attributes").to_list() == ['{"shipping":"4.90","status":"paid"}', None]


def test_what_a_row_that_is_no_sale_or_set_aside_tells_of_its_order_is_kept(tmp_path: Path) -> None:
    keys = ORDER + '[[kind]]\nkind = "void"\nwhen = { Item = ["Gone"] }\n[words]\nItem = ["Mug", "Gone"]\n'
    lines = [
        "1,S1,Gone,1,2.50,EUR,paid,4.90,,",
        "1,S1,Mug,1,2.50,EUR,,,,",
        "2,S1,Mug,1,2.50,EUR,,,,",
        "3,S1,Odd,1,2.50,EUR,paid,1.90,,",
        "3,S1,Mug,1,2.50,EUR,,,,",
    ]
    rows = frame_of(read(tmp_path, lines, keys, more="Shipping,Note,Memo"))
    assert rows.select("invoice_no", "invoice_attributes").rows() == [
        ("1", '{"shipping":"4.90","status":"paid"}'),
        ("2", None),
        ("3", None),
        ("3", '{"shipping":"1.90","status":"paid"}'),
    ]


def test_first_lines_are_found_over_frames_and_by_file() -> None:
    first = FirstLines()
    frames: list[list[tuple[int, str | None]]] = [
        [(0, "1"), (0, "2"), (0, "1")],
        [(0, "1"), (1, "1"), (0, None), (0, "3")],
        [(0, "3"), (0, "2")],
    ]
    schema = {"source": pl.UInt32, "invoice_no": pl.String}
    found = [first.find(pl.DataFrame(rows, schema=schema, orient="row")).to_list() for rows in frames]
    assert found == [[True, True, False], [False, True, False, True], [False, False]]


PARENTS = """
[fill]
key = ["Order"]
[rows]
lines = { State = ["line"] }
parents = { State = ["sale"] }
none = { State = ["payment"] }
[parent]
customer = "Buyer"
store = "Shop"
[order]
total = "Price"
"""


def test_lines_get_customer_store_and_total_of_the_row_above_them(tmp_path: Path) -> None:
    lines = [
        "1,,,,7.50,EUR,sale,C1,Leeds",
        "1,S1,Mug,1,2.50,EUR,line,,",
        "1,S2,Cup,1,5.00,EUR,line,,York",
        "1,,,,7.50,EUR,payment,,",
        "2,S1,Mug,1,2.50,EUR,line,C2,",
    ]
    bronze = read(tmp_path, lines, PARENTS, more="Buyer,Shop")
    assert frame_of(bronze).select("invoice_no", "customer_id", "store", "invoice_attributes").rows() == [
        ("1", "C1", "Leeds", '{"total":"7.50"}'),
        ("1", "C1", "Leeds", None),
        ("2", None, None, None),
    ]
    (delivery,) = bronze.deliveries
    assert set(delivery.passed_over) == {"State = payment", "State = sale"}
    (note,) = [note for note in delivery.notes if "parent row" in note]
    assert note == (
        "1 invoice has lines without a parent row, so that what it would tell of them is not known (customer, store, "
        "total): 2."
    )


def test_invoices_without_a_parent_row_are_counted_over_frames_and_by_file() -> None:
    found = WithoutParent(["total"])
    for source, invoices in ((0, "1 2 2 3"), (0, "3 4 5 6"), (1, "1 1 1 1"), (0, "7 8 9 8")):
        lines = pl.DataFrame({"source": [source] * 4, "invoice_no": invoices.split(), "fault": [None] * 4})
        found.add(lines, lines.get_column("invoice_no").is_in(["4"]))
    assert found.notes(0)[0].startswith("8 invoices have lines without a parent row")
    assert found.notes(0)[0].endswith("(total): 1, 2, 3, 5, 6 and 3 more.")
    assert found.notes(1)[0].endswith(": 1.")
    assert found.notes(2) == ()


def test_a_parent_row_with_blank_cells_is_one(tmp_path: Path) -> None:
    lines = ["1,,,,,EUR,sale,,", "1,S1,Mug,1,2.50,EUR,line,,", "1,S2,Mug,1,2.50,EUR,line,,"]
    (delivery,) = read(tmp_path, lines, PARENTS, more="Buyer,Shop").deliveries
    assert not [note for note in delivery.notes if "parent row" in note]
