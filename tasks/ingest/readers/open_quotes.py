"""Records of several lines: a quote that a line leaves open, and the line that closes it.

Many stray quotes in a row each open a record that may reach over the same lines. Inside an open quote every line begins
in the same state, so a line is parsed once for all records that may contain it.
"""

from __future__ import annotations

import csv
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from functools import cached_property
from itertools import accumulate
from typing import NamedTuple

from tasks.ingest.readers.long_lines import MARKER

# A quote that stays open for more lines, or for more bytes than a line may have, counts as a stray one.
MAX_QUOTED_LINES = 200
# Replaces a carriage return inside a line, which the csv module takes for a line end. Decoded text never
# contains this lone surrogate.
_CARRIAGE_RETURN = "\udc0d"
csv.field_size_limit(2**31 - 1)


class UnclosedQuote(Exception):
    """A quote is still open after the last line."""


class MisplacedQuote(Exception):
    """Text follows a closing quote."""


class RecordEnd(NamedTuple):
    """The end of a record of several lines.

    Attributes:
        line: Position after its last line; if the quote stays open, after the last line that the record may have.
        fields: Number of its fields; None if it is not a record.
    """

    line: int
    fields: int | None


def parse_record(lines: Iterable[str], delimiter: str) -> list[str]:
    """Parse lines that are one record.

    Raises:
        MisplacedQuote: Text follows a closing quote.
        UnclosedQuote: A quote is still open after the last line.
    """
    masked = (_mask_returns(line) + "\n" for line in lines)
    return [value.replace(_CARRIAGE_RETURN, "\r") for value in _parse(masked, delimiter)]


def _parse(lines: Iterable[str], delimiter: str) -> list[str]:
    try:
        return next(csv.reader(lines, delimiter=delimiter, strict=True))
    except csv.Error as error:
        if "unexpected end of data" in str(error):
            raise UnclosedQuote from None
        raise MisplacedQuote from None


def _mask_returns(line: str) -> str:
    # Trailing carriage returns are part of the line end, even several: Windows programs that write line ends
    # twice produce them.
    content = line.rstrip("\r")
    return content.replace("\r", _CARRIAGE_RETURN) + line[len(content) :]


class OpenQuotes:
    """Finds the ends of records, for first lines in ascending order.

    Args:
        lines: Lines of a text.
        end: Position after the last line to parse.
        delimiter: The character between fields.
        max_characters: Length of the longest record.
    """

    def __init__(self, lines: Sequence[str], end: int, delimiter: str, max_characters: int) -> None:
        self._lines = lines
        self._end = end
        self._delimiter = delimiter
        self._max_characters = max_characters
        # The quote stays open in the lines from _first to before _next. _fields counts the fields that end in them:
        # up to each line, from _first on.
        self._first = self._next = 0
        self._fields = [0]
        # The fields that end in the line _next if it closes the quote; None if not, or before it is parsed.
        self._closing: int | None = None
        self._is_parsed = False

    @cached_property
    def _sizes(self) -> list[int]:
        return list(accumulate(map(len, self._lines), initial=0))

    def find_end(self, start: int) -> RecordEnd:
        """Find the end of the record whose first line leaves a quote open."""
        stop = self._last_possible_end(start)
        inside = start + 1
        if not self._first <= inside <= self._next:
            self._first = self._next = inside
            self._fields = [0]
            self._is_parsed = False
        while not self._is_parsed and self._next < stop:
            self._parse_next()
        if self._next >= stop:
            return RecordEnd(stop, None)
        if self._lines[self._next].startswith(MARKER):
            return RecordEnd(self._next, None)
        if self._closing is None:
            return RecordEnd(start, None)
        between = self._fields[-1] - self._fields[inside - self._first]
        opening = len(_parse([_mask_returns(self._lines[start]) + '"'], self._delimiter)) - 1
        return RecordEnd(self._next + 1, opening + between + self._closing)

    def _last_possible_end(self, start: int) -> int:
        stop = min(start + MAX_QUOTED_LINES, self._end)
        room = self._sizes[start] + self._max_characters
        return max(start + 1, bisect_right(self._sizes, room, start, stop + 1) - 1)

    def _parse_next(self) -> None:
        # A quote in front of a line puts the parser into the state inside an open quote.
        line = '"' + _mask_returns(self._lines[self._next])
        self._closing = None
        self._is_parsed = True
        if line.startswith(MARKER, 1):
            return
        try:
            self._closing = len(_parse([line + "\n"], self._delimiter))
        except MisplacedQuote:
            return
        except UnclosedQuote:
            # One behind it closes the quote, to count the fields.
            ended = len(_parse([line + '"'], self._delimiter)) - 1
            self._fields.append(self._fields[-1] + ended)
            self._next += 1
            self._is_parsed = False
