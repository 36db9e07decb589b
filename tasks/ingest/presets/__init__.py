"""Presets: mappings that ship, by which the exports of known systems are recognised and read.

Each is one TOML file in this folder, and has a sample in ``samples``. A new system is a new file.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from tasks.errors import SettingsError
from tasks.ingest.mapping.check import nearest
from tasks.ingest.mapping.load import load_mapping, signature_of
from tasks.ingest.mapping.model import ColumnMapping, Signature

_FOLDER = files(__name__)
# The exports without sales lines, which is no preset.
_NO_LINES = "no_lines.toml"


@dataclass(frozen=True)
class NoLines:
    """An export that holds no whole sales lines.

    Attributes:
        name: Its name: lower-case letters, digits and underscores.
        title: What it is.
        signature: By which header it is recognised.
        answer: Which export to take instead.
    """

    name: str
    title: str
    signature: Signature
    answer: str


@cache
def preset_names() -> tuple[str, ...]:
    """Return the names of the presets, sorted."""
    names = (path.name for path in _FOLDER.iterdir())
    return tuple(
        sorted(name.removesuffix(".toml") for name in names if name.endswith(".toml") and name != _NO_LINES)
    )


def preset_text(name: str) -> str:
    """Return the TOML of a preset.

    Raises:
        SettingsError: There is none of this name.
    """
    if name not in preset_names():
        raise SettingsError(
            f"preset: {name!r} is none that ships.{nearest(name, [*preset_names()])}",
            f"Use one of {', '.join(preset_names())}.",
            setting="preset",
        )
    return (_FOLDER / f"{name}.toml").read_text(encoding="utf-8")


@cache
def preset(name: str) -> ColumnMapping:
    """Return a preset; raises like ``preset_text``."""
    return load_mapping(preset_text(name))


@cache
def presets() -> tuple[ColumnMapping, ...]:
    """Return all presets, sorted by name."""
    return tuple(map(preset, preset_names()))


def preset_of(content: Mapping[str, Any]) -> ColumnMapping | None:
    """Return the preset that the content of a mapping is, in this or another release; None for a mapping of one's own.

    One's own has no ``status``, whatever its name.
    """
    is_preset = "status" in content and content["name"] in preset_names()
    return preset(content["name"]) if is_preset else None


@cache
def exports_without_lines() -> tuple[NoLines, ...]:
    """Return the exports that are recognised although they hold no whole sales lines."""
    content = tomllib.loads((_FOLDER / _NO_LINES).read_text(encoding="utf-8"))
    return tuple(
        NoLines(export["name"], export["title"], signature_of(export), export["answer"])
        for export in content["export"]
    )


# Its rules of kinds hold for a feed without a mapping.
ONLINE_RETAIL = preset("online_retail")
