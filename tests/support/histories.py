"""Histories of a warehouse: deliveries, replacements, overlaps, withdrawals and re-runs in any order."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from hypothesis import strategies as st

from tasks.ingest.discover import BATCH_BYTES
from tasks.postgres.connect import ConnectionSettings
from tasks.warehouse.fingerprint import Fingerprint
from tasks.warehouse.indexes import complete_indexes
from tests.support.expected import Feed
from tests.support.plain_run import run, state, take_out
from tests.support.slices import Line, invoices, shown, write

SHOPS = (Feed("default", "Europe/London", "GBP"), Feed("boston", "America/New_York", "USD"))
NAMES = ("a.csv", "b.csv", "c.parquet", "d.parquet")
CUTS = ("whole", "first half", "second half", "backwards", "doubled", "reworded")
Content = tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Deliver:
    """A run over new content for some names, and ``again`` over all other names that a feed holds."""

    shop: int
    contents: tuple[tuple[str, Content], ...]
    one_batch: bool
    again: bool
    finished: bool


@dataclass(frozen=True)
class Withdraw:
    """The withdrawal of one of the deliveries held; nothing if none is."""

    place: int


@dataclass(frozen=True)
class Finish:
    """The finishing step alone: from here on every load is incremental."""


Step = Deliver | Withdraw | Finish


def cut(number: str, how: str) -> list[Line]:
    """The lines of an invoice as a delivery may bring them: in part, in another order, corrected."""
    lines = list(invoices()[number])
    half = (len(lines) + 1) // 2
    return {
        "whole": lines,
        "first half": lines[:half],
        "second half": lines[half:] or lines,
        "backwards": lines[::-1],
        "doubled": [*lines, *lines[:2]],
        "reworded": [shown(lines[0], Description=f"{lines[0][2]}, corrected"), *lines[1:]],
    }[how]


def lines_of(content: Content) -> list[Line]:
    """The lines of a delivery's content, invoice by invoice."""
    return [line for number, how in content for line in cut(number, how)]


def histories() -> st.SearchStrategy[list[Step]]:
    """Up to six steps over four names in each of two feeds."""
    numbers = tuple(invoices())
    content = st.lists(
        st.tuples(st.sampled_from(numbers), st.sampled_from(CUTS)),
        min_size=1,
        max_size=6,
        unique_by=lambda one: one[0],
    ).map(tuple)
    deliver = st.builds(
        Deliver,
        shop=st.sampled_from((0, 0, 0, 1)),
        contents=st.dictionaries(st.sampled_from(NAMES), content, min_size=1, max_size=3).map(
            lambda some: tuple(some.items())
        ),
        one_batch=st.booleans(),
        again=st.booleans(),
        finished=st.booleans(),
    )
    withdraw = st.builds(Withdraw, place=st.integers(0, 7))
    return st.lists(st.one_of(deliver, deliver, deliver, withdraw, st.just(Finish())), min_size=1, max_size=6)


class Player:
    """Plays histories into a warehouse, and keeps what each delivery holds afterwards."""

    def __init__(self, folder: Path, identical_lines: str) -> None:
        """Deliveries are files under ``folder``, a folder a feed."""
        self._files = folder / "files"
        self._workspace = folder / "workspace"
        self._clean_workspace = folder / "clean"
        self._shops = tuple(replace(shop, identical_lines=identical_lines) for shop in SHOPS)
        self.held: dict[tuple[Feed, str], list[Line]] = {}

    async def play(self, warehouse: ConnectionSettings, history: list[Step]) -> None:
        """Play a history from its start."""
        for step in history:
            if isinstance(step, Deliver):
                await self._deliver(warehouse, step)
            elif isinstance(step, Finish):
                await complete_indexes(warehouse)
            elif self.held:
                feed, name = sorted(self.held, key=str)[step.place % len(self.held)]
                await take_out(warehouse, name, feed.name)
                Path(name).unlink()
                del self.held[feed, name]

    async def _deliver(self, warehouse: ConnectionSettings, step: Deliver) -> None:
        feed = self._shops[step.shop]
        folder = self._files / feed.name
        for name, content in step.contents:
            path = folder / name
            self.held[feed, str(path)] = lines_of(content)
            write(path, lines_of(content))
        sources = [folder] if step.again else [folder / name for name, _ in step.contents]
        await run(
            warehouse,
            self._workspace,
            sources,
            feed=feed.name,
            replace_anyway=True,
            batch_bytes=BATCH_BYTES if step.one_batch else 1,
            finished=step.finished,
            **feed.asked,
        )

    async def load_all(self, warehouse: ConnectionSettings, workspace: Path | None = None) -> int:
        """Load all that is held, feed by feed in one batch each; return how many deliveries were work."""
        work = 0
        for feed in self._shops:
            sources = [name for other, name in self.held if other == feed]
            if sources:
                outcome = await run(
                    warehouse,
                    workspace or self._workspace,
                    sources,
                    feed=feed.name,
                    finished=False,
                    **feed.asked,
                )
                work += len(outcome.loaded)
        return work

    async def clean_load(self, warehouse: ConnectionSettings) -> Fingerprint:
        """The fingerprint of one load of all that is held into the empty ``warehouse``."""
        await self.load_all(warehouse, self._clean_workspace)
        return await state(warehouse)
