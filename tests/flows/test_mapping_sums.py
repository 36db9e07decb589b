"""A delivery whose lines do not add up to what it says itself is refused, unless that is accepted."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.flows.conftest import Retail
from tests.support.deliveries import write

EXPORT = """Order,Sku,Qty,Price,Day,Subtotal,Rebate
1,A,2,5.00,2026-03-01 10:00:00,9.00,1.00
1,B,1,1.00,2026-03-01 10:00:00,,
1,C,1,-1.00,2026-03-01 10:00:00,,
2,A,3,5.00,2026-03-01 11:00:00,15.00,
3,A,4,5.00,2026-03-01 12:00:00,20.00,
"""
MAPPING = """
schema = 1
name = "till"
[line]
invoice = "Order"
code = "Sku"
quantity = "Qty"
country_is = "France"
[line.time]
columns = "Day"
[line.amount]
{amount} = "Price"
[order]
discount = "Rebate"
[[check]]
per = "invoice"
plus = ["line.amount"]
minus = ["order.discount"]
equals = "column:Subtotal"
"""


@pytest.mark.slow
def test_a_price_of_a_piece_that_is_read_as_an_amount(retail: Retail, tmp_path: Path) -> None:
    export = write(tmp_path / "orders.csv", EXPORT)
    wrong = write(tmp_path / "wrong.toml", MAPPING.format(amount="line"))
    refused = retail("etl", str(export), "--mapping", str(wrong), "--json")
    assert refused.code == 1
    (delivery,) = refused.report["deliveries"]
    assert (delivery["outcome"], delivery["refusal"]) == ("refused", "sums")
    assert (
        "3 of 3 invoices break line.amount - order.discount = column:Subtotal (1: 4 by its lines, 9 by the file; "
        "2: 5 by its lines, 15 by the file; 3: 5 by its lines, 20 by the file)."
    ) in delivery["reason"]
    assert "--accept-sums" in delivery["reason"]
    assert refused.report["rows_loaded"] == 0

    right = write(tmp_path / "right.toml", MAPPING.format(amount="piece"))
    loaded = retail("etl", str(export), "--mapping", str(right), "--json")
    assert loaded.code == 0, loaded.err
    assert loaded.report["outcomes"] == {"loaded": 1}
    assert loaded.report["deliveries"][0]["notes"] == []


def test_accepted_sums_stay_in_the_report(retail: Retail, tmp_path: Path) -> None:
    export = write(tmp_path / "orders.csv", EXPORT.replace("15.00", "15.01").replace("20.00", "20.01"))
    mapping = write(tmp_path / "till.toml", MAPPING.format(amount="piece"))
    assert retail("etl", str(export), "--mapping", str(mapping), "--json").code == 1
    accepted = retail("etl", str(export), "--mapping", str(mapping), "--accept-sums", "--json")
    assert accepted.code == 0, accepted.err
    assert accepted.report["deliveries"][0]["notes"] == [
        "2 of 3 invoices break line.amount - order.discount = column:Subtotal (2: 15 by its lines, 15.01 by the file; "
        "3: 20 by its lines, 20.01 by the file)."
    ]


@pytest.mark.slow
def test_one_invoice_is_a_warning(retail: Retail, tmp_path: Path) -> None:
    export = write(tmp_path / "orders.csv", EXPORT.replace("20.00", "20.01"))
    mapping = write(tmp_path / "till.toml", MAPPING.format(amount="piece"))
    loaded = retail("etl", str(export), "--mapping", str(mapping), "--json")
    assert loaded.code == 0, loaded.err
    (note,) = loaded.report["deliveries"][0]["notes"]
    assert note.startswith("1 of 3 invoices break")
