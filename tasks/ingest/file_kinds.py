"""Which files are deliveries, by their names; a ``.txt`` file of a folder also by its first lines."""

from __future__ import annotations

import os
import stat
from functools import lru_cache
from itertools import pairwise
from typing import Literal

TEXT_SUFFIXES = (".csv", ".txt", ".tsv")
PARQUET_SUFFIX = ".parquet"
_COMPRESSED = (".gz", ".zst")
_ARCHIVE = ".zip"
# Approximate sizes of sales lines as text, relative to Parquet and to compressed text.
_PARQUET_EXPANSION = 16
_COMPRESSED_EXPANSION = 8
_START_BYTES = 64 * 1024
# Invoice, product, quantity, date and price at least.
_DELIMITERS = 4
# For messages.
READABLE = f"{', '.join(TEXT_SUFFIXES)} or {PARQUET_SUFFIX}, or text as .gz, .zst or .zip"

Kind = Literal["text", "parquet"]


def kind_of(path: str) -> Kind | None:
    """Return how a file of this name is read; None if it is no delivery.

    A compressed file counts as text: what it really holds is known when it is opened.
    """
    suffix, inner = _suffixes(path)
    if suffix == PARQUET_SUFFIX:
        return "parquet"
    is_compressed = suffix in _COMPRESSED and inner in {*TEXT_SUFFIXES, PARQUET_SUFFIX}
    return "text" if suffix in {*TEXT_SUFFIXES, _ARCHIVE} or is_compressed else None


def text_expansion(path: str) -> int:
    """Estimated bytes of text for each byte of a file of this name."""
    suffix, _ = _suffixes(path)
    if suffix == PARQUET_SUFFIX:
        return _PARQUET_EXPANSION
    return _COMPRESSED_EXPANSION if suffix in {*_COMPRESSED, _ARCHIVE} else 1


def is_other_text(path: str) -> bool:
    """Return whether a ``.txt`` file is a readme or a note: no line at its start has the delimiters of a sales line.

    Args:
        path: A file found in a folder or by a pattern; one with another suffix, or that cannot be read, is not.
    """
    if _suffixes(path)[0] != ".txt":
        return False
    try:
        # Opening a pipe would wait for its writer.
        if not stat.S_ISREG(os.stat(path).st_mode):
            return False
        with open(path, "rb") as file:
            start = file.read(_START_BYTES)
    except OSError:
        return False
    is_utf16 = start.startswith((b"\xff\xfe", b"\xfe\xff"))
    text = start.decode("utf-16" if is_utf16 else "latin-1", errors="replace")
    return bool(start) and not _has_sales_lines([line for line in text.splitlines() if line.strip()])


def _has_sales_lines(lines: list[str]) -> bool:
    if any(line.count(delimiter) >= _DELIMITERS for line in lines for delimiter in "\t;|"):
        return True
    # Prose has commas too, though rarely as many in its first line, or equally many in two lines.
    commas = [line.count(",") for line in lines]
    pairs = any(before == after >= _DELIMITERS for before, after in pairwise(commas))
    return pairs or (bool(commas) and commas[0] >= _DELIMITERS)


@lru_cache(maxsize=1024)  # asked several times of each file
def _suffixes(path: str) -> tuple[str, str]:
    """The last suffix and the one before it, in lower case."""
    stem, suffix = os.path.splitext(path)
    return suffix.lower(), os.path.splitext(stem)[1].lower()
