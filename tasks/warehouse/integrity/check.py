"""Integrity checks: queries whose rows are violations, one ``.sql`` file each, ours and those of users alike.

The name of a check is that of its file. Comments at its start say how severe its violations are and, in one line, what
it finds::

    -- severity: warning
    -- finds: lines of the shop in Leeds that were sold on a Sunday
    select ...
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Literal, get_args

from tasks.errors import SettingsError
from tasks.outside_text import displayable
from tasks.ownership import check_trusted

Severity = Literal["error", "warning"]
SAMPLES = 5
_HEADER = re.compile(r"^--\s*(severity|finds):\s*(.+?)\s*$")
_NAME = re.compile(r"^[a-z][a-z0-9_]{0,62}$")
_MAX_BYTES = 256 * 1024
_SETTING = "RETAIL_INTEGRITY_CHECKS"
# The samples are rows as JSON objects with every value as text: a number of JSON would round amounts.
_QUESTION = (
    "select json_build_object('violations', count(*), 'samples', coalesce(json_agg(("
    "select json_object_agg(cell.key, cell.value) from json_each_text(row_to_json(violation)) as cell"
    ") order by number) filter (where number <= {samples}), '[]'::json)) "
    "from (select violation, row_number() over () as number from (\n{query}\n) as violation) as numbered"
)


@dataclass(frozen=True)
class Check:
    """A check.

    Attributes:
        name: Its name.
        severity: ``error`` for what must never be in a warehouse, ``warning`` for what real data may hold.
        finds: What it finds, as a noun phrase.
        query: Query whose rows are the violations: the statement to look further.
        is_custom: Whether it is a file of the user, not of this package.
    """

    name: str
    severity: Severity
    finds: str
    query: str
    is_custom: bool = False

    @property
    def question(self) -> str:
        """A query that gives the count of violations and the first of them as one JSON object."""
        return _QUESTION.format(query=self.query, samples=SAMPLES)


@cache
def built_in_checks() -> tuple[Check, ...]:
    """Return the checks of this package by name."""
    folder = files(__package__).joinpath("sql")
    sources = sorted(
        (entry for entry in folder.iterdir() if entry.name.endswith(".sql")), key=lambda e: e.name
    )
    return tuple(
        parse_check(source.name.removesuffix(".sql"), source.read_text(encoding="utf-8"))
        for source in sources
    )


def custom_checks(folder: Path) -> tuple[Check, ...]:
    """Read the checks in a user's folder: its files ``NAME.sql``.

    Raises:
        SettingsError: the folder or a file cannot be read, or a file is no check.
        UntrustedPath: another user can change the folder or a file, and so run queries with our rights.
    """
    otherwise = f"choose another folder for {_SETTING}"
    check_trusted(folder, _SETTING, otherwise)
    checks = []
    try:
        for path in sorted(folder.iterdir()):
            if path.suffix != ".sql":
                continue
            check_trusted(path, _SETTING, otherwise)
            if path.stat().st_size > _MAX_BYTES:
                raise _unusable(path, f"is larger than {_MAX_BYTES // 1024} kB")
            checks.append(_custom(path))
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise SettingsError(
            f"{_SETTING}: {displayable(folder)} cannot be read ({reason}).",
            "Name a folder with one .sql file for each check.",
            setting=_SETTING,
        ) from None
    return tuple(checks)


def _custom(path: Path) -> Check:
    if not _NAME.match(path.stem):
        raise _unusable(path, "is no name of a check (small letters, digits and underscores)")
    if any(check.name == path.stem for check in built_in_checks()):
        raise _unusable(path, "has the name of a check of this package")
    try:
        return parse_check(path.stem, path.read_text(encoding="utf-8"), is_custom=True)
    except ValueError as error:
        if isinstance(error, UnicodeDecodeError):
            raise
        raise _unusable(path, str(error)) from None


def _unusable(path: Path, why: str) -> SettingsError:
    return SettingsError(
        f"{_SETTING}: {displayable(path)} {why}.",
        "Correct the file; docs/watching.md shows one.",
        setting=_SETTING,
    )


def parse_check(name: str, text: str, *, is_custom: bool = False) -> Check:
    """Read a check from its file's text.

    Raises:
        ValueError: a comment is missing, or there is no query.
    """
    lines = text.splitlines()
    head = [match for line in lines if (match := _HEADER.match(line.strip()))]
    facts = {match[1]: match[2] for match in reversed(head)}
    severity, finds = facts.get("severity", ""), facts.get("finds", "")
    if severity not in get_args(Severity):
        raise ValueError("lacks the line '-- severity: error' or '-- severity: warning'")
    if not finds:
        raise ValueError("lacks the line '-- finds: ...', which says what its rows are")
    query = "\n".join(line for line in lines if not _HEADER.match(line.strip())).strip().rstrip(";").strip()
    if not query:
        raise ValueError("has no query")
    return Check(name, "error" if severity == "error" else "warning", finds, query, is_custom)
