"""The JSON Schema of a mapping file, for editors."""

from __future__ import annotations

from typing import Any

from tasks.ingest.mapping.form import FORM, KINDS, REPEATED, Key, sections_below


def json_schema() -> dict[str, Any]:
    """Return the JSON Schema of a mapping file, for editors."""
    return {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "Mapping of a delivery's columns",
        "required": ["schema", "name", "line"],
        **_object(""),
    }


def _object(section: str) -> dict[str, Any]:
    keys = FORM[section]
    if isinstance(keys, Key):
        return {**KINDS[keys.kind], "description": keys.means}
    properties = {
        name: {**KINDS[key.kind], "description": key.means}
        | ({"enum": list(key.choices)} if key.choices else {})
        for name, key in keys.items()
    }
    if not section:
        properties["schema"] = {"const": 1, "description": properties["schema"]["description"]}
    prefix = f"{section}." if section else ""
    for name in sections_below(section):
        below = _object(f"{prefix}{name}")
        properties[name] = {"type": "array", "items": below, "minItems": 1} if name in REPEATED else below
    return {"type": "object", "properties": properties, "additionalProperties": False}
