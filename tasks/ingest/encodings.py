"""The encodings that a feed's text files may have."""

from __future__ import annotations

import codecs
from difflib import get_close_matches
from functools import cache

from tasks.errors import SettingsError

# All but UTF-16 are ASCII for bytes below 128, and no character of theirs holds a line feed as a byte.
ENCODINGS = (
    "utf-8",
    "utf-16",
    "utf-16-le",
    "utf-16-be",
    "cp1252",
    "iso-8859-1",
    "iso-8859-15",
    "mac-roman",
    "cp437",
    "cp850",
    "cp858",
    "cp1250",
    "iso-8859-2",
    "cp852",
    "cp1251",
    "iso-8859-5",
    "koi8-r",
    "koi8-u",
    "cp866",
    "cp1253",
    "iso-8859-7",
    "cp1254",
    "iso-8859-9",
    "cp857",
    "cp1255",
    "cp1256",
    "cp1257",
    "iso-8859-13",
    "cp1258",
    "cp874",
    "shift_jis",
    "cp932",
    "euc_jp",
    "gb18030",
    "gbk",
    "big5",
    "cp950",
    "euc_kr",
    "cp949",
)


@cache
def _by_codec() -> dict[str, str]:
    return {codecs.lookup(name).name: name for name in ENCODINGS}


def checked_encoding(name: str) -> str:
    """Return the name in ``ENCODINGS`` of an encoding that may have another of Python's names, such as latin-1.

    Raises:
        SettingsError: It is none of them.
    """
    try:
        known = _by_codec().get(codecs.lookup(name.strip()).name)
    except (LookupError, ValueError):
        known = None
    if known is None and name.strip().lower().replace("_", "-") == "utf-8-sig":
        return "utf-8"
    if known is None:
        near = get_close_matches(name.strip().lower(), ENCODINGS, n=3, cutoff=0.5)
        choices = f"Use {_any_of(near)}." if near else f"Use one of {', '.join(ENCODINGS)}."
        raise SettingsError(
            f"encoding: {name!r} is not an encoding of text files.", choices, setting="encoding"
        )
    return known


def _any_of(names: list[str]) -> str:
    return " or ".join(filter(None, [", ".join(names[:-1]), names[-1]]))
