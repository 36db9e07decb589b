"""Check how a mapping reads times."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from tasks.errors import SettingsError
from tasks.ingest.date_formats import NAMED_FORMATS, check_date_format
from tasks.ingest.mapping.check import mapping_error
from tasks.ingest.mapping.model import TimeForm

_LETTERS = re.compile("[A-Z]{1,5}")
_OFFSET = re.compile("[+-](0[0-9]|1[0-4]):[0-5][0-9]")
# Of strptime: hours, and what stands for a whole time.
_HOURS = ("%H", "%I", "%k", "%l", "%T", "%R", "%X", "%c", "%r")
_OFFSETS = ("%z", "%:z", "%#z")


def time_form(table: Mapping[str, Any]) -> TimeForm:
    """Build the form of a time from the section ``line.time``.

    Raises:
        SettingsError: A format is none, or does not fit the other keys.
    """
    formats = tuple(table.get("formats", ()))
    for pattern in formats:
        _check_format(pattern, date_only=table.get("date_only", False))
    zone_column, zone_names = table.get("zone_column"), table.get("zone_names")
    if bool(zone_column) != bool(zone_names):
        raise mapping_error("[line.time] needs both zone_column and zone_names.")
    letters = table.get("letters", {})
    _check_letters(letters)
    if (zone_column or letters) and not formats:
        raise mapping_error("[line.time] a zone_column and letters need formats.")
    if letters and not any(code in pattern for pattern in formats for code in _OFFSETS):
        raise mapping_error(
            "[line.time] letters are read as the offset, but no format ends with %z.",
            "Add %z to the formats.",
        )
    return TimeForm(formats, zone_column, zone_names, dict(letters))


def _check_format(pattern: str, *, date_only: bool) -> None:
    if "%Z" in pattern:
        raise mapping_error(
            f"line.time.formats: {pattern!r}: %Z reads letters and passes over them.",
            'Use %z, and tell the offset of each in letters, as letters = { EST = "-05:00" }.',
        )
    try:
        check_date_format(pattern)
    except SettingsError:
        raise mapping_error(
            f"line.time.formats: {pattern!r} is not a date format.",
            "Use iso, us, eu, or a strptime pattern such as %d-%m-%Y %H:%M.",
        ) from None
    if pattern not in NAMED_FORMATS and not date_only and not any(code in pattern for code in _HOURS):
        raise mapping_error(
            f"line.time.formats: {pattern!r} reads no time of the day.",
            "Set date_only = true if the file tells none.",
        )


def _check_letters(letters: Mapping[str, str]) -> None:
    for name, offset in letters.items():
        if not _LETTERS.fullmatch(name) or not _OFFSET.fullmatch(offset):
            raise mapping_error(
                f"line.time.letters: {name} = {offset!r} is no offset.", 'Write it as EST = "-05:00".'
            )
