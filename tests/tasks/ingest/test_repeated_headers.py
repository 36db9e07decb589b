"""A header among the lines of a file is no line; behind another one the file is refused."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest

from tasks.errors import DeliveryEmpty, DeliveryUnreadable
from tasks.ingest import source_file
from tests.support.deliveries import (
    HEADER,
    LINE,
    NAMES,
    ROW,
    as_csv,
    bronze_of,
    frame_of,
    ingest_sources,
    row,
    text_of,
    write,
)

BROKEN = "a broken,line\n"


@pytest.mark.parametrize("held", [10_000_000, 0], ids=["held", "large"])
@pytest.mark.parametrize("broken", ["", BROKEN], ids=["sound", "beside a broken row"])
@pytest.mark.parametrize(
    "again",
    [
        HEADER,
        f"\ufeff{HEADER}",
        HEADER.upper().replace(",", " , "),
        HEADER.replace("InvoiceNo", "Invoice"),
        "\ufeff" + ",".join(f'"{name}"' for name in NAMES),
    ],
    ids=["same", "mark", "other case", "other name", "mark and quotes"],
)
def test_the_same_header_is_skipped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, again: str, broken: str, held: int
) -> None:
    monkeypatch.setattr(source_file, "HELD_BYTES", held)
    day = write(tmp_path / "day.csv", f"{HEADER}\n{LINE}\n{again}\n{LINE}\n{broken}{again}\n{LINE}\n")
    bronze = bronze_of(ingest_sources(tmp_path / "w", day))
    frame = frame_of(bronze)
    assert text_of(frame) == [ROW] * 3
    assert bronze.rows == frame.height == 3 + bool(broken)
    # Lines keep their number in the file.
    assert frame.get_column("line_no").to_list() == ([1, 3, 4, 6] if broken else [1, 3, 5])
    assert bronze.deliveries[0].notes == ("The header came again 2 times; it is no line.",)


def test_the_others_of_a_batch_are_told_nothing(tmp_path: Path) -> None:
    plain = write(tmp_path / "1.csv", f"{HEADER}\n{LINE}\n")
    again = write(tmp_path / "2.csv", f"{HEADER}\n{HEADER}\n{LINE}\n")
    bronze = bronze_of(ingest_sources(tmp_path / "w", plain, again))
    assert [(file.rows, bool(file.notes)) for file in bronze.deliveries] == [(1, False), (1, True)]


def _reordered(names: tuple[str, ...]) -> str:
    return as_csv([tuple(reversed(ROW))], names[::-1])


OTHERS: dict[str, Callable[[], str]] = {
    "other order": lambda: _reordered(NAMES),
    "one more column": lambda: as_csv([(*ROW, "x")], [*NAMES, "Remark"]),
    "one column less": lambda: as_csv([ROW[:7]], NAMES[:7]),
    "other delimiter": lambda: as_csv([ROW], delimiter=";"),
    "another name": lambda: as_csv([ROW], ["Voucher", *NAMES[1:]]),
}


@pytest.mark.parametrize("held", [10_000_000, 0], ids=["held", "large"])
@pytest.mark.parametrize("other", OTHERS)
def test_another_header_refuses_the_delivery_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, other: str, held: int
) -> None:
    monkeypatch.setattr(source_file, "HELD_BYTES", held)
    sound = write(tmp_path / "1.csv", f"{HEADER}\n{LINE}\n")
    mixed = write(tmp_path / "2.csv", f"{HEADER}\n{LINE}\n{OTHERS[other]()}")
    result = ingest_sources(tmp_path / "w", sound, mixed)
    (error,) = result.failed
    assert isinstance(error, DeliveryUnreadable)
    assert error.delivery == str(mixed)
    assert "its line 2 is a header with other columns, or in another order: '" in error.message
    assert "Deliver what stands under each header as a file of its own." in error.message
    assert result.bronze is not None
    assert result.bronze.names == (str(sound),)


def test_a_file_of_headers_is_empty(tmp_path: Path) -> None:
    result = ingest_sources(tmp_path / "w", write(tmp_path / "day.csv", f"{HEADER}\n{HEADER}\n"))
    assert [type(error) for error in result.failed] == [DeliveryEmpty]


def test_text_in_the_place_of_numbers_is_a_line(tmp_path: Path) -> None:
    odd = row(quantity="six", unit_price="Price", description="Quantity")
    day = write(tmp_path / "day.csv", as_csv([odd, ROW]))
    assert text_of(frame_of(bronze_of(ingest_sources(tmp_path / "w", day)))) == [odd, ROW]


def test_parquet_of_a_concatenated_file(tmp_path: Path) -> None:
    pl.DataFrame([ROW, NAMES, ROW], schema=list(NAMES), orient="row").write_parquet(tmp_path / "day.parquet")
    bronze = bronze_of(ingest_sources(tmp_path / "w", tmp_path / "day.parquet"))
    assert text_of(frame_of(bronze)) == [ROW, ROW]
    assert bronze.deliveries[0].notes
