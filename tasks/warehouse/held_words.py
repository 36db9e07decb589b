"""Words for missing values that are given to a feed which holds lines already."""

from __future__ import annotations

from tasks.errors import FeedConflict
from tasks.postgres.connect import ConnectionSettings, connected
from tasks.postgres.queries import compact_sql
from tasks.validate.missing_words import DEFAULT_WORDS, words
from tasks.validate.settings import FeedSettings


def added_words(stored: FeedSettings | None, feed: FeedSettings) -> tuple[str, ...]:
    """Return the words that a run adds to the usual ones of a feed with lines.

    Args:
        stored: Settings of the feed's loaded lines; None if it has none.
        feed: Settings of the run.
    """
    if stored is None or stored.missing_words is not None:
        return ()
    return tuple(word for word in words(feed.missing_words) if word not in DEFAULT_WORDS)


async def ensure_words_not_held(warehouse: ConnectionSettings, feed: str, added: tuple[str, ...]) -> None:
    """Raise FeedConflict if a line of the feed has one of these words (upper case) as its text."""
    async with connected(warehouse) as connection:
        held = await connection.fetchval(compact_sql("select_held_word"), feed, list(added))
    if held is not None:
        raise FeedConflict(
            f"Feed {feed} holds lines with {held} as description or country; with missing_words they would be other "
            "lines.",
            "Use another feed name, leave the word out, or withdraw the feed's deliveries first.",
            feed=feed,
            setting="missing_words",
        )
