"""Deliveries that were validated and cannot be loaded, whatever their score."""

from __future__ import annotations

from tasks.errors import DeliveryError, DeliveryTooLarge, MissingWordsUnclear
from tasks.ingest.ingested import Bronze
from tasks.ingest.mapping.sums import sums_refusal
from tasks.validate.namibia import both_settings
from tasks.validate.score import DeliveryQuality


def unclear(quality: DeliveryQuality) -> DeliveryError | None:
    """Return the error of a delivery with a value that two readings fit; None without one."""
    if not quality.unclear_missing:
        return None
    return MissingWordsUnclear(quality.unclear_missing, both_settings(), delivery=quality.name)


def wrong_sums(bronze: Bronze) -> dict[str, str]:
    """Return why deliveries are refused whose lines do not add up to what the file says, by name."""
    reasons = {file.name: sums_refusal(file.sums) for file in bronze.deliveries}
    return {name: reason for name, reason in reasons.items() if reason is not None}


def quarantine_too_large(delivery: str, limit: int) -> DeliveryError:
    """Build the error of a delivery whose quarantined lines have more than ``limit`` bytes."""
    return DeliveryTooLarge(
        f"its quarantined lines have more than {limit // 1024**2:,} MB.",
        "Have the file corrected, or raise RETAIL_MAX_QUARANTINE_MB.",
        delivery=delivery,
    )
