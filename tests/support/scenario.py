"""A scenario for the fault tests: overlapping deliveries in several batches, then their replacements."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from tasks.ingest.discover import batches, discover
from tests.support.expected import Feed
from tests.support.histories import Content, lines_of
from tests.support.slices import Line, write

FEED = Feed()
BATCH_BYTES = 6000


def _whole(*numbers: str) -> Content:
    return tuple((number, "whole") for number in numbers)


FIRST: dict[str, Content] = {
    "a.csv": _whole("536365", "536366", "536446", "900001"),
    "b.csv": _whole("536365", "536367", "536370"),
    "c.csv": _whole("536367", "536377", "900002"),
    "d.csv": _whole("536409", "536446", "C536379", "900004"),
    "e.csv": _whole("536394", "536415", "900003"),
    "f.csv": _whole("536409", "536488", "900001"),
}
# a and f lose lines that have further sources, b is corrected, d comes in another order, g is new.
SECOND: dict[str, Content] = FIRST | {
    "a.csv": _whole("536366", "900001"),
    "b.csv": (("536365", "reworded"), ("536367", "whole"), ("536370", "first half")),
    "d.csv": (("900004", "whole"), ("536409", "backwards"), ("C536379", "whole"), ("536446", "doubled")),
    "f.csv": _whole("536488", "536394", "900003"),
    "g.csv": _whole("536365", "536409", "C536391"),
}


class Story:
    """Deliveries as files in a folder, and the lines of a warehouse after some batches of them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "deliveries"
        self._loaded: dict[str, Content] = {}

    def write(self, contents: Mapping[str, Content]) -> None:
        """Write the files whose content differs from the loaded one."""
        for name, content in contents.items():
            if self._loaded.get(name) != content:
                write(self.folder / name, lines_of(content))

    def pending_batches(self, contents: Mapping[str, Content]) -> list[tuple[str, ...]]:
        """Return the file names of each batch with changed deliveries, in load order."""
        all_batches = batches(discover([str(self.folder)]).deliveries, BATCH_BYTES)
        named = [tuple(Path(delivery.name).name for delivery in batch) for batch in all_batches]
        changed = [
            tuple(name for name in batch if self._loaded.get(name) != contents[name]) for batch in named
        ]
        return [batch for batch in changed if batch]

    def expected_lines(
        self, contents: Mapping[str, Content], committed: int | None = None
    ) -> dict[tuple[Feed, str], list[Line]]:
        """Return the lines by delivery once the first ``committed`` batches (None: all) are loaded."""
        done = [name for batch in self.pending_batches(contents)[:committed] for name in batch]
        now = self._loaded | {name: contents[name] for name in done}
        return {
            (FEED, str((self.folder / name).resolve())): lines_of(content) for name, content in now.items()
        }

    def mark_loaded(self, contents: Mapping[str, Content]) -> None:
        """Take ``contents`` as loaded."""
        self._loaded = dict(contents)
