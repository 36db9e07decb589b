"""Check the keys of a mapping file and the kinds of their values."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping
from typing import Any

from tasks.errors import SettingsError
from tasks.ingest.mapping.form import FORM, KIND_NAMES, LATER, REPEATED, Key, Kind, Section, sections_below

_TEXT_BYTES = 500


def mapping_error(what: str, next_step: str = "Correct the mapping.") -> SettingsError:
    """Build the error of a mapping that cannot be read by."""
    return SettingsError(f"mapping: {what}", next_step, setting="mapping")


def nearest(name: str, known: list[str]) -> str:
    """Return a hint at the most similar known name, or empty text."""
    similar = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
    return f" Did you mean {similar[0]}?" if similar else ""


def check_form(content: Mapping[str, Any], section: str = "") -> None:
    """Check a section of a form and those below it.

    Args:
        content: The section, as parsed from TOML or JSON.
        section: Its name, as in ``[line.time]``; empty for the top level.

    Raises:
        SettingsError: A key is unknown or not supported yet, or a value is of another kind.
    """
    keys = FORM[section]
    if isinstance(keys, Key):
        _check_value(content, keys, f"[{section}]")
        return
    below = sections_below(section)
    for name, value in content.items():
        path = f"{section}.{name}" if section else name
        if path in REPEATED:
            if (
                not isinstance(value, list)
                or not value
                or not all(isinstance(item, Mapping) for item in value)
            ):
                raise mapping_error(f"[[{path}]] is no list of sections.")
            for item in value:
                check_form(item, path)
        elif name in below:
            if not isinstance(value, Mapping):
                raise mapping_error(f"[{path}] is no section.")
            check_form(value, path)
        elif name in keys:
            _check_value(value, keys[name], path)
        else:
            raise _unknown(name, section, keys)


def _unknown(name: str, section: str, keys: Section) -> SettingsError:
    place = f"[{section}] " if section else ""
    if name in LATER.get(section, ()):
        return mapping_error(
            f"{place}{name} is not supported yet.",
            "Leave it out if the deliveries are right without it; otherwise they cannot be loaded yet.",
        )
    hint = nearest(name, [*keys, *sections_below(section)])
    return mapping_error(f"{place}{name!r} is no key of a mapping.{hint}", "Correct or remove it.")


def _check_value(value: Any, key: Key, path: str) -> None:
    if not _OF_KIND[key.kind](value):
        raise mapping_error(f"{path} is not {KIND_NAMES[key.kind]}.")
    if key.choices and value not in key.choices:
        choices = ", ".join(key.choices)
        raise mapping_error(f"{path}: {value!r} is none of {choices}.{nearest(value, list(key.choices))}")


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and len(value.encode()) <= _TEXT_BYTES and "\0" not in value


def _is_name(value: Any) -> bool:
    return _is_text(value) and bool(value.strip())


def _are_texts(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(_is_text(item) for item in value)


def _are_words(value: Any) -> bool:
    return isinstance(value, Mapping) and all(
        _is_name(name) and _are_texts(words) for name, words in value.items()
    )


_OF_KIND: dict[Kind, Callable[[Any], bool]] = {
    "text": _is_text,
    "choice": _is_text,
    "flag": lambda value: isinstance(value, bool),
    "number": lambda value: isinstance(value, int) and not isinstance(value, bool) and value >= 1,
    "texts": _are_texts,
    "text_or_texts": lambda value: _is_name(value) or (_are_texts(value) and all(map(_is_name, value))),
    "groups": lambda value: (
        isinstance(value, list) and all(_is_name(item) or _are_texts(item) for item in value)
    ),
    "words": _are_words,
    "pairs": lambda value: (
        isinstance(value, Mapping) and all(_is_name(name) and _is_text(text) for name, text in value.items())
    ),
}
