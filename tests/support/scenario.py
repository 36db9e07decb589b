"""One story for the fault tests: overlapping deliveries in several batches, then what replaces them."""

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
# a and f give up lines that others vouch for, b is corrected, d comes in another order, g is new.
SECOND: dict[str, Content] = FIRST | {
    "a.csv": _whole("536366", "900001"),
    "b.csv": (("536365", "reworded"), ("536367", "whole"), ("536370", "first half")),
    "d.csv": (("900004", "whole"), ("536409", "backwards"), ("C536379", "whole"), ("536446", "doubled")),
    "f.csv": _whole("536488", "536394", "900003"),
    "g.csv": _whole("536365", "536409", "C536391"),
}


class Story:
    """Deliveries as files in a folder, and what a warehouse holds after so many batches of them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "deliveries"
        self._holds: dict[str, Content] = {}

    def write(self, contents: Mapping[str, Content]) -> None:
        """Deliver ``contents`` anew."""
        for name, content in contents.items():
            if self._holds.get(name) != content:
                write(self.folder / name, lines_of(content))

    def work(self, contents: Mapping[str, Content]) -> list[tuple[str, ...]]:
        """File names of each batch that has work to do when ``contents`` are delivered, in order."""
        found = batches(discover([str(self.folder)]).deliveries, BATCH_BYTES)
        named = [tuple(Path(one.name).name for one in batch) for batch in found]
        changed = [
            tuple(name for name in batch if self._holds.get(name) != contents[name]) for batch in named
        ]
        return [batch for batch in changed if batch]

    def held(
        self, contents: Mapping[str, Content], committed: int | None = None
    ) -> dict[tuple[Feed, str], list[Line]]:
        """What the warehouse holds once the first ``committed`` batches of ``contents`` (all) are in."""
        done = [name for batch in self.work(contents)[:committed] for name in batch]
        now = self._holds | {name: contents[name] for name in done}
        return {
            (FEED, str((self.folder / name).resolve())): lines_of(content) for name, content in now.items()
        }

    def settled(self, contents: Mapping[str, Content]) -> None:
        """From here on the warehouse holds ``contents``."""
        self._holds = dict(contents)
