"""Sentences for the report about a delivery as a whole, from what was counted of its lines."""

from __future__ import annotations

from collections.abc import Mapping


def zone_notes(rules: Mapping[str, int]) -> tuple[str, ...]:
    """Say what to do about dates that name a time zone in letters, if there are any.

    Args:
        rules: Number of violations by rule.
    """
    lines = rules.get("sold_at_zone_known", 0)
    if not lines:
        return ()
    text = "1 line, which names a time zone" if lines == 1 else f"{lines:,} lines, which name a time zone"
    return (
        f"{text} in letters, went to quarantine: only UTC, GMT and Z name one offset. Have the "
        "offset delivered as a number (+02:00), or map the letters.",
    )
