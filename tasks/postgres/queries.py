"""SQL statements longer than a line, each in a file of its own beside this module."""

from __future__ import annotations

from functools import cache
from importlib.resources import files


@cache
def sql(name: str, package: str = "tasks.warehouse") -> str:
    """The statement in ``sql/name.sql`` of the package."""
    return files(package).joinpath("sql", f"{name}.sql").read_text(encoding="utf-8")
