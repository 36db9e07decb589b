"""Quotes looked up at once agree with a grammar that reads them one after the other."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from tasks.ingest.readers.quotes import find_quotes

# A quote opens behind a separator or a line break, closes before one, and is doubled within.
_FIELD = rb'(?:(?<=[,\n])|\A)"(?:[^"]++|"")*+"(?=[,\n]|\r\n|\Z)'
_GRAMMAR = re.compile(rb'(?:[^"]*+%b)*+[^"]*+\Z' % _FIELD)
_PIECES = st.sampled_from([b'"', b'""', b",", b"\n", b"\r\n", b"\r", b"a", b'"a,b"', b'"",', "é".encode()])
_TEXTS = st.lists(_PIECES, max_size=12).map(b"".join)


@given(_TEXTS)
def test_well_placed_is_what_the_grammar_reads(text: bytes) -> None:
    assert find_quotes(text).well_placed(ord(",")) == (_GRAMMAR.match(text) is not None)


@given(_TEXTS)
def test_what_stands_between_quotes(text: bytes) -> None:
    quotes = find_quotes(text)
    if not quotes.well_placed(ord(",")):
        return
    between = [match[0] for match in re.finditer(rb'"[^"]*"', text)]
    assert quotes.count_quoted(ord(",")) == (sum(one.count(b",") for one in between), b'""' in between)
    assert quotes.quoted_bytes == sum(len(one) - 1 for one in between) - len(between)
    assert quotes.count(ord(",")) == text.count(b",")


def test_a_quote_within_a_value() -> None:
    assert not find_quotes(b'a,12" RULER,b\n').well_placed(ord(","))
    assert find_quotes(b'a,"12"" RULER, LONG",b\n').well_placed(ord(","))
    assert find_quotes(b'a,"12"" RULER, LONG",b\n').count_quoted(ord(",")) == (1, False)
    assert find_quotes(b'a,"",b').count_quoted(ord(",")) == (0, True)
