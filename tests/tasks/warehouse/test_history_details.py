"""After any history of any shop's lines, a warehouse equals one clean load of the final contents."""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tasks.postgres.embedded.server import EmbeddedServer
from tasks.warehouse.indexes import complete_indexes
from tests.support.any_lines import AnyLine, Content, Details, assert_any_lines, load_lines
from tests.support.plain_run import state, take_out
from tests.support.slices import fresh_warehouse
from tests.support.soak import count, size

FEEDS = ("north", "south")
NAMES = ("a", "b", "c")
# Invoice 1 has sales, 2 and 3 a sale and returns, 4 and C5 returns, A7 is an adjustment by its letter.
LINES = (
    AnyLine("1", "TEA", customer_number="7", quantity=Decimal("0.25"), unit_price=Decimal("3.3333")),
    AnyLine("1", "POST", customer_number="17850", store="North, \\"),
    AnyLine("1", "TEA", kind="discount", quantity=Decimal(-1), amount=Decimal("-0.31")),
    AnyLine("2", "TEA", customer_number="C,1"),
    AnyLine("2", "TEA", kind="return", customer_number="00123", quantity=Decimal(-1)),
    AnyLine("3", "TIP", kind="tip", store="North, \\"),
    AnyLine("3", "POST", kind="return", store="South", quantity=Decimal("-1.0001")),
    AnyLine("4", "TEA", kind="return", quantity=Decimal(-300_000), source_line="1"),
    AnyLine("4", "TEA", kind="return", quantity=Decimal(-300_000), source_line="2"),
    AnyLine("C5", "POST", kind="return", customer_number="%2C", quantity=Decimal(-2)),
    AnyLine("C5", "TIP", kind="return", quantity=Decimal(-2), amount=Decimal("-5.0001")),
    AnyLine("A7", "TEA", kind="return", quantity=Decimal(-1)),
    AnyLine("A7", "FEE", kind="fee"),
)
# In C collation Z is before a, and é behind z.
_NOTES = (None, None, '{"Note": "Z"}', '{"Note": "a"}', '{"Note": "é"}', '{"Note": "z"}')
_AMOUNTS = (None, None, Decimal("-1.0000"), Decimal("0.0000"), Decimal("0.5000"))


@dataclass(frozen=True)
class Deliver:
    """A load of some deliveries of a feed."""

    feed: str
    contents: tuple[tuple[str, Content], ...]
    one_load: bool
    parts: int
    finished: bool


@dataclass(frozen=True)
class Withdraw:
    """The withdrawal of a delivery, if there is one."""

    place: int


def _details() -> st.SearchStrategy[Details]:
    notes, amounts = st.sampled_from(_NOTES), st.sampled_from(_AMOUNTS)
    some = st.builds(Details, notes, notes, amounts, amounts, amounts)
    return st.one_of(st.just(Details()), some)


def _histories() -> st.SearchStrategy[list[Deliver | Withdraw]]:
    line = st.builds(lambda line, details: replace(line, details=details), st.sampled_from(LINES), _details())
    content = st.lists(line, min_size=1, max_size=8, unique_by=lambda line: line.line_id("")).map(tuple)
    deliver = st.builds(
        Deliver,
        feed=st.sampled_from(FEEDS),
        contents=st.dictionaries(st.sampled_from(NAMES), content, min_size=1, max_size=3).map(
            lambda contents: tuple(contents.items())
        ),
        one_load=st.booleans(),
        parts=st.integers(1, 2),
        finished=st.booleans(),
    )
    return st.lists(
        st.one_of(deliver, deliver, st.builds(Withdraw, st.integers(0, 5))), min_size=2, max_size=7
    )


async def _check(
    server: EmbeddedServer, template: str, folder: Path, history: list[Deliver | Withdraw]
) -> None:
    count("histories of any lines")
    contents: dict[tuple[str, str], Content] = {}
    async with fresh_warehouse(server, template) as warehouse, fresh_warehouse(server, template) as clean:
        for step in history:
            if isinstance(step, Deliver):
                given = dict(step.contents)
                for part in [given] if step.one_load else [{name: lines} for name, lines in given.items()]:
                    await load_lines(warehouse, folder, step.feed, part, step.parts)
                contents |= {(step.feed, name): lines for name, lines in given.items()}
                if step.finished:
                    await complete_indexes(warehouse)
            elif contents:
                feed, name = sorted(contents)[step.place % len(contents)]
                await take_out(warehouse, name, feed)
                del contents[feed, name]
        await assert_any_lines(warehouse, contents)
        after = await state(warehouse)
        for feed in FEEDS:
            final = {name: lines for (other, name), lines in contents.items() if other == feed}
            if final:
                await load_lines(clean, folder, feed, final)
                assert set(await load_lines(warehouse, folder, feed, final)) == {"unchanged"}
        assert await state(clean) == after
        assert await state(warehouse) == after


@settings(max_examples=size(2, soak=1))
@given(history=_histories())
async def test_a_few_histories_of_any_lines_equal_a_clean_load(
    server: EmbeddedServer,
    template: str,
    tmp_path_factory: pytest.TempPathFactory,
    history: list[Deliver | Withdraw],
) -> None:
    await _check(server, template, tmp_path_factory.mktemp("history"), history)


@pytest.mark.slow
@settings(max_examples=size(60, soak=400))
@given(history=_histories())
async def test_any_history_of_any_lines_equals_a_clean_load(
    server: EmbeddedServer,
    template: str,
    tmp_path_factory: pytest.TempPathFactory,
    history: list[Deliver | Withdraw],
) -> None:
    await _check(server, template, tmp_path_factory.mktemp("history"), history)
