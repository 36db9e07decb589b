"""The content of a mapping as text, and the reading settings that the ledger keeps of it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from tasks.ingest.mapping.form import UNDECIDING

# Of deliveries that are read without a mapping.
NO_MAPPING = "{}"


def as_text(content: Mapping[str, Any]) -> str:
    """Return a form's content as JSON, whatever the order of its keys."""
    return json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def content_hash(content: Mapping[str, Any]) -> str:
    """Return the SHA-256 of what decides the reading, as hex digits: not the title, nor where it is from."""
    deciding = {name: value for name, value in content.items() if name not in UNDECIDING}
    return hashlib.sha256(as_text(deciding).encode()).hexdigest()


@lru_cache(maxsize=16)
def reading_settings(mapping: str | None) -> str:
    """Return the name and hash of a mapping, as the ledger keeps them with each delivery.

    Args:
        mapping: Content of the mapping, as JSON; None for none.
    """
    if mapping is None:
        return NO_MAPPING
    content = json.loads(mapping)
    return as_text({"mapping": content["name"], "sha256": content_hash(content)})
