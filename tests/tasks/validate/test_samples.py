"""A delivery's quality shows its first faulty lines, with the values as they came."""

from __future__ import annotations

from pathlib import Path

from tasks.validate.score import FaultyLine
from tests.support.deliveries import as_csv, row, write
from tests.support.lines import validate_sources


def test_the_first_five_of_each_delivery(tmp_path: Path) -> None:
    many = [row(quantity=f"n{number}") for number in range(1, 9)]
    one = [row(), row(unit_price="2,5,5", invoice_no=None)]
    sources = [
        write(tmp_path / "many.csv", as_csv(many)),
        write(tmp_path / "none.csv", as_csv([row()])),
        write(tmp_path / "one.csv", as_csv(one)),
    ]
    for _ in range(2):  # the second time as stored by the first
        silver = validate_sources(tmp_path / "w", sources)
        samples = {Path(quality.name).name: quality.samples for quality in silver.deliveries}
        assert samples == {
            "many.csv": tuple(
                FaultyLine(number, "quantity_readable", f"n{number}") for number in range(1, 6)
            ),
            "none.csv": (),
            "one.csv": (
                FaultyLine(2, "invoice_no_present", None),
                FaultyLine(2, "unit_price_readable", "2,5,5"),
            ),
        }
