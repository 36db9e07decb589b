"""How the bytes of a feed's deliveries become rows of text."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

# Words that stand for a missing value where the feed names none, in upper case. pandas: nan, NaN, NaT, <NA>, None. R: NA.
# Databases: NULL, \N, (null), [NULL]. Spreadsheets: #N/A. People: N/A. A hyphen or a dot may be text, and is not among them.
USUAL_MISSING_WORDS = ("NA", "NAN", "NULL", "N/A", "#N/A", "\\N", "NONE", "NAT", "<NA>", "(NULL)", "[NULL]")
LastLineEnd = Literal["optional", "required"]


@dataclass(frozen=True)
class ReadingSettings:
    """Reading settings of a feed that the readers need; None leaves a decision to the evidence of each file.

    Attributes:
        encoding: Encoding of its text files.
        last_line_end: Whether the last line of a text file ends with a line end.
        mapping: The mapping of its columns, as the feed keeps it; None to read them by their names.
        decimal: Decimal mark of its numbers, in which a mapping writes them.
        keeps_persons: Whether bronze has the columns that are not stored, of persons; a setting of the run.
    """

    encoding: str | None = None
    last_line_end: LastLineEnd | None = None
    mapping: str | None = None
    decimal: str | None = None
    keeps_persons: bool = False


@dataclass(frozen=True)
class LastLine:
    """The last line of a text file, if it has no line end and it is not plain that it is whole.

    Attributes:
        value: Its last field.
        is_whole: Whether it is taken as a whole line.
        reason: Why it is, or is not.
    """

    value: str
    is_whole: bool
    reason: str


DEFAULT_READING = ReadingSettings()
