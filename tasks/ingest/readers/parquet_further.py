"""The further columns of a Parquet file as text, of whatever type they are."""

from __future__ import annotations

import json
from typing import Any

import pyarrow as pa

from tasks.ingest.readers.parquet_text import has_text_form, is_text


def with_text_form(column: pa.Array) -> pa.Array:
    """Return a column in a type that has a text form.

    Bytes that are no UTF-8 are written as hexadecimal digits, booleans as true and false, lists and structs as JSON, what
    else has no text form as Python shows it.

    Raises:
        pa.ArrowInvalid: Parts of a list or struct are damaged.
    """
    values = column.type.value_type if pa.types.is_dictionary(column.type) else column.type
    if has_text_form(values) and not is_text(values):
        return column
    if is_text(values) and _is_valid(column):
        return column
    if pa.types.is_boolean(values) or pa.types.is_time(values):
        return column.cast(pa.string())
    if pa.types.is_dictionary(column.type):
        return pa.DictionaryArray.from_arrays(column.indices, with_text_form(column.dictionary))
    if pa.types.is_string(values) or pa.types.is_large_string(values) or pa.types.is_string_view(values):
        column = column.cast(pa.large_string()).view(pa.large_binary())
    try:
        return pa.array([_text(value) for value in column.to_pylist()], pa.large_string())
    except (ValueError, OverflowError) as error:  # text that is no UTF-8, times outside the calendar
        raise pa.ArrowInvalid(f"a value of the type {column.type} cannot be written as text") from error


def _is_valid(column: pa.Array) -> bool:
    try:
        (column.dictionary if pa.types.is_dictionary(column.type) else column).cast(
            pa.large_string()
        ).validate(full=True)
    except pa.ArrowInvalid:
        return False
    return True


def _text(value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bytes):
        return _of_bytes(value)
    if isinstance(value, list | dict):
        return json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=_of_other)
    return str(value)


def _of_other(value: Any) -> str:
    return _of_bytes(value) if isinstance(value, bytes) else str(value)


def _of_bytes(value: bytes) -> str:
    try:
        return value.decode()
    except UnicodeDecodeError:
        return value.hex()
