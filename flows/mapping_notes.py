"""What a run tells of the mapping by which it reads."""

from __future__ import annotations

import json

from flows.run_context import RunContext
from tasks.ingest.mapping.content import reading_settings

_HASH_DIGITS = 12


def mapping_title(mapping: str | None) -> str | None:
    """Return the name of a mapping and the start of its hash; None for none.

    Args:
        mapping: The mapping, as a feed keeps it.
    """
    if not mapping:
        return None
    known = json.loads(reading_settings(mapping))
    return f"{known['mapping']} ({known['sha256'][:_HASH_DIGITS]})"


def mapping_notes(context: RunContext) -> tuple[str, ...]:
    """Say that the run was given another mapping than the one by which it read, and how it is taken."""
    asked = context.request.asked_settings["mapping"]
    if not asked or reading_settings(asked) == context.feed.reading_settings:
        return ()
    return (
        f"Feed {context.feed.feed} is read by its mapping {mapping_title(context.feed.mapping)}, not by the given one, "
        f"{mapping_title(asked)}. To read by the given one, run again with --take-mapping: deliveries that come again "
        "then replace what they delivered.",
    )
