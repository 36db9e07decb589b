"""SQL statements longer than a line, each in a file of its own beside this module."""

from __future__ import annotations

from functools import cache
from importlib.resources import files


@cache
def sql(name: str) -> str:
    """The statement in ``sql/name.sql``."""
    return files("tasks.warehouse").joinpath("sql", f"{name}.sql").read_text(encoding="utf-8")
