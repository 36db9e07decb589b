"""The settings of a feed: what a run asks for, beside what the feed's lines were loaded with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType

from tasks.errors import FeedConflict
from tasks.validate.settings import FeedSettings, in_one_spelling, with_decimal


@dataclass(frozen=True)
class Taken:
    """What a run takes in place of what the feed has: deliveries that come again are read anew.

    Attributes:
        reading_settings: Those of the run's mapping; None to go on with the feed's.
        columns: Whether currency, store and line number count where the feed passes them over.
    """

    reading_settings: str | None = None
    columns: bool = False


NOTHING_TAKEN = Taken()


def resolve_feed_settings(
    stored: FeedSettings | None,
    feed: str,
    asked: Mapping[str, str | None] = MappingProxyType({}),
    *,
    take_mapping: bool = False,
    take_columns: bool = False,
) -> FeedSettings:
    """Combine the settings that a run requests with the feed's stored ones and the defaults, in this order.

    A reading setting that the feed has left open so far can be added later. A feed that has a mapping goes on with
    it, whatever mapping is requested, unless the new one is to be taken.

    Args:
        stored: Settings of the feed's loaded lines; None if it has none.
        feed: Name of the feed.
        asked: Requested settings by name, fields of ``FeedSettings``; None or empty text for no request.
        take_mapping: Take the requested mapping in place of the feed's.
        take_columns: Let the columns count that the feed passes over.

    Raises:
        FeedConflict: the feed has lines that were loaded with other settings.
        SettingsError: a value is invalid.
    """
    requested = in_one_spelling(asked)
    mapping = requested.pop("mapping", None)
    if stored is not None and take_columns:
        stored = replace(stored, currency_column=None, store_column=None)
    if stored is not None and not take_mapping:
        mapping = _kept_mapping(stored, mapping)
    resolved = with_decimal(replace(stored or FeedSettings(feed), **requested, mapping=mapping))
    resolved.check()
    if stored is not None:
        for name, value in requested.items():
            stored_value = getattr(stored, name)
            if stored_value is not None and stored_value != value and not _widens(name, stored_value, value):
                raise FeedConflict(
                    f"Feed {feed} was first loaded with {name} = {stored_value}; with {value}, its lines would no "
                    "longer be comparable.",
                    "Use another feed name, or withdraw the feed's deliveries first.",
                    feed=feed,
                    setting=name,
                )
    return resolved


def _widens(name: str, stored: str, asked: str) -> bool:
    """Whether a setting may be changed: numbers of customers are codes, too."""
    return (name, stored, asked) == ("customers", "numbers", "codes")


def _kept_mapping(stored: FeedSettings, asked: str | None) -> str | None:
    if asked and not stored.mapping:
        raise FeedConflict(
            f"Feed {stored.feed} holds lines that were read without a mapping; with one, its deliveries are read anew "
            "and replace what they delivered.",
            "Use another feed name (--feed), or take the mapping with --take-mapping.",
            feed=stored.feed,
            setting="mapping",
        )
    return stored.mapping
