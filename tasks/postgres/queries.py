"""SQL statements longer than a line, each in a file of its package's ``sql`` folder."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache
from importlib.resources import files
from uuid import UUID

_QUOTED = re.compile(r"""('(?:[^']|'')*'|"(?:[^"]|"")*")""")
_NEEDLESS = re.compile(r" ?([,()=<>|+]) ?")


@cache
def sql(name: str, package: str = "tasks.warehouse") -> str:
    """Return the statement in ``sql/NAME.sql`` of a package."""
    return files(package).joinpath("sql", f"{name}.sql").read_text(encoding="utf-8")


@cache
def compact_sql(name: str, package: str = "tasks.warehouse") -> str:
    """Return the statement without comments on lines of their own and without needless blanks, to send fewer bytes.

    Only for statements without a string that spans lines.
    """
    lines = [re.sub(r"\s+", " ", line).strip() for line in sql(name, package).splitlines()]
    lines = [line for line in lines if line and not line.startswith("--")]
    if any("--" in line for line in lines):
        raise ValueError(f"{name}.sql has a comment behind a statement; it needs a line of its own.")
    # At even places there is neither a string nor a quoted name.
    pieces = _QUOTED.split(" ".join(lines))
    return "".join(
        _NEEDLESS.sub(r"\1", piece) if not place % 2 else piece for place, piece in enumerate(pieces)
    )


def inlined(statement: str, *values: str | int | float | UUID | Sequence[str] | None) -> str:
    """Return a statement with its parameters ``$1``, ``$2`` … as literals, to run it in one turn.

    Only for values of our own (ids, statuses, counts): text from outside travels as a parameter.
    """
    return re.sub(r"\$(\d+)", lambda match: _literal(values[int(match[1]) - 1]), statement)


def _literal(value: str | int | float | UUID | Sequence[str] | None) -> str:
    if value is None:
        return "null"
    if isinstance(value, int | float):  # a bool too
        return repr(value)
    if isinstance(value, str | UUID):
        # E'' means the same whatever standard_conforming_strings is.
        return "E'" + str(value).replace("\\", "\\\\").replace("'", "''") + "'"
    return f"array[{', '.join(_literal(each) for each in value)}]"
