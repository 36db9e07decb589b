"""Quotes found in bulk agree with a grammar that parses them one by one."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from tasks.ingest.readers.quotes import find_quotes

# A quoted field starts after a delimiter or line break and ends before one; quotes in it are doubled.
_FIELD = rb'(?:(?<=[,\n])|\A)"(?:[^"]++|"")*+"(?=[,\n]|\r\n|\Z)'
_GRAMMAR = re.compile(rb'(?:[^"]*+%b)*+[^"]*+\Z' % _FIELD)
_PIECES = st.sampled_from([b'"', b'""', b",", b"\n", b"\r\n", b"\r", b"a", b'"a,b"', b'"",', "é".encode()])
_TEXTS = st.lists(_PIECES, max_size=12).map(b"".join)


@given(_TEXTS)
def test_well_placed_agrees_with_the_grammar(text: bytes) -> None:
    assert find_quotes(text).well_placed(ord(",")) == (_GRAMMAR.match(text) is not None)


@given(_TEXTS)
def test_counts_inside_quotes(text: bytes) -> None:
    quotes = find_quotes(text)
    if not quotes.well_placed(ord(",")):
        return
    quoted_fields = [match[0] for match in re.finditer(rb'"[^"]*"', text)]
    assert quotes.count_quoted(ord(",")) == (
        sum(field.count(b",") for field in quoted_fields),
        b'""' in quoted_fields,
    )
    assert quotes.quoted_bytes == sum(len(field) - 1 for field in quoted_fields) - len(quoted_fields)
    assert quotes.count(ord(",")) == text.count(b",")


def test_quotes_inside_values() -> None:
    assert not find_quotes(b'a,12" RULER,b\n').well_placed(ord(","))
    assert find_quotes(b'a,"12"" RULER, LONG",b\n').well_placed(ord(","))
    assert find_quotes(b'a,"12"" RULER, LONG",b\n').count_quoted(ord(",")) == (1, False)
    assert find_quotes(b'a,"",b').count_quoted(ord(",")) == (0, True)
