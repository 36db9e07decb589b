"""Deliveries whose content the ledger has are hashed but not parsed; changed ones are read again."""

from __future__ import annotations

import hashlib
from pathlib import Path

from tasks.ingest.bronze import ingest
from tasks.ingest.discover import discover
from tests.support.deliveries import as_csv, row, write


def test_unchanged_deliveries_are_left_out_of_bronze(tmp_path: Path) -> None:
    days = [write(tmp_path / "d" / f"{number}.csv", as_csv([row()] * number)) for number in (1, 2, 3)]
    known = {str(day): hashlib.sha256(day.read_bytes()).hexdigest() for day in days[:2]}
    known[str(days[1])] = hashlib.sha256(b"earlier content").hexdigest()
    known["/somewhere/else.csv"] = hashlib.sha256(days[2].read_bytes()).hexdigest()
    result = ingest(discover([str(tmp_path / "d")]).deliveries, known, tmp_path / "w")
    assert result.unchanged == (str(days[0]),)
    assert result.bronze
    assert {delivery.name: delivery.rows for delivery in result.bronze.deliveries} == {
        str(days[1]): 2,
        str(days[2]): 3,
    }
    for delivery in result.bronze.deliveries:
        assert delivery.content_hash == hashlib.sha256(Path(delivery.name).read_bytes()).hexdigest()
        assert delivery.size == Path(delivery.name).stat().st_size


def test_no_bronze_without_new_deliveries(tmp_path: Path) -> None:
    day = write(tmp_path / "day.csv", as_csv([row()]))
    known = {str(day): hashlib.sha256(day.read_bytes()).hexdigest()}
    result = ingest(discover([str(day)]).deliveries, known, tmp_path / "w")
    assert (result.bronze, result.unchanged, result.failed) == (None, (str(day),), ())
