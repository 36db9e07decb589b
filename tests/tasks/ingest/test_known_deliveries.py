"""What the ledger holds unchanged is hashed and not read again; the same bytes changed are."""

from __future__ import annotations

import hashlib
from pathlib import Path

from tasks.ingest.bronze import ingest
from tasks.ingest.discover import discover
from tests.support.deliveries import as_csv, row, write


def test_unchanged_deliveries_are_left_out_of_bronze(tmp_path: Path) -> None:
    days = [write(tmp_path / "d" / f"{number}.csv", as_csv([row()] * number)) for number in (1, 2, 3)]
    known = {str(day): hashlib.sha256(day.read_bytes()).hexdigest() for day in days[:2]}
    known[str(days[1])] = hashlib.sha256(b"what it was before").hexdigest()
    known["/somewhere/else.csv"] = hashlib.sha256(days[2].read_bytes()).hexdigest()
    ingested = ingest(discover([str(tmp_path / "d")]).deliveries, known, tmp_path / "w")
    assert ingested.unchanged == (str(days[0]),)
    assert ingested.bronze
    assert {one.name: one.rows for one in ingested.bronze.deliveries} == {str(days[1]): 2, str(days[2]): 3}
    for one in ingested.bronze.deliveries:
        assert one.content_hash == hashlib.sha256(Path(one.name).read_bytes()).hexdigest()
        assert one.size == Path(one.name).stat().st_size


def test_nothing_new_makes_no_bronze(tmp_path: Path) -> None:
    day = write(tmp_path / "day.csv", as_csv([row()]))
    known = {str(day): hashlib.sha256(day.read_bytes()).hexdigest()}
    ingested = ingest(discover([str(day)]).deliveries, known, tmp_path / "w")
    assert (ingested.bronze, ingested.unchanged, ingested.failed) == (None, (str(day),), ())
