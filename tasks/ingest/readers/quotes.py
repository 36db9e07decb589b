"""Where the quotes of a CSV text stand, looked up in all of it at once."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl
import pyarrow as pa

_QUOTE, _LINE_FEED, _RETURN = b'"\n\r'


@dataclass(frozen=True)
class Quotes:
    """A text's bytes, and in it the places of its quotes."""

    text: pl.Series
    places: pl.Series

    @property
    def opening(self) -> pl.Series:
        """Every other place, from the first."""
        return self.places.gather_every(2)

    @property
    def closing(self) -> pl.Series:
        """Every other place, from the second."""
        return self.places.gather_every(2, 1)

    @property
    def enclosed(self) -> int:
        """How many bytes stand between quotes; they must be even in number."""
        return int((self.closing - self.opening).cast(pl.Int64).sum()) - self.closing.len()

    def count(self, byte: int) -> int:
        """How many bytes of the text are this one."""
        return int((self.text == byte).sum())

    def enclose(self, byte: int) -> tuple[int, bool]:
        """How many bytes of a value stand between quotes, and whether some have nothing between them.

        The text must be ``well_placed``.
        """
        stretches = pl.int_ranges(self.opening, self.closing, eager=True).explode()
        within = self.text.gather(stretches)
        return int((within == byte).sum()), bool((self.closing - self.opening == 1).any())

    def well_placed(self, delimiter: int) -> bool:
        """Whether all quotes open before a field, close behind it, or are doubled within it.

        With any other quote, as in `12" RULER`, polars may go on to the next one and make one row of several.
        """
        if self.places.len() % 2:
            return False
        # A quote that closes and one that opens right behind it are a doubled one.
        doubled = self.closing + 1 == self.opening.shift(-1)
        before = self.opening.filter(~doubled.shift(1, fill_value=False).fill_null(False))
        behind = self.closing.filter(~doubled.fill_null(False)) + 1
        starts = self._at(before.filter(before > 0) - 1)
        ends = behind.filter(behind < self.text.len())
        follows = self._at(ends)
        returns = ends.filter(follows == _RETURN) + 1
        return bool(
            starts.is_in([delimiter, _LINE_FEED]).all()
            and follows.is_in([delimiter, _LINE_FEED, _RETURN]).all()
            and returns.max() != self.text.len()
            and (self._at(returns) == _LINE_FEED).all()
        )

    def _at(self, places: pl.Series) -> pl.Series:
        return self.text.gather(places)


def find(text: bytes) -> Quotes:
    """Look for the quotes of ``text``."""
    array = pa.Array.from_buffers(pa.uint8(), len(text), [None, pa.py_buffer(text)])
    series = pl.Series(array)
    return Quotes(series, (series == _QUOTE).arg_true())
