"""A part is read back as it was written, with dictionary-encoded text columns."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import polars as pl
import pytest
from polars.testing import assert_frame_equal, assert_series_equal

from tasks.workspace.parquet_parts import dictionary_encode, read_part, write_part

FRAME = pl.DataFrame(
    {
        "text": ["b", None, "é\0", "b"],
        "none": pl.Series([None] * 4, dtype=pl.String),
        "enum": pl.Series(["x", "y", None, "x"], dtype=pl.Enum(["unused", "y", "x"])),
        "id": [bytes([number]) * 16 for number in range(4)],
        "lists": [["a", "b"], [], None, [None]],
        "money": pl.Series([Decimal("1.5"), None, Decimal("-0.0001"), Decimal(0)], dtype=pl.Decimal(18, 4)),
        "moment": [datetime(2010, 12, 1, 8, 26, tzinfo=UTC), None, None, None],
        "local": [datetime(2010, 12, 1, 8, 26), None, None, None],
        "number": pl.Series([1, 2, None, 4], dtype=pl.Int32),
    }
)
TEXTS = ("text", "none", "enum")
OTHERS = tuple(column for column in FRAME.columns if column not in TEXTS)


def _plain(frame: pl.DataFrame) -> pl.DataFrame:
    return frame.select(FRAME.columns).with_columns(pl.col(TEXTS).cast(pl.String))


@pytest.mark.parametrize("rows", [4, 0])
def test_round_trip(tmp_path: Path, rows: int) -> None:
    write_part(FRAME.head(rows), tmp_path / "part")
    read = read_part(tmp_path / "part", TEXTS, OTHERS)
    assert all(isinstance(read.schema[text], pl.Enum) for text in TEXTS)
    assert_frame_equal(_plain(read), _plain(FRAME.head(rows)))
    assert_frame_equal(_plain(pl.read_parquet(tmp_path / "part")), _plain(FRAME.head(rows)))


def test_columns_without_a_value_keep_their_types(tmp_path: Path) -> None:
    frame = FRAME.with_columns(pl.lit(None, dtype).alias(name) for name, dtype in FRAME.schema.items())
    write_part(frame.with_columns(number=1), tmp_path / "part")
    read = read_part(tmp_path / "part", TEXTS, OTHERS)
    assert_frame_equal(_plain(read.with_columns(number=None).cast({"number": pl.Int32})), _plain(frame))


def test_bytes_of_one_size_from_the_middle_of_a_column(tmp_path: Path) -> None:
    frame = FRAME.select("id").slice(1, 2)
    write_part(frame, tmp_path / "part")
    assert_frame_equal(read_part(tmp_path / "part", (), ("id",)), frame)


def test_bytes_of_different_sizes(tmp_path: Path) -> None:
    frame = pl.DataFrame({"id": [b"", b"1", b"22", None]})
    write_part(frame, tmp_path / "part")
    assert_frame_equal(read_part(tmp_path / "part", (), ("id",)), frame)


def test_more_texts_than_fit_into_a_parquet_dictionary(tmp_path: Path) -> None:
    frame = pl.DataFrame({"text": [f"{number} {'long ' * 20}" for number in range(30_000)] * 2})
    write_part(frame, tmp_path / "part")
    assert_frame_equal(read_part(tmp_path / "part", ("text",), ()).cast(pl.String), frame)


@pytest.mark.parametrize("kind", [pl.String(), pl.Enum(["unused", "a", "b"])])
def test_dictionary_encode(kind: pl.DataType) -> None:
    column = pl.Series("text", ["b", None, "a", "b"], dtype=kind)
    categories, codes = dictionary_encode(column)
    assert categories.n_unique() == categories.len()
    assert_series_equal(categories.gather(codes), column.cast(pl.String), check_names=False)
