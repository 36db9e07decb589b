"""Short keys of what open alerts are about: a Prefect Variable holds only 5,000 characters."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping

_NAME, _REASON = 10, 6
# Deliveries per open alert; more are stored as several. Names of flow, deployment and feed need the rest of the room.
PART = 150
# A number that stands alone: no part of a path, an address, a version or a time of day.
_FIGURE = re.compile(r"(?<![\w/.:@-])\d[\d.,]*+(?!:?[\w/@-])")


def key(text: str) -> str:
    """Key of a delivery's name, of a source or of a warehouse's address."""
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()[:_NAME]


def reason_key(reason: str) -> str:
    """Key of a reason. Figures in it do not count: the same failure has another score or duration each time."""
    return hashlib.sha256(_FIGURE.sub("0", reason).encode("utf-8", "replace")).hexdigest()[:_REASON]


def delivery_keys(reasons: Mapping[str, str]) -> tuple[str, ...]:
    """One key per delivery, of its name and why it is not loaded.

    Args:
        reasons: Reason by name of the delivery.
    """
    return tuple(sorted(f"{key(name)}{reason_key(reason)}" for name, reason in reasons.items()))


def name_key(delivery: str) -> str:
    """The part of a delivery's key that is the key of its name."""
    return delivery[:_NAME]


def parts(keys: tuple[str, ...]) -> list[tuple[str, ...]]:
    """Split keys into parts that fit into an open alert each; a single empty part for none."""
    return [keys[start : start + PART] for start in range(0, len(keys), PART)] or [()]
