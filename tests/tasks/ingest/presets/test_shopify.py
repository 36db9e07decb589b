"""An order of Shopify that was cancelled was never sold, unless its money was given back: then refund tells that."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import polars as pl
import pytest

from tasks.ingest.bronze import ingest
from tasks.ingest.discover import discover
from tasks.ingest.mapping.content import kept_text
from tasks.ingest.presets import preset
from tasks.ingest.reading import ReadingSettings
from tests.support.deliveries import as_csv, bronze_of, frame_of, write
from tests.support.presets import sample


@pytest.mark.parametrize("column", ["Cancelled at", "Canceled at"])
@pytest.mark.parametrize(
    ("status", "reason"),
    [
        ("paid", "cancelled"),
        ("pending", "cancelled"),
        ("authorized", "cancelled"),
        ("partially_paid", "cancelled"),
        ("", "cancelled"),
        ("voided", "void"),
        ("expired", "unpaid"),
        ("refunded", None),
        ("partially_refunded", None),
    ],
)
def test_a_cancelled_order(tmp_path: Path, column: str, status: str, reason: str | None) -> None:
    names, *rows = csv.reader(sample("shopify.csv").open(newline=""))
    of_order = [row for row in rows if row[names.index("Name")] == "#2004"]
    first, second = of_order
    at = names.index("Cancelled at")
    first[at], first[names.index("Financial Status")] = "2026-03-09 15:00:00 -0700", status
    names[at] = column
    # The status and the time stand on the order's first line only.
    assert (second[at], second[names.index("Financial Status")]) == ("", "")
    path = write(tmp_path / "orders.csv", as_csv(rows, names))
    reading = ReadingSettings(mapping=kept_text(preset("shopify_orders").content))
    bronze = bronze_of(ingest(discover([str(path)]).deliveries, {}, tmp_path / "workspace", reading=reading))
    lines = frame_of(bronze).filter(pl.col("invoice_no") == "#2004")
    (delivery,) = bronze.deliveries
    if reason is None:
        assert lines.height == 2
        told = json.loads(lines.item(0, "invoice_attributes"))
        assert (told["refund"], told["cancelled"]) == ("43.20", "2026-03-09 15:00:00 -0700")
        assert delivery.passed_over == {"void": {"rows": 1, "amounts": {"USD": "30"}}}
    else:
        assert lines.height == 0
        # With the voided order of the sample.
        expected = {"void": 3} if reason == "void" else {"void": 1, reason: 2}
        assert {why: told["rows"] for why, told in delivery.passed_over.items()} == expected
