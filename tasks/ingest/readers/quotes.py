"""Find and check the quotes of a CSV text with vector operations instead of a state machine."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl
import pyarrow as pa

# Above this many quoted bytes, counting delimiters in parsed values is cheaper.
_QUOTED_BYTES = 4 * 1024 * 1024
_QUOTE, _LINE_FEED, _RETURN = b'"\n\r'


@dataclass(frozen=True)
class Quotes:
    """The quotes of a text.

    Attributes:
        text: Bytes of the text (UInt8).
        offsets: Offset of each quote in ``text`` (UInt32), ascending.
    """

    text: pl.Series
    offsets: pl.Series

    @property
    def opening(self) -> pl.Series:
        """Offsets of the first, third, fifth ... quote."""
        return self.offsets.gather_every(2)

    @property
    def closing(self) -> pl.Series:
        """Offsets of the second, fourth, sixth ... quote."""
        return self.offsets.gather_every(2, 1)

    @property
    def quoted_bytes(self) -> int:
        """Number of bytes between opening and closing quotes; needs an even number of quotes."""
        return int((self.closing - self.opening).cast(pl.Int64).sum()) - self.closing.len()

    def count(self, byte: int) -> int:
        """Count a byte in the whole text."""
        return int((self.text == byte).sum())

    def count_quoted(self, byte: int) -> tuple[int, bool]:
        """Count a byte between opening and closing quotes of a text with well placed quotes.

        Args:
            byte: The byte to count.

        Returns:
            The count, and whether any closing quote follows its opening quote directly.
        """
        offsets = pl.int_ranges(self.opening, self.closing, eager=True).explode()
        quoted = self.text.gather(offsets)
        return int((quoted == byte).sum()), bool((self.closing - self.opening == 1).any())

    def well_placed(self, delimiter: int) -> bool:
        """Check that each quote opens a field, closes it, or is doubled inside it.

        Given any other quote, as in `12" RULER`, polars may read on to the next quote and merge rows.

        Args:
            delimiter: The byte between fields.
        """
        if self.offsets.len() % 2:
            return False
        # A closing quote directly followed by an opening one is a doubled quote.
        doubled = self.closing + 1 == self.opening.shift(-1)
        field_starts = self.opening.filter(~doubled.shift(1, fill_value=False).fill_null(False))
        field_ends = self.closing.filter(~doubled.fill_null(False)) + 1
        bytes_before = self._bytes_at(field_starts.filter(field_starts > 0) - 1)
        ends = field_ends.filter(field_ends < self.text.len())
        bytes_after = self._bytes_at(ends)
        after_return = ends.filter(bytes_after == _RETURN) + 1
        return bool(
            bytes_before.is_in([delimiter, _LINE_FEED]).all()
            and bytes_after.is_in([delimiter, _LINE_FEED, _RETURN]).all()
            and after_return.max() != self.text.len()
            and (self._bytes_at(after_return) == _LINE_FEED).all()
        )

    def _bytes_at(self, offsets: pl.Series) -> pl.Series:
        return self.text.gather(offsets)


def find_quotes(text: bytes) -> Quotes:
    """Find all quotes of a text, without copying it."""
    array = pa.Array.from_buffers(pa.uint8(), len(text), [None, pa.py_buffer(text)])
    series = pl.Series(array)
    return Quotes(series, (series == _QUOTE).arg_true())


def no_quotes(text: bytes) -> Quotes:
    """Return the quotes of a text in which they enclose no fields: none."""
    quotes = find_quotes(text)
    return Quotes(quotes.text, quotes.offsets.clear())


def inspect_quoted(quotes: Quotes, frame: pl.DataFrame, delimiter: str) -> tuple[int, bool]:
    """Count the delimiters inside quoted values of a parsed text with well placed quotes.

    Returns:
        The count, and whether ``frame`` may hold quoted empty values.
    """
    if quotes.quoted_bytes <= _QUOTED_BYTES:
        return quotes.count_quoted(ord(delimiter))
    counts = frame.select(pl.all().str.count_matches(delimiter, literal=True).sum())
    return sum(count or 0 for count in counts.row(0)), True
