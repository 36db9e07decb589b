"""What a run tells of the mapping by which it reads."""

from __future__ import annotations

import json

from flows.run_context import RunContext
from tasks.ingest.mapping.content import kept_content, kept_text, reading_settings
from tasks.ingest.presets import preset_of

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
    """Say that there is another mapping than the one by which the run read, given or newer, and how it is taken."""
    asked, mapping = context.request.asked_settings["mapping"], context.feed.mapping
    flags = ""
    if asked:
        other = "the given one"
    elif mapping and (newer := preset_of(kept_content(mapping))) is not None:
        asked, other, flags = kept_text(newer.content), "that of this release", f"--preset {newer.name} "
    if not asked or reading_settings(asked) == context.feed.reading_settings:
        return ()
    return (
        f"Feed {context.feed.feed} is read by its mapping {mapping_title(mapping)}, not by {other}, "
        f"{mapping_title(asked)}. To read by that one, run again with {flags}--take-mapping: deliveries that come again "
        "then replace what they delivered.",
    )
