"""Random histories of a warehouse: deliveries, replacements, overlaps, withdrawals and repeated runs."""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path

from hypothesis import strategies as st

from tasks.ingest.discover import BATCH_BYTES
from tasks.postgres.connect import ConnectionSettings
from tasks.validate.missing_words import DEFAULT_WORDS
from tasks.warehouse.fingerprint import Fingerprint
from tasks.warehouse.indexes import complete_indexes
from tests.support.expected import Feed
from tests.support.plain_run import run, state, take_out
from tests.support.slices import COLUMNS, Line, invoices, with_values, write
from tests.support.soak import count

SHOPS = (
    Feed("default", "Europe/London", "GBP"),
    Feed("boston", "America/New_York", "USD"),
    Feed("berlin", "Europe/Berlin", "EUR"),
)
# The shop that writes prices with a comma.
COMMA = SHOPS[2].name
NAMES = ("a.csv", "b.csv", "c.parquet", "d.parquet")
CUTS = ("whole", "first half", "second half", "backwards", "doubled", "reworded", "other hour", "in euros")
_SETTLED = {"encoding": "utf-8", "missing_words": ",".join(DEFAULT_WORDS)}
Content = tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Deliver:
    """A run with new content for some names; with ``again``, also over the feed's other deliveries.

    With ``settles``, the run gives the feed the reading settings that it was read with so far.

    ``open`` is about the shop with a comma: its prices are written so that two readings fit them, and the run is given
    the decimal mark, which settles it for the feed; without, each price has one reading.
    """

    shop: int
    contents: tuple[tuple[str, Content], ...]
    one_batch: bool
    again: bool
    finished: bool
    settles: bool = False
    open: bool = False


@dataclass(frozen=True)
class Withdraw:
    """The withdrawal of a loaded delivery, if there is one."""

    place: int


@dataclass(frozen=True)
class Finish:
    """The completion of keys and indexes alone: every later load is incremental."""


Step = Deliver | Withdraw | Finish


def cut(number: str, how: str) -> list[Line]:
    """Return the lines of an invoice in part, in another order, or corrected."""
    lines = list(invoices()[number])
    half = (len(lines) + 1) // 2
    return {
        "whole": lines,
        "first half": lines[:half],
        "second half": lines[half:] or lines,
        "backwards": lines[::-1],
        "doubled": [*lines, *lines[:2]],
        "in euros": [(*line, "EUR") for line in lines],
        "other hour": [with_values(line, InvoiceDate=_in_other_hour(str(line[4]))) for line in lines],
        "reworded": [with_values(lines[0], Description=f"{lines[0][2]}, corrected"), *lines[1:]],
    }[how]


def _in_other_hour(date: str) -> str:
    """Return a date of an hour that London or New York has twice with the offset of its other one."""
    others = {"+01:00": "+00:00", "+00:00": "+01:00", "-05:00": "-04:00", "-04:00": "-05:00"}
    return date[:-6] + others[date[-6:]] if date[-6:] in others else date


def lines_of(content: Content, currency: str) -> list[Line]:
    """Return the lines of a delivery's content, invoice by invoice; if one tells its currency, all do."""
    lines = [line for number, how in content for line in cut(number, how)]
    if all(len(line) == len(COLUMNS) for line in lines):
        return lines
    return [line if len(line) > len(COLUMNS) else (*line, currency) for line in lines]


def with_comma(line: Line, *, is_open: bool) -> Line:
    """Write the price of a line with a comma: as `2,550`, which could be 2550, or as `2,55`."""
    price = Decimal(str(line[5]))
    if is_open and price == price.quantize(Decimal("0.001")):
        return with_values(line, UnitPrice=f"{price:.3f}".replace(".", ","))
    text = f"{price.normalize():f}"
    if len(text.partition(".")[2]) == 3:
        text += "0"
    return with_values(line, UnitPrice=text.replace(".", ","))


def histories() -> st.SearchStrategy[list[Step]]:
    """Generate up to six steps over four names in each of three feeds."""
    numbers = tuple(invoices())
    content = st.lists(
        st.tuples(st.sampled_from(numbers), st.sampled_from(CUTS)),
        min_size=1,
        max_size=6,
        unique_by=lambda invoice: invoice[0],
    ).map(tuple)
    deliver = st.builds(
        Deliver,
        shop=st.sampled_from((0, 0, 1, 2, 2)),
        contents=st.dictionaries(st.sampled_from(NAMES), content, min_size=1, max_size=3).map(
            lambda contents: tuple(contents.items())
        ),
        one_batch=st.booleans(),
        again=st.booleans(),
        finished=st.booleans(),
        settles=st.booleans(),
        open=st.booleans(),
    )
    withdraw = st.builds(Withdraw, place=st.integers(0, 7))
    return st.lists(st.one_of(deliver, deliver, deliver, withdraw, st.just(Finish())), min_size=1, max_size=6)


class Player:
    """Applies histories to a warehouse, and keeps the lines of each delivery in ``contents``."""

    def __init__(self, folder: Path, identical_lines: str) -> None:
        """Write deliveries to ``folder``, with a folder for each feed."""
        self._files = folder / "files"
        self._workspace = folder / "workspace"
        self._clean_workspace = folder / "clean"
        self._shops = tuple(replace(shop, identical_lines=identical_lines) for shop in SHOPS)
        self.contents: dict[tuple[Feed, str], list[Line]] = {}

    async def play(self, warehouse: ConnectionSettings, history: list[Step]) -> None:
        """Apply all steps of a history."""
        count("histories")
        for step in history:
            if isinstance(step, Deliver):
                await self._deliver(warehouse, step)
            elif isinstance(step, Finish):
                await complete_indexes(warehouse)
            elif self.contents:
                feed, name = sorted(self.contents, key=str)[step.place % len(self.contents)]
                await take_out(warehouse, name, feed.name)
                Path(name).unlink()
                del self.contents[feed, name]

    async def _deliver(self, warehouse: ConnectionSettings, step: Deliver) -> None:
        feed = self._shops[step.shop]
        folder = self._files / feed.name
        for name, content in step.contents:
            path = folder / name
            lines = lines_of(content, feed.currency)
            self.contents[feed, str(path)] = lines
            if feed.name == COMMA:
                lines = [with_comma(line, is_open=step.open) for line in lines]
            write(path, lines)
        sources = [folder] if step.again else [folder / name for name, _ in step.contents]
        await run(
            warehouse,
            self._workspace,
            sources,
            feed=feed.name,
            replace_anyway=True,
            accept_known_bytes=True,
            batch_bytes=BATCH_BYTES if step.one_batch else 1,
            finished=step.finished,
            **feed.parameters,
            **(_SETTLED if step.settles else {}),
            decimal="," if feed.name == COMMA and step.open else None,
        )

    async def load_all(self, warehouse: ConnectionSettings, workspace: Path | None = None) -> int:
        """Load all deliveries in one batch per feed; return the number that was not unchanged."""
        loaded = 0
        for feed in self._shops:
            sources = [name for other, name in self.contents if other == feed]
            if sources:
                outcome = await run(
                    warehouse,
                    workspace or self._workspace,
                    sources,
                    feed=feed.name,
                    accept_known_bytes=True,
                    finished=False,
                    **feed.parameters,
                    decimal="," if feed.name == COMMA else None,
                )
                loaded += len(outcome.loaded)
        return loaded

    async def clean_load(self, warehouse: ConnectionSettings) -> Fingerprint:
        """Load all deliveries into an empty warehouse and return its fingerprint."""
        await self.load_all(warehouse, self._clean_workspace)
        return await state(warehouse)
