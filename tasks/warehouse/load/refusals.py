"""What the merge's statements refuse, as SQLSTATE and JSON detail, into outcomes of deliveries and errors."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import asyncpg

from tasks.errors import BytesOfOtherFeed, DeliveryError, FeedConflict, LedgerChanged, ReplacementRefused
from tasks.outside_text import displayable
from tasks.validate.score import DeliveryQuality
from tasks.validate.settings import FeedSettings
from tasks.warehouse.feed_settings import resolve_feed_settings
from tasks.warehouse.ledger import Outcome

# ensure_feed_settings.sql, ensure_load_plan.sql, ensure_replacements.sql
_OTHER_FEED_SETTINGS, _OTHER_LEDGER, _TOO_MANY_WITHDRAWN = "RT002", "RT003", "RT004"


@dataclass(frozen=True)
class Overrides:
    """What a load does although a guard would refuse it.

    Attributes:
        replace_anyway: Replacements that withdraw more lines than the guard allows.
        accept_known_bytes: Deliveries whose bytes another feed has loaded.
        take_mapping: The mapping by which the lines were read, in place of the feed's.
        take_columns: The columns that the feed passes over.
    """

    replace_anyway: bool = False
    accept_known_bytes: bool = False
    take_mapping: bool = False
    take_columns: bool = False


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
    refusal: ReplacementRefused | BytesOfOtherFeed | None = None
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
    return [_refused(accepted[row["name"]], _replacement_refused(row)) for row in detail]


def _conflict(stored: FeedSettings, feed: FeedSettings) -> FeedConflict:
    try:
        asked = asdict(feed)
        resolve_feed_settings(stored, asked.pop("feed"), asked)
    except FeedConflict as conflict:
        return conflict
    setting = "mapping" if stored.mapping != feed.mapping else "store_column"
    what = "the mapping of" if setting == "mapping" else "which columns count in"
    return FeedConflict(
        f"Another run has changed {what} feed {feed.feed} while this run worked.",
        "Run again: the deliveries are then read by the settings that the feed has now.",
        feed=feed.feed,
        setting=setting,
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
    if row["state"] == "other_feed":
        return _refused(quality, _of_other_feed(row))
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


def _replacement_refused(row: Mapping[str, Any]) -> ReplacementRefused:
    withdrawn, held, rows, peak = row["withdrawn"], row["held"], row["rows"], row["peak"]
    share = _share_over_limit(withdrawn, held)
    if share:
        what = f"this replacement would withdraw {withdrawn} of the {held} lines of its earlier content, more than {share}."
    else:
        what = (
            f"with this replacement it would have {rows} lines, and it once had {peak}: it has shrunk by more than "
            f"{_share_over_limit(peak - rows, peak)}, little by little."
        )
    return ReplacementRefused(
        f"{what} The earlier content stays.",
        "If the file is right, run again with --replace.",
        delivery=row["name"],
        withdrawn=withdrawn,
        held=held,
        peak=peak,
    )


def _share_over_limit(lost: int, of: int) -> str:
    """The limit of the guard that a loss is over; empty if it is over none. See ensure_replacements.sql."""
    if 2 * lost > of:
        return "half"
    return "a tenth" if lost > max(20, of / 10) else ""


def _of_other_feed(row: Mapping[str, Any]) -> BytesOfOtherFeed:
    feed, name = displayable(row["other_feed"]), displayable(row["other_delivery"])
    return BytesOfOtherFeed(
        f"feed {feed} has loaded the same bytes, as {name}: in another feed all its sales would count twice.",
        "If the feed is mistyped, run again with the right one. If both feeds have these sales, run again with "
        "--accept-known-bytes.",
        delivery=row["name"],
        other_feed=row["other_feed"],
        other_delivery=row["other_delivery"],
    )


def _refused(quality: DeliveryQuality, refusal: ReplacementRefused | BytesOfOtherFeed) -> LoadedDelivery:
    return LoadedDelivery(
        quality.name, "refused", quality.rows_in, 0, 0, quality.rows_quarantined, refusal=refusal
    )
