"""A preset as the start of a mapping of one's own."""

from __future__ import annotations

import re

from tasks.ingest.mapping.propose import mapping_name, toml_string
from tasks.ingest.presets import preset, preset_text

# What only a preset says. Its signature stays: the mapping's optional columns are those that it names.
_OF_PRESETS = re.compile(r'^(?:status|source|seen|sample) = ".*"\n', re.MULTILINE)
_NAME = re.compile(r'^name = ".*"$', re.MULTILINE)


def as_own_mapping(name: str, file_name: str) -> str:
    """Return the TOML of a preset as a mapping of one's own.

    Args:
        name: Name of the preset.
        file_name: Name of the file that it is for, by which the mapping is named.

    Raises:
        SettingsError: There is no such preset.
    """
    own = mapping_name(file_name)
    if own == name:
        own = f"my_{name}"[:60]
    head, section, rest = preset_text(name).partition("\n[")
    head = _NAME.sub(f"name = {toml_string(own)}", _OF_PRESETS.sub("", f"{head}\n"))
    return f"# By the preset {name}: {preset(name).title}.\n{head.rstrip()}\n{section}{rest}"
