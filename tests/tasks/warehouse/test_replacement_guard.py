"""A replacement that withdraws too many lines is refused unless requested."""

from __future__ import annotations

from pathlib import Path

import pytest

from tasks.errors import ReplacementRefused
from tasks.postgres.connect import ConnectionSettings
from tests.support.expected import Feed, assert_exactly
from tests.support.plain_run import run, state
from tests.support.slices import Line, days, invoices, write
from tests.support.slow import slow_but

FEED = Feed()
OTHER = list(invoices()["900004"])


def _lines(count: int) -> list[Line]:
    return days(2, 2)[:count]


@pytest.mark.parametrize(
    ("total", "lost"), slow_but([(100, 21), (15, 8)], [(100, 21), (300, 31), (21, 21), (15, 8), (1, 1)])
)
async def test_more_than_a_tenth_and_more_than_20_lines_are_refused(
    warehouse: ConnectionSettings, tmp_path: Path, total: int, lost: int
) -> None:
    # The lost lines come last, so that the other line numbers stay.
    before = [*_lines(total)[lost:], *_lines(total)[:lost]] if lost < total else _lines(total)
    after = before[: total - lost] or list(invoices()["536365"])
    path = write(tmp_path / "in" / "day.csv", before)
    await run(warehouse, tmp_path / "workspace", [path])
    state_before = await state(warehouse)

    write(path, after)
    other = write(tmp_path / "in" / "other.csv", OTHER)
    for _ in range(2):  # refused in every run
        outcome = await run(warehouse, tmp_path / "workspace", [tmp_path / "in"])
        refused = outcome.of("day.csv")
        assert (refused.outcome, refused.rows_loaded) == ("refused", 0)
        assert isinstance(refused.refusal, ReplacementRefused)
        assert (refused.refusal.withdrawn, refused.refusal.held) == (lost, total)  # type: ignore[attr-defined]
        assert "--replace" in str(refused.refusal)
        assert str(path) in str(refused.refusal)
        await assert_exactly(warehouse, {(FEED, str(path)): before, (FEED, str(other)): OTHER})
    assert (await state(warehouse)).lines == state_before.lines + 4

    outcome = await run(warehouse, tmp_path / "workspace", [tmp_path / "in"], replace_anyway=True)
    assert (outcome.of("day.csv").outcome, outcome.of("day.csv").lines_withdrawn) == ("replaced", lost)
    await assert_exactly(warehouse, {(FEED, str(path)): after, (FEED, str(other)): OTHER})


@pytest.mark.parametrize(
    ("total", "lost"), slow_but([(100, 20), (15, 7)], [(100, 20), (300, 30), (15, 7), (2, 1)])
)
async def test_a_small_loss_is_accepted(
    warehouse: ConnectionSettings, tmp_path: Path, total: int, lost: int
) -> None:
    path = write(tmp_path / "day.csv", _lines(total))
    await run(warehouse, tmp_path / "workspace", [path])
    write(path, _lines(total)[: total - lost])
    outcome = await run(warehouse, tmp_path / "workspace", [path])
    assert (outcome.loaded[0].outcome, outcome.loaded[0].lines_withdrawn) == ("replaced", lost)
    await assert_exactly(warehouse, {(FEED, str(path)): _lines(total)[: total - lost]})


async def test_little_by_little_counts_from_the_largest_content(
    warehouse: ConnectionSettings, tmp_path: Path
) -> None:
    path = tmp_path / "day.csv"
    outcomes = []
    for count in (200, 190, 180, 179, 195, 176):  # each step is a small one
        write(path, _lines(count))
        outcome = (await run(warehouse, tmp_path / "workspace", [path])).of("day.csv")
        outcomes.append(outcome.outcome)
    assert outcomes == ["loaded", "replaced", "replaced", "refused", "replaced", "refused"]
    assert "with this replacement it would have 176 lines, and it once had 200" in str(outcome.refusal)
    assert "more than a tenth, little by little" in str(outcome.refusal)

    # Accepted once, the new content is what the next ones are measured by.
    await run(warehouse, tmp_path / "workspace", [path], replace_anyway=True)
    write(path, _lines(160))
    assert (await run(warehouse, tmp_path / "workspace", [path])).of("day.csv").outcome == "replaced"


@pytest.mark.slow
async def test_a_delivery_that_grows_again_is_no_shrink(
    warehouse: ConnectionSettings, tmp_path: Path
) -> None:
    path = write(tmp_path / "day.csv", _lines(10))
    await run(warehouse, tmp_path / "workspace", [path])
    for count, outcome in ((6, "replaced"), (5, "replaced"), (4, "refused"), (7, "replaced")):
        write(path, _lines(count))
        assert (await run(warehouse, tmp_path / "workspace", [path])).of("day.csv").outcome == outcome


async def test_lines_with_further_sources_count_as_lost(
    warehouse: ConnectionSettings, tmp_path: Path
) -> None:
    first = write(tmp_path / "in" / "a.csv", _lines(100))
    second = write(tmp_path / "in" / "b.csv", _lines(100))
    await run(warehouse, tmp_path / "workspace", [tmp_path / "in"])
    write(second, _lines(50))
    outcome = await run(warehouse, tmp_path / "workspace", [tmp_path / "in"])
    assert [delivery.outcome for delivery in outcome.loaded] == ["refused"]
    await assert_exactly(warehouse, {(FEED, str(first)): _lines(100), (FEED, str(second)): _lines(100)})
