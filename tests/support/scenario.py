"""A scenario for the fault tests: overlapping deliveries in several batches, then their replacements."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path

from tasks.ingest.discover import batches, discover
from tasks.postgres.connect import ConnectionSettings, connected
from tasks.postgres.embedded.server import EmbeddedServer
from tasks.warehouse.fingerprint import Fingerprint
from tests.support.expected import Feed, assert_exactly
from tests.support.histories import Content, lines_of
from tests.support.plain_run import run, state
from tests.support.slices import Line, fresh_warehouse, write

FEED = Feed()
_OTHER_SESSIONS = """
select count(*) from pg_stat_activity
where datname = current_database() and backend_type = 'client backend' and pid <> pg_backend_pid()
"""
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
                write(self.folder / name, lines_of(content, FEED.currency))

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
            (FEED, str((self.folder / name).resolve())): lines_of(content, FEED.currency)
            for name, content in now.items()
        }

    def mark_loaded(self, contents: Mapping[str, Content]) -> None:
        """Take ``contents`` as loaded."""
        self._loaded = dict(contents)


async def assert_whole_batches(
    warehouse: ConnectionSettings, story: Story, contents: Mapping[str, Content]
) -> int:
    """Assert that an interrupted run left whole batches of ``contents``; return their number."""
    async with connected(warehouse) as connection:
        async with asyncio.timeout(20):  # the server ends the transaction of a lost client in its own time
            while await connection.fetchval(_OTHER_SESSIONS):
                await asyncio.sleep(0.02)
        ledger = dict(await connection.fetch("select name, content_hash from retail_ops.delivery"))
    files = {name: story.folder / name for name in contents}
    loaded = {
        name
        for name, file in files.items()
        if ledger.get(str(file.resolve())) == sha256(file.read_bytes()).hexdigest()
    }
    committed = sum(loaded.issuperset(batch) for batch in story.pending_batches(contents))
    await assert_exactly(warehouse, story.expected_lines(contents, committed))
    return committed


async def clean_fingerprints(server: EmbeddedServer, template: str, folder: Path) -> dict[str, Fingerprint]:
    """Return the fingerprints of clean loads of ``first`` and of ``second`` contents."""
    fingerprints = {}
    for name, contents in (("first", FIRST), ("second", SECOND)):
        story = Story(folder / name)
        story.write(contents)
        async with fresh_warehouse(server, template) as warehouse:
            await run(warehouse, folder / name, [story.folder])
            fingerprints[name] = await state(warehouse)
    return fingerprints
