"""The parts of an output: zstd Parquet, in which each different text of a column stands once.

Sales lines repeat their texts, so a part is read back with its text columns as Enum: what comes next
works on each different text once, and need not find them again.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

# Arrow's own allocator keeps what polars and Python then take again from the system.
pa.set_memory_pool(pa.system_memory_pool())
# Values of these types are told once for each different one; other numbers are as short themselves.
_REPEATED = (pl.String, pl.Enum, pl.Decimal)


def write_part(frame: pl.DataFrame, path: Path) -> None:
    """Write one part, readable by its owner only. Enum columns are written as text."""
    table = pa.table({column.name: _to_arrow(column) for column in frame})
    kinds = frame.schema.items()
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        # Half the time of polars' own writer. Arrow's schema is left out: it would hold an Enum's texts again.
        pq.write_table(
            table,
            file,
            # The only bytes are identities, which nothing makes smaller.
            compression={name: "none" if kind == pl.Binary else "zstd" for name, kind in kinds},
            compression_level={name: 1 for name, kind in kinds if kind != pl.Binary},
            use_dictionary=[name for name, kind in kinds if isinstance(kind, _REPEATED)],
            write_statistics=False,
            store_schema=False,
            store_decimal_as_integer=True,
        )


def _to_arrow(column: pl.Series) -> pa.Array:
    if column.dtype == pl.Binary:
        return _of_one_width(column)
    # pyarrow writes neither lists of string views nor dictionaries of them.
    simple = isinstance(column.dtype, pl.Enum | pl.List)
    return column.to_arrow(compat_level=pl.CompatLevel.oldest() if simple else pl.CompatLevel.newest())


def _of_one_width(column: pl.Series) -> pa.Array:
    """Bytes without their lengths, if all have the same."""
    plain = column.to_arrow(compat_level=pl.CompatLevel.oldest())
    sizes = column.bin.size()
    width = sizes.max()
    return plain.cast(pa.binary()).cast(pa.binary(width)) if width and width == sizes.min() else plain


def read_part(path: Path, texts: Sequence[str], others: Sequence[str]) -> pl.DataFrame:
    """Read columns of one part, ``texts`` as Enum, then ``others`` as they are."""
    with pq.ParquetFile(path, read_dictionary=list(texts)) as file:
        table = file.read([*texts, *others])
    # Row groups have dictionaries of their own.
    table = table.unify_dictionaries().combine_chunks()
    return pl.DataFrame({name: _from_arrow(table.column(name)) for name in table.column_names})


def _from_arrow(column: pa.ChunkedArray) -> pl.Series:
    if not pa.types.is_dictionary(column.type):
        return pl.Series(column)
    coded = column.combine_chunks() if column.num_chunks == 1 else pa.array([], column.type)
    values = pl.Series(coded.dictionary, dtype=pl.String)
    return pl.Series(coded.indices).cast(pl.UInt32).cat.to(pl.Enum(values))


def dictionary_encode(column: pl.Series) -> tuple[pl.Series, pl.Series]:
    """The different texts of a column (and perhaps some that no row has), and for each row the place of its
    own among them, null where it has none."""
    kind = column.dtype
    if not isinstance(kind, pl.Enum):
        kind = pl.Enum(column.unique().drop_nulls())
        column = column.cast(kind)
    return kind.categories, column.to_physical()
