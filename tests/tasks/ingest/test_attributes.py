"""Columns that are read for nothing are kept as attributes, by every reader, with and without a mapping."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from datetime import date, time
from decimal import Decimal
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tasks.ingest.attributes import LINE_BYTES, VALUE_BYTES
from tasks.ingest.bronze import ingest
from tasks.ingest.discover import discover
from tasks.ingest.ingested import Bronze, IngestedFile
from tasks.ingest.mapping.content import kept_text
from tasks.ingest.mapping.load import load_mapping
from tasks.ingest.reading import ReadingSettings
from tasks.postgres.connect import ConnectionSettings, connected
from tests.support.deliveries import NAMES, ROW, as_csv, bronze_of, frame_of, ingest_sources, write
from tests.support.small_mapping import SHOP

SHOP_HEADER = "Order,SKU,Qty,Day,Price"
SHOP_LINE = "1,S1,2,2011-05-02,1.50"


def _attributes(bronze: Bronze) -> list[Any]:
    texts = frame_of(bronze).get_column("attributes").to_list()
    return [None if text is None else json.loads(text) for text in texts]


def _read(folder: Path, *further: tuple[str, Sequence[str | None]], **dialect: Any) -> Bronze:
    """Read a CSV file of the eight columns and these."""
    rows = [(*ROW, *values) for values in zip(*(values for _, values in further), strict=True)]
    text = as_csv(rows, [*NAMES, *(name for name, _ in further)], **dialect)
    return bronze_of(ingest_sources(folder / "workspace", write(folder / "day.csv", text)))


def _mapped(folder: Path, text: str, mapping: str = SHOP) -> Bronze:
    path = write(folder / "shop.csv", text)
    reading = ReadingSettings(mapping=kept_text(load_mapping(mapping).content))
    return bronze_of(ingest(discover([str(path)]).deliveries, {}, folder / "workspace", reading=reading))


def _only(bronze: Bronze) -> IngestedFile:
    return bronze.deliveries[0]


@pytest.mark.parametrize("dialect", [{}, {"delimiter": ";"}, {"delimiter": "\t"}, {"quoting": 1}])
def test_columns_that_nothing_reads_are_kept_where_they_hold_a_value(
    tmp_path: Path, dialect: dict[str, Any]
) -> None:
    bronze = _read(tmp_path, ("Till", [" 7 ", "", None]), ("Aisle", ["B", "  ", "C\\\"'é"]), **dialect)
    texts = frame_of(bronze).get_column("attributes").to_list()
    # Sorted keys and no blanks: equal content is equal text.
    assert texts == [
        '{"Aisle":"B","Till":"7"}',
        None,
        json.dumps({"Aisle": "C\\\"'é"}, ensure_ascii=False, separators=(",", ":")),
    ]


def test_file_of_the_eight_columns_has_no_attributes(tmp_path: Path) -> None:
    bronze = bronze_of(ingest_sources(tmp_path / "w", write(tmp_path / "day.csv", as_csv([ROW]))))
    assert _attributes(bronze) == [None]
    assert _only(bronze).notes == ()


def test_attributes_of_sound_rows_survive_a_broken_one(tmp_path: Path) -> None:
    text = as_csv([(*ROW, "7"), (*ROW, "8", "too many"), (*ROW, "9")], [*NAMES, "Till"])
    bronze = bronze_of(ingest_sources(tmp_path / "w", write(tmp_path / "day.csv", text)))
    assert _attributes(bronze) == [{"Till": "7"}, None, {"Till": "9"}]
    assert frame_of(bronze).get_column("raw").to_list() == [None, ",".join((*ROW, "8", "too many")), None]


def test_files_with_different_columns_in_one_batch_keep_their_own(tmp_path: Path) -> None:
    paths = [
        write(tmp_path / f"{name}.csv", as_csv([(*ROW, value)], [*NAMES, name]))
        for name, value in {"Aisle": "A", "Till": "T"}.items()
    ]
    assert _attributes(bronze_of(ingest_sources(tmp_path / "w", *paths))) == [{"Aisle": "A"}, {"Till": "T"}]


def test_columns_without_a_name_or_with_the_same_one_are_told_apart_by_their_number(tmp_path: Path) -> None:
    bronze = _read(tmp_path, ("", ["1"]), ("Shelf", ["2"]), ("Shelf", ["3"]))
    assert _attributes(bronze) == [{"column 9": "1", "Shelf": "2", "Shelf (column 11)": "3"}]


async def test_postgres_takes_what_a_column_may_hold(warehouse: ConnectionSettings, tmp_path: Path) -> None:
    controls = "".join(map(chr, range(1, 32)))
    values = [f"a\0b{controls}z", "\x7f\ud7ff\ufffe\uffff\u2028😀", "\\u0000 \\ud800 \\", '"}, {"', "'; --"]
    bronze = _read(tmp_path, ('Ai"s\\le', values), delimiter=",", quoting=1)
    texts = frame_of(bronze).get_column("attributes").to_list()
    async with connected(warehouse) as connection:
        taken = [
            await connection.fetchval("select ($1::text)::jsonb ->> $2", text, 'Ai"s\\le') for text in texts
        ]
    assert taken == [values[0].replace("\0", "\ufffd"), *values[1:]]


def test_long_value_is_kept_as_an_excerpt_and_told(tmp_path: Path) -> None:
    bronze = _read(tmp_path, ("Aisle", ["x" * (VALUE_BYTES + 1), "y" * VALUE_BYTES]))
    first, second = _attributes(bronze)
    assert first["Aisle"].startswith("xxx")
    assert f"({VALUE_BYTES + 1} bytes, SHA-256 " in first["Aisle"]
    assert second == {"Aisle": "y" * VALUE_BYTES}
    (note,) = _only(bronze).notes
    assert note.startswith(
        f"1 values of columns that are kept as attributes have more than {VALUE_BYTES:,} bytes"
    )


def test_line_keeps_as_many_columns_as_fit_and_that_is_told(tmp_path: Path) -> None:
    columns = [(f"C{number:02}", ["v" * VALUE_BYTES, "w"]) for number in range(20)]
    bronze = _read(tmp_path, *columns)
    first, second = frame_of(bronze).get_column("attributes")
    kept = json.loads(first)
    assert len(first.encode()) <= LINE_BYTES < len(first.encode()) + VALUE_BYTES + 10
    assert list(kept) == [f"C{number:02}" for number in range(len(kept))]
    assert len(json.loads(second)) == 20
    assert f"1 lines have more than {LINE_BYTES:,} bytes of attributes" in _only(bronze).notes[0]


def test_long_value_that_nothing_reads_sets_no_line_aside(tmp_path: Path) -> None:
    bronze = _read(tmp_path, ("Aisle", ["x" * 300_000]))
    assert frame_of(bronze).get_column("fault").to_list() == [None]


def test_parquet_keeps_columns_of_any_type(tmp_path: Path) -> None:
    further = {
        "Open": pa.array([True, None]),
        "Shelf": pa.array([3, None], pa.int32()),
        "Weight": pa.array([Decimal("1.50"), None], pa.decimal256(40, 2)),
        "Day": pa.array([date(2020, 1, 2), None]),
        "Clock": pa.array([time(9, 30), None]),
        "Blob": pa.array([b"\xff\x00", None]),
        "Words": pa.array([b"plain", None]),
        "Tags": pa.array([["a", "b"], None]),
        "Box": pa.array([{"w": 1, "u": "kg"}, None]),
        "Colour": pa.array(["red", None]).dictionary_encode(),
        "Nothing": pa.nulls(2),
    }
    ours = {name: pa.array([value, value]) for name, value in zip(NAMES, ROW, strict=True)}
    pq.write_table(pa.table({**ours, **further}), tmp_path / "day.parquet")
    bronze = bronze_of(ingest_sources(tmp_path / "w", tmp_path / "day.parquet"))
    assert _attributes(bronze) == [
        {
            "Blob": "ff00",
            "Box": '{"w":1,"u":"kg"}',
            "Clock": "09:30:00.000000",
            "Colour": "red",
            "Day": "2020-01-02",
            "Open": "true",
            "Shelf": "3",
            "Tags": '["a","b"]',
            "Weight": "1.50",
            "Words": "plain",
        },
        None,
    ]


def test_text_of_parquet_that_is_no_utf8_loses_no_file(tmp_path: Path) -> None:
    broken = pa.Array.from_buffers(pa.string(), 1, pa.array([b"caf\xe9"]).buffers())
    ours = {name: pa.array([value]) for name, value in zip(NAMES, ROW, strict=True)}
    pq.write_table(pa.table({**ours, "Aisle": broken}), tmp_path / "day.parquet")
    assert _attributes(bronze_of(ingest_sources(tmp_path / "w", tmp_path / "day.parquet"))) == [
        {"Aisle": "636166e9"}
    ]


def test_mapping_keeps_the_columns_that_no_key_reads(tmp_path: Path) -> None:
    bronze = _mapped(tmp_path, f"{SHOP_HEADER},Aisle,Till\n{SHOP_LINE},B,\n{SHOP_LINE},,7\n")
    assert _attributes(bronze) == [{"Aisle": "B"}, {"Till": "7"}]
    assert frame_of(bronze).get_column("invoice_no").to_list() == ["1", "1"]


def test_mapped_parquet_keeps_them_too(tmp_path: Path) -> None:
    columns = dict(zip(f"{SHOP_HEADER},Aisle".split(","), f"{SHOP_LINE},B".split(","), strict=True))
    pl.DataFrame({name: [value] for name, value in columns.items()}).write_parquet(tmp_path / "shop.parquet")
    reading = ReadingSettings(mapping=kept_text(load_mapping(SHOP).content))
    found = discover([str(tmp_path / "shop.parquet")]).deliveries
    assert _attributes(bronze_of(ingest(found, {}, tmp_path / "w", reading=reading))) == [{"Aisle": "B"}]


@pytest.mark.parametrize("read", [_read, None], ids=["without a mapping", "with one"])
def test_unread_column_that_speaks_of_money_or_state_is_told_with_its_commonest_values(
    tmp_path: Path, read: Callable[..., Bronze] | None
) -> None:
    states = ["paid"] * 3 + ["void"] * 2 + ["a", "b", "c", "d"]
    if read is None:
        lines = "\n".join(f"{SHOP_LINE},{state}" for state in states)
        bronze = _mapped(tmp_path, f"{SHOP_HEADER},Status\n{lines}\n")
    else:
        bronze = read(tmp_path, ("Status", states), ("Till", ["1"] * 9))
    (note,) = _only(bronze).notes
    assert "which may change every sum: Status (paid: 3, void: 2, a: 1, b: 1, c: 1). Say in a mapping" in note


def test_unread_columns_are_told_in_one_note_but_not_those_of_zeros(tmp_path: Path) -> None:
    bronze = _read(
        tmp_path, ("Fee", ["$0.00", "0,00 €"]), ("Tax", ["0.00", "0.07"]), ("Status", ["open", "open"])
    )
    (note,) = _only(bronze).notes
    assert "Status (open: 2); Tax (0.00: 1, 0.07: 1)." in note
    assert "Fee" not in note


@pytest.mark.parametrize("section", ['[attributes]\ncolumns = ["Status"]', '[signature]\nknown = ["Status"]'])
def test_column_that_a_mapping_knows_is_no_warning(tmp_path: Path, section: str) -> None:
    mapping = f"{SHOP}\n{section}\n"
    bronze = _mapped(tmp_path, f"{SHOP_HEADER},Status\n{SHOP_LINE},paid\n", mapping)
    assert _attributes(bronze) == [{"Status": "paid"}]
    assert _only(bronze).notes == ()
