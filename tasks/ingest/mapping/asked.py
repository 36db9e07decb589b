"""The mapping that a run asks for: a file, single columns and constants, or both."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tasks.errors import SettingsError
from tasks.ingest.header import our_column
from tasks.ingest.mapping.check import mapping_error, nearest
from tasks.ingest.mapping.content import kept_text
from tasks.ingest.mapping.form import LINE_KEYS
from tasks.ingest.mapping.load import load_mapping, mapping_of
from tasks.ingest.presets import preset
from tasks.ingest.schema import ALL_HEADERS

# Name of a mapping that has no file.
_WITHOUT_FILE = "columns"
# Keys of [line] that a column or constant takes the place of.
_INSTEAD = {"quantity": ("quantity_is",), "country": ("country_is",), "stock_code": ("code_else",)}


def asked_mapping(
    path: str, columns: Mapping[str, str], constants: Mapping[str, str], preset_name: str = ""
) -> str:
    """Return the mapping that a run asks for, as a feed keeps it; empty text for none.

    Args:
        path: TOML file of the mapping; empty for none.
        columns: Columns of the file to columns of ours, in place of those in the mapping's file; several for a column
            of ours are joined or the first that is filled counts, as in a mapping. Without a mapping's file, the
            other columns are found by their usual names.
        constants: Columns of ours to the text of every line; empty text for none.
        preset_name: Preset in place of a file; empty for none.

    Raises:
        SettingsError: The mapping cannot be read, or a column is none of ours; there is no such preset; or both a file
            and a preset are given.
    """
    if not (path or columns or constants or preset_name):
        return ""
    if path and preset_name:
        raise SettingsError(
            "preset: a mapping is given, too.", "Name either --mapping or --preset.", setting="preset"
        )
    content: dict[str, Any] = {"schema": 1, "name": _WITHOUT_FILE, "line": {"usual_names": True}}
    if path:
        content = copy.deepcopy(dict(load_mapping(Path(path)).content))
    if preset_name:
        content = copy.deepcopy(dict(preset(preset_name).content))
        if columns or constants:  # one's own, no longer the preset
            del content["status"]
    by_ours: dict[str, list[str]] = {}
    for name, ours in columns.items():
        by_ours.setdefault(_ours(ours, "column"), []).append(name)
    for ours, names in by_ours.items():
        _drop(content, ours)
        section, key = LINE_KEYS[ours]
        table = content
        for part in section.split("."):
            table = table.setdefault(part, {})
        table[key] = names
    for name, text in constants.items():
        ours = _ours(name, "constant")
        if ours in by_ours:
            raise mapping_error(
                f"{ALL_HEADERS[ours][0]} has both a column and a constant.", "Leave out one of them."
            )
        _drop(content, ours)
        content.setdefault("constant", {})[ALL_HEADERS[ours][0]] = text
    return kept_text(mapping_of(content).content)


def _ours(name: str, parameter: str) -> str:
    ours = our_column(name)
    if ours is None:
        names = [names[0] for names in ALL_HEADERS.values()]
        raise mapping_error(
            f"--{parameter}: {name!r} is no column of a sales line.{nearest(name, names)}",
            f"Use one of {', '.join(names)}.",
        )
    return ours


def _drop(content: dict[str, Any], ours: str) -> None:
    """Remove what the mapping says of a column."""
    section, key = LINE_KEYS[ours]
    table: dict[str, Any] = content
    for part in section.split("."):
        table = table.get(part, {})
    table.pop(key, None)
    for instead in _INSTEAD.get(ours, ()):
        content["line"].pop(instead, None)
    constants = content.get("constant", {})
    for name in [name for name in constants if our_column(name) == ours]:
        del constants[name]
