"""SQL statements longer than a line, each in a file of its package's ``sql`` folder."""

from __future__ import annotations

from functools import cache
from importlib.resources import files


@cache
def sql(name: str, package: str = "tasks.warehouse") -> str:
    """Return the statement in ``sql/NAME.sql`` of a package."""
    return files(package).joinpath("sql", f"{name}.sql").read_text(encoding="utf-8")
