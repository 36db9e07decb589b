"""Parts of an output: zstd-compressed Parquet with dictionary-encoded text columns.

Sales lines repeat their texts. So the text columns of a part are read back as Enum, and later steps work
on each distinct text once, without searching for them again.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

# Arrow's default allocator keeps freed memory, which polars and Python then allocate again.
pa.set_memory_pool(pa.system_memory_pool())
# Dictionary-encode these types; plain numbers gain nothing from it.
_DICTIONARY_TYPES = (pl.String, pl.Enum, pl.Decimal)


def write_part(frame: pl.DataFrame, path: Path) -> None:
    """Write one part as a file that only its owner can read; Enum columns are written as text."""
    empty = {column.name for column in frame if column.null_count() == column.len()}
    dtypes = {name: dtype for name, dtype in frame.schema.items() if name not in empty}.items()
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        # Takes half the time of polars' writer. Arrow's schema would store the texts of an Enum twice.
        pq.write_table(
            _to_table(frame),
            file,
            # The only bytes are line ids: hashes, which do not compress.
            compression={name: "none" if dtype == pl.Binary else "zstd" for name, dtype in dtypes},
            compression_level={name: 1 for name, dtype in dtypes if dtype != pl.Binary},
            use_dictionary=[name for name, dtype in dtypes if isinstance(dtype, _DICTIONARY_TYPES)],
            # Tells the reader which columns have no value.
            write_statistics=sorted(empty),
            store_schema=False,
            store_decimal_as_integer=True,
        )


def _to_table(frame: pl.DataFrame) -> pa.Table:
    arrays = [_to_arrow(column) for column in frame]
    # A column without nulls takes a tenth less time if its file says so.
    fields = [
        pa.field(column.name, array.type, nullable=column.has_nulls())
        for column, array in zip(frame, arrays, strict=True)
    ]
    return pa.Table.from_arrays(arrays, schema=pa.schema(fields))


def _to_arrow(column: pl.Series) -> pa.Array:
    if column.dtype == pl.Binary:
        return _to_arrow_binary(column)
    # pyarrow writes neither lists nor dictionaries of string views.
    without_views = isinstance(column.dtype, pl.Enum | pl.List)
    return column.to_arrow(compat_level=pl.CompatLevel.oldest() if without_views else pl.CompatLevel.newest())


def _to_arrow_binary(column: pl.Series) -> pa.Array:
    """Convert bytes to fixed-size binary, which stores no lengths, if all values have the same size."""
    plain = column.to_arrow(compat_level=pl.CompatLevel.oldest())
    sizes = column.bin.size()
    width = sizes.max()
    if not width or width != sizes.min():
        return plain
    if column.has_nulls():
        return plain.cast(pa.binary()).cast(pa.binary(width))
    # The values stand behind one another.
    _, ends, values = plain.buffers()
    start = int.from_bytes(ends.slice(8 * plain.offset, 8).to_pybytes(), "little")
    return pa.Array.from_buffers(pa.binary(width), len(plain), [None, values.slice(start)])


def read_part(part: Path | bytes, texts: Sequence[str], others: Sequence[str]) -> pl.DataFrame:
    """Read columns of one part.

    Args:
        part: The part, as a file or as its content.
        texts: Text columns, read as Enum with the distinct texts of the part.
        others: Columns read with the dtype of the file.

    Returns:
        The columns ``texts``, then ``others``.
    """
    source = pa.BufferReader(part) if isinstance(part, bytes) else part
    with pq.ParquetFile(source, read_dictionary=list(texts)) as file:
        schema, height, empty = file.schema_arrow, file.metadata.num_rows, _empty_columns(file.metadata)
        table = file.read([name for name in (*texts, *others) if name not in empty])
    # Each row group has its own dictionaries.
    table = table.unify_dictionaries().combine_chunks()
    return pl.DataFrame(
        {
            name: _nulls(schema.field(name).type, height)
            if name in empty
            else _from_arrow(table.column(name))
            for name in (*texts, *others)
        }
    )


def _empty_columns(metadata: pq.FileMetaData) -> set[str]:
    """The columns of which ``write_part`` has noted that all values are null."""
    empty = set()
    for number in range(metadata.num_columns):
        chunks = [metadata.row_group(group).column(number) for group in range(metadata.num_row_groups)]
        if chunks and all(
            chunk.statistics is not None and chunk.statistics.null_count == chunk.num_values
            for chunk in chunks
        ):
            empty.add(chunks[0].path_in_schema)
    return empty


def _nulls(kind: pa.DataType, height: int) -> pl.Series:
    dtype = pl.Enum([]) if pa.types.is_dictionary(kind) else pl.Series(pa.array([], kind)).dtype
    # As pl.repeat, in a twentieth of its time.
    return pl.Series([None], dtype=dtype).new_from_index(0, height)


def _from_arrow(column: pa.ChunkedArray) -> pl.Series:
    if not pa.types.is_dictionary(column.type):
        return pl.Series(column)
    encoded = column.combine_chunks() if column.num_chunks == 1 else pa.array([], column.type)
    categories = pl.Series(encoded.dictionary, dtype=pl.String)
    # Takes half the time of making the indices an Enum.
    return categories.cast(pl.Enum(categories)).gather(pl.Series(encoded.indices))


def dictionary_encode(column: pl.Series) -> tuple[pl.Series, pl.Series]:
    """Dictionary-encode a text column.

    Args:
        column: String or Enum.

    Returns:
        The categories (String, distinct; some may be unused) and a code per row (an unsigned integer, the
        index of its category, null for null).
    """
    dtype = column.dtype
    if not isinstance(dtype, pl.Enum):
        dtype = pl.Enum(column.unique().drop_nulls())
        column = column.cast(dtype)
    return dtype.categories, column.to_physical()
