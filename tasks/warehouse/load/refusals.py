"""What the merge's statements refuse, as SQLSTATE and JSON detail, into outcomes of deliveries and errors."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import asyncpg

from tasks.errors import DeliveryError, FeedConflict, LedgerChanged, ReplacementRefused
from tasks.validate.score import DeliveryQuality
from tasks.validate.settings import FeedSettings
from tasks.warehouse.ledger import Outcome, resolve_feed_settings

# ensure_feed_settings.sql, ensure_load_plan.sql, ensure_replacements.sql
_OTHER_FEED_SETTINGS, _OTHER_LEDGER, _TOO_MANY_WITHDRAWN = "RT002", "RT003", "RT004"


@dataclass(frozen=True)
class LoadedDelivery:
    """Outcome of a delivery: loaded, replaced, unchanged, refused or failed; ``refusal`` or ``error`` has the reason."""

    name: str
    outcome: Outcome
    rows_in: int
    rows_loaded: int
    rows_duplicate: int
    rows_quarantined: int
    lines_withdrawn: int = 0
    refusal: ReplacementRefused | None = None
    error: DeliveryError | None = None


def not_loaded(
    error: asyncpg.PostgresError, accepted: Mapping[str, DeliveryQuality], feed: FeedSettings
) -> list[LoadedDelivery]:
    """Return the outcomes of the deliveries for which the merge ended; the others can be loaded without them.

    Args:
        error: What the merge raised.
        accepted: The deliveries of the load, by name.
        feed: Settings of the feed.

    Raises:
        FeedConflict: another run has loaded the feed with other settings in the meantime.
        asyncpg.PostgresError: it is no refusal of ours.
    """
    if error.sqlstate not in {_OTHER_FEED_SETTINGS, _OTHER_LEDGER, _TOO_MANY_WITHDRAWN}:
        raise error
    detail = json.loads(error.detail or "null")
    if error.sqlstate == _OTHER_FEED_SETTINGS:
        raise _conflict(FeedSettings(**detail), feed) from None
    if error.sqlstate == _OTHER_LEDGER:
        return [_of_ledger(accepted[row["name"]], row) for row in detail]
    return [_refused(accepted[row["name"]], row["withdrawn"], row["held"]) for row in detail]


def _conflict(stored: FeedSettings, feed: FeedSettings) -> FeedConflict:
    try:
        asked = asdict(feed)
        resolve_feed_settings(stored, asked.pop("feed"), asked)
    except FeedConflict as conflict:
        return conflict
    return FeedConflict(
        f"Another run has changed the mapping of feed {feed.feed} while this run worked.",
        "Run again: the deliveries are then read by the mapping that the feed has now.",
        feed=feed.feed,
        setting="mapping",
    )


def _of_ledger(quality: DeliveryQuality, row: Mapping[str, Any]) -> LoadedDelivery:
    if row["state"] == "recorded":  # if this run did it, the answer to its COMMIT was lost
        return LoadedDelivery(
            quality.name,
            row["outcome"] or "unchanged",
            row["rows_in"],
            row["rows_loaded"],
            row["rows_duplicate"],
            row["rows_quarantined"],
        )
    was_withdrawn = row["state"] == "withdrawn"
    what = "was withdrawn" if was_withdrawn else "was loaded with other content by another run"
    error = LedgerChanged(
        f"it {what} while this run worked; its present state stays.",
        "Run again: the delivery is then read anew.",
        delivery=quality.name,
    )
    return LoadedDelivery(
        quality.name, "failed", quality.rows_in, 0, 0, quality.rows_quarantined, error=error
    )


def _refused(quality: DeliveryQuality, withdrawn: int, held: int) -> LoadedDelivery:
    refusal = ReplacementRefused(
        f"this replacement would withdraw {withdrawn} of the {held} lines of its earlier content, more than a tenth. "
        "The earlier content stays.",
        "If the file is right, run again with --replace.",
        delivery=quality.name,
        withdrawn=withdrawn,
        held=held,
    )
    return LoadedDelivery(
        quality.name, "refused", quality.rows_in, 0, 0, quality.rows_quarantined, refusal=refusal
    )
