"""The text by which a feed keeps a mapping, and the reading settings that the ledger keeps of it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from tasks.ingest.mapping.form import UNDECIDING

# Of deliveries that are read without a mapping.
NO_MAPPING = "{}"


def kept_text(content: Mapping[str, Any]) -> str:
    """Return the text by which a feed keeps a mapping: a JSON array of its name with its hash, and its content."""
    return _canonical([{"mapping": content["name"], "sha256": content_hash(content)}, content])


def kept_content(mapping: str) -> dict[str, Any]:
    """Return the content of a mapping that a feed keeps."""
    content: dict[str, Any] = json.loads(mapping)[1]
    return content


def content_hash(content: Mapping[str, Any]) -> str:
    """Return the SHA-256 of what decides the reading, as hex digits: not the title, nor where it is from."""
    deciding = {name: value for name, value in content.items() if name not in UNDECIDING}
    return hashlib.sha256(_canonical(deciding).encode()).hexdigest()


@lru_cache(maxsize=16)
def reading_settings(mapping: str | None) -> str:
    """Return the name and hash of a mapping, as the ledger keeps them with each delivery.

    The warehouse takes the same text out of what a feed keeps.

    Args:
        mapping: The mapping, as a feed keeps it; None for none.
    """
    return _canonical(json.loads(mapping)[0]) if mapping else NO_MAPPING


def _canonical(value: object) -> str:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
