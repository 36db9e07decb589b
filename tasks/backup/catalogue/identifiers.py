"""Names of database objects: quoted for SQL, and read from qualified names as Postgres quotes them."""

from __future__ import annotations

import re

_PART = re.compile(r'"((?:[^"]|"")*)"|([^".(]+)')


def quoted(name: str) -> str:
    """Return a name as a quoted identifier."""
    return '"' + name.replace('"', '""') + '"'


def parts_of(qualified: str) -> tuple[str, ...]:
    """Return the plain names in a qualified name, such as those of ``shop."order"``; arguments are left out."""
    parts, position = [], 0
    while match := _PART.match(qualified, position):
        parts.append(match[2] if match[1] is None else match[1].replace('""', '"'))
        position = match.end()
        if qualified[position : position + 1] != ".":
            break
        position += 1
    return tuple(parts)
