"""Hostile deliveries among good ones: they fail by name, the others load, and no traceback is shown."""

from __future__ import annotations

import os
from pathlib import Path

from tests.flows.conftest import Retail
from tests.support.deliveries import as_csv, row, write
from tests.tasks.ingest.test_limits import write_repeated


def test_bombs_and_names_cost_themselves_only(retail: Retail, tmp_path: Path) -> None:
    folder = tmp_path / "in"
    for number in range(2):
        write(folder / f"good{number}.csv", as_csv([row(invoice_no=str(number))]))
    write_repeated(folder / "bomb.parquet", 1_000_000, "x" * 100_000)
    poor = write_repeated(folder / "poor.parquet", 5_000, "x" * 10_000)
    not_utf_8 = os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9.csv")
    ended = retail(
        "etl", str(folder), not_utf_8, "--json", "--no-quality-checks", RETAIL_MAX_QUARANTINE_MB="10"
    )
    assert ended.code == 1
    assert "Traceback" not in ended.err
    reasons = {Path(delivery["name"]).name: delivery["reason"] for delivery in ended.report["deliveries"]}
    assert reasons["good0.csv"] == reasons["good1.csv"] == ""
    assert "RETAIL_MAX_DELIVERY_GB" in reasons["bomb.parquet"]
    assert "RETAIL_MAX_QUARANTINE_MB" in reasons[poor.name]
    assert "not UTF-8" in reasons["caf\ufffd.csv"]
    assert ended.report["rows_loaded"] == 2
