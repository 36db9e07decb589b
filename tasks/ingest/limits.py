"""Limits of what reading a delivery may cost, whatever its size on disk."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import Any

from tasks.errors import DeliveryTooLarge

_HEAD_BYTES = 1024
_KB, _GB = 1024, 1024**3


@dataclass(frozen=True)
class ReadLimits:
    """Limits in bytes of UTF-8 text, and in lines.

    Attributes:
        value_bytes: A value of one of our columns; a line with a longer one is a fault.
        line_bytes: A line with all of its columns; a longer one is a fault.
        delivery_bytes: A delivery, on disk and decoded; a larger one fails.
        delivery_lines: Lines of a delivery; one with more fails.
    """

    value_bytes: int = 256 * _KB
    line_bytes: int = 1024 * _KB
    delivery_bytes: int = 8 * _GB
    delivery_lines: int = 50_000_000

    def check_size(self, size: int, delivery: str) -> None:
        """Raise DeliveryTooLarge if ``size`` bytes are more than a delivery may have."""
        if size > self.delivery_bytes:
            raise DeliveryTooLarge(
                f"it has more than {self.delivery_bytes / _GB:g} GB, on disk or decoded.",
                "Deliver it in several files, or raise RETAIL_MAX_DELIVERY_GB.",
                delivery=delivery,
            )

    def check_lines(self, lines: int, delivery: str) -> None:
        """Raise DeliveryTooLarge if ``lines`` are more than a delivery may have."""
        if lines > self.delivery_lines:
            raise DeliveryTooLarge(
                f"it has more than {self.delivery_lines:,} lines.",
                "Deliver it in several files, or raise RETAIL_MAX_DELIVERY_LINES.",
                delivery=delivery,
            )

    def value_fault(self, size: int) -> str:
        """Fault of a line with a value of ``size`` bytes."""
        return f"a value of {size:,} bytes (RETAIL_MAX_VALUE_KB allows {self.value_bytes // _KB})"

    def line_fault(self, size: int) -> str:
        """Fault of a line of ``size`` bytes."""
        return f"a line of {size:,} bytes (RETAIL_MAX_LINE_KB allows {self.line_bytes // _KB})"


DEFAULT_LIMITS = ReadLimits()
# Quarantined lines that are kept of a delivery; one with more is not loaded.
DEFAULT_QUARANTINE_BYTES = 256 * _KB**2


@dataclass
class Excerpt:
    """The first KB, length and SHA-256 of a text that is too long to keep, collected piece by piece."""

    head: bytes = b""
    size: int = 0
    _digest: Any = field(default_factory=hashlib.sha256)

    def add(self, data: bytes) -> None:
        """Append the next piece."""
        if len(self.head) < _HEAD_BYTES:
            self.head += data[: _HEAD_BYTES - len(self.head)]
        self.size += len(data)
        self._digest.update(data)

    def text(self) -> str:
        """Render it, such as ``536365,85123A… (200000000 bytes, SHA-256 9f86…)``."""
        try:
            # The last character may be cut.
            head = self.head.decode(errors="strict")
        except UnicodeDecodeError as error:
            cut = error.start >= len(self.head) - 3
            head = self.head[: error.start].decode() if cut else self.head.decode("cp1252", errors="replace")
        return f"{head}… ({self.size} bytes, SHA-256 {self._digest.hexdigest()})"


def excerpt(text: str) -> str:
    """Shorten a text to its first KB, with its length in bytes and SHA-256; a shorter text stays as it is."""
    data = text.encode()
    if len(data) <= _HEAD_BYTES:
        return text
    shortened = Excerpt()
    shortened.add(data)
    return shortened.text()
