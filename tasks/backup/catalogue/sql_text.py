"""SQL texts of the server, made comparable between its major versions."""

from __future__ import annotations

import hashlib
import re

_PLAIN_IDENTIFIER = re.compile(r'"([a-z_][a-z0-9_$]*)"')
_QUALIFIER = re.compile(r'(?:"(?:[^"]|"")+"|[^\W\d][\w$]*)\.(?=["\w])')
_LITERAL = re.compile(r"('(?:[^']|'')*')")


def unquoted(text: str) -> str:
    """Return a text without the quotes around plain identifiers: which words want quotes depends on the version."""
    return _PLAIN_IDENTIFIER.sub(r"\1", text)


def digest(text: str) -> str:
    """Return a short hash of a text that may hold a secret, such as the body of a function."""
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def loose_digest(text: str) -> str:
    """Return a hash of a query that is the same in every major version that shows the query in its own way.

    Postgres 15 qualifies a view's columns where 16 does not, and the versions differ in parentheses, blanks and quotes.
    Literals are compared as they are.
    """
    parts = _LITERAL.split(text)
    parts[::2] = (re.sub(r"[\s()]", "", _QUALIFIER.sub("", unquoted(part))).lower() for part in parts[::2])
    return digest("".join(parts))
