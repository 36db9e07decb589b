"""Version 1 of the row encoding of polars-hash, implemented from its documentation for the types of a line.

A row is the tag 13 and the number of values; each value is a tag and its data, with numbers in LEB128:
null 0; integer 3, sign, magnitude; text 5 and bytes 6, length, bytes; datetime 9, sign, nanoseconds since
1970; decimal 11, sign, digits without trailing zeros, scale.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from decimal import Decimal


def encode(values: Iterable[object]) -> bytes:
    """Encode a row."""
    parts = [_value(value) for value in values]
    return bytes([13]) + _leb128(len(parts)) + b"".join(parts)


def _value(value: object) -> bytes:
    match value:
        case None:
            return bytes([0])
        case int():
            return bytes([3, value >= 0]) + _leb128(abs(value))
        case str():
            return bytes([5]) + _leb128(len(value.encode())) + value.encode()
        case bytes():
            return bytes([6]) + _leb128(len(value)) + value
        case datetime():
            nanoseconds = (value - datetime(1970, 1, 1)) // timedelta(microseconds=1) * 1000
            return bytes([9, nanoseconds >= 0]) + _leb128(abs(nanoseconds))
        case Decimal():
            scale = 4
            digits = abs(int(value.scaleb(scale)))
            while scale and digits % 10 == 0:
                digits, scale = digits // 10, scale - 1
            return bytes([11, value >= 0]) + _leb128(digits) + _leb128(scale)
    raise TypeError(type(value))


def _leb128(number: int) -> bytes:
    encoded = bytearray()
    while True:
        number, low = divmod(number, 128)
        encoded.append(low | (128 if number else 0))
        if not number:
            return bytes(encoded)
